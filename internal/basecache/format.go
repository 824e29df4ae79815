// SPDX-License-Identifier: BSD-2-Clause

package basecache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/bits"
	"os"
	"unsafe"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// A file is
//
//	header, up to headerLen
//	the base's BTF, up to a multiple of pageLen
//	the arrays of Entry, each up to a multiple of blockLen
//
// with zeros between them, and in memory it is used as it is: numbers are in the
// byte order of the machine, arrays are cast to their types. That is why it takes a
// checksum and not a look at each number to believe it, and why unsafe is used: to
// copy 8 MB of arrays takes longer (2 ms where pages are large, 8 ms where not) than
// to sum them up where they lie (0.7 ms).

// format is to be counted up with every change of the format, of the signatures of
// types or of the hashes of strings.
const format = 2

const (
	headerLen = 4096
	pageLen   = 4096
	blockLen  = 64
)

// header is what a file begins with. All fields are 8 bytes wide or a multiple.
type header struct {
	magic    [8]byte
	order    uint64   // byteOrder
	version  [32]byte // of gobtfenc and the format
	size     uint64   // of the file
	strSum   uint64   // of the header with sums 0 and of strs
	sum      uint64   // of the same and of the other arrays
	btf      uint64   // bytes
	counts   [arrays]uint64
	seed     uint64
	strSeed  uint64
	reserved [8]uint64
}

const byteOrder = 0x0102030405060708

var magic = [8]byte{'g', 'o', 'b', 't', 'f', 'i', 'd', 'x'}

// The arrays in their order, strs as the last.
const (
	rows = iota
	items
	sigs
	slots
	next
	fwds
	names
	strs
	arrays
)

var widths = [arrays]uint64{
	rows: uint64(unsafe.Sizeof(btf.Row{})), items: uint64(unsafe.Sizeof(btf.Item{})),
	sigs: 8, slots: 8, next: 4, fwds: 4, names: 8, strs: 4,
}

// versionOf is what the header says of a version.
func versionOf(version string) [32]byte {
	b := binary.LittleEndian.AppendUint64(nil, format)
	return sha256.Sum256(append(b, version...))
}

func roundUp(n, to uint64) uint64 { return (n + to - 1) / to * to }

// bytesOf returns the memory of s.
func bytesOf[T any](s []T) []byte {
	var t T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(t)))
}

// cast returns the n elements that b begins with, which is aligned.
func cast[T any](b []byte, n uint64) []T {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)[:n:n]
}

// parse returns the entry that a whole file holds if it is one of the version and
// of the base whose BTF is r; otherwise nil. The file begins at a multiple of 8.
//
// Strings are looked at first, and if they are good, early is called with their index
// before the rest is looked at, which may turn out to be bad; nil for nobody.
func parse(data []byte, version string, r *io.SectionReader, early func(*btf.StrIndex)) *Entry {
	if uint64(len(data)) < headerLen || uintptr(unsafe.Pointer(unsafe.SliceData(data)))%8 != 0 {
		return nil
	}
	h := (*header)(unsafe.Pointer(unsafe.SliceData(data)))
	size := uint64(len(data))
	if h.magic != magic || h.order != byteOrder || h.version != versionOf(version) || h.size != size || h.btf > size || h.btf != uint64(r.Size()) {
		return nil
	}
	at := roundUp(headerLen+h.btf, pageLen)
	var offs [arrays]uint64
	for i, n := range h.counts {
		if at > size || n > size { // so that nothing below is above 2^64
			return nil
		}
		offs[i] = at
		at += roundUp(n*widths[i], blockLen)
	}
	if at != size {
		return nil
	}
	raw := data[headerLen : headerLen+h.btf : headerLen+h.btf]
	from, to, err := btf.StringRange(raw)
	if err != nil {
		return nil
	}
	part := func(i int) ([]byte, uint64) { return data[offs[i]:], h.counts[i] }
	same := func(from, to uint64) bool { return equal(raw[from:to], r, int64(from)) }
	if !both(
		func() bool { return same(0, btf.HeaderLen) && same(from, to) },
		func() bool { return h.strSum == checksum(h, data[offs[strs]:]) },
	) {
		return nil
	}
	if early != nil {
		x, err := btf.RestoreStrIndex(raw[from:to:to], cast[uint32](part(strs)), h.strSeed)
		if err != nil {
			return nil
		}
		early(x)
	}
	if !both(
		func() bool { return same(0, from) && same(to, h.btf) },
		func() bool { return h.sum == checksum(h, data[offs[0]:offs[strs]]) },
	) {
		return nil
	}
	forget(data[headerLen:roundUp(headerLen+h.btf, pageLen)])
	e := &Entry{BTF: raw, Index: splitdedup.Index{Seed: h.seed, StrSeed: h.strSeed}}
	e.Types.Rows, e.Types.Items = cast[btf.Row](part(rows)), cast[btf.Item](part(items))
	x := &e.Index
	x.Sigs, x.Slots, x.Next = cast[uint64](part(sigs)), cast[uint64](part(slots)), cast[btf.ID](part(next))
	x.Fwds, x.Names, x.Strs = cast[btf.ID](part(fwds)), cast[uint64](part(names)), cast[uint32](part(strs))
	return e
}

// both reports whether f and g, which read mappings, are both true. They run side by
// side, which takes some 0.1 ms and no token of a jobserver.
func both(f, g func() bool) bool {
	c := make(chan bool)
	go func() { c <- guarded(g) }()
	ok := guarded(f)
	return <-c && ok
}

// equal reports whether r has the bytes of b from off on.
func equal(b []byte, r *io.SectionReader, off int64) bool {
	return equalMapped(b, r, off) || equalRead(b, r, off)
}

// equalMapped is equal without copying, where that is possible.
func equalMapped(b []byte, r *io.SectionReader, off int64) bool {
	outer, start, n := r.Outer()
	f, ok := outer.(*os.File)
	if !ok || off+int64(len(b)) > n || len(b) == 0 {
		return false
	}
	start += off
	skip := start % int64(os.Getpagesize())
	data, err := mapFile(f, start-skip, skip+int64(len(b)))
	if err != nil {
		return false // /sys/kernel/btf/vmlinux before Linux 6.16
	}
	defer unmap(data)
	return bytes.Equal(b, data[skip:])
}

// compared is how much is compared at a time. It stays in the processor's cache.
const compared = 128 << 10

// equalRead is equal with a copy of each part.
func equalRead(b []byte, r *io.SectionReader, off int64) bool {
	buf := make([]byte, min(compared, len(b)))
	for len(b) > 0 {
		part := b[:min(compared, len(b))]
		if n, err := r.ReadAt(buf[:len(part)], off); n < len(part) || err != nil && err != io.EOF {
			return false
		}
		if !bytes.Equal(part, buf[:len(part)]) {
			return false
		}
		b, off = b[len(part):], off+int64(len(part))
	}
	return true
}

// arrays returns the memory of e's arrays.
func (e *Entry) arrays() (all [arrays][]byte, counts [arrays]uint64) {
	x := &e.Index
	all = [arrays][]byte{
		rows: bytesOf(e.Types.Rows), items: bytesOf(e.Types.Items), sigs: bytesOf(x.Sigs), slots: bytesOf(x.Slots),
		next: bytesOf(x.Next), fwds: bytesOf(x.Fwds), names: bytesOf(x.Names), strs: bytesOf(x.Strs),
	}
	for i, b := range all {
		counts[i] = uint64(len(b)) / widths[i]
	}
	return all, counts
}

// writeTo writes the file of e.
func (e *Entry) writeTo(w io.Writer, version string) error {
	all, counts := e.arrays()
	h := &header{magic: magic, order: byteOrder, version: versionOf(version), btf: uint64(len(e.BTF)), counts: counts, seed: e.Index.Seed, strSeed: e.Index.StrSeed}
	h.size = roundUp(headerLen+h.btf, pageLen)
	for _, b := range all {
		h.size += roundUp(uint64(len(b)), blockLen)
	}
	h.strSum, h.sum = checksum(h, all[strs]), checksum(h, all[:strs]...)
	var head [headerLen]byte
	copy(head[:], bytesOf([]header{*h}))
	zeros := make([]byte, pageLen)
	write := func(b []byte, to uint64) error {
		if _, err := w.Write(b); err != nil {
			return err
		}
		n := uint64(len(b))
		_, err := w.Write(zeros[:roundUp(n, to)-n])
		return err
	}
	if err := write(head[:], pageLen); err != nil {
		return err
	}
	if err := write(e.BTF, pageLen); err != nil {
		return err
	}
	for _, b := range all {
		if err := write(b, blockLen); err != nil {
			return err
		}
	}
	return nil
}

// checksum sums up a header, as if its sums were 0, and parts that follow each other,
// each as if it had zeros up to a multiple of blockLen. Four chains keep a processor
// busy: 12 bytes a nanosecond. It is to find damage, not to stop who means it.
func checksum(h *header, parts ...[]byte) uint64 {
	head := *h
	head.strSum, head.sum = 0, 0
	s := summer{0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0xd6e8feb86659fd93}
	s.add(bytesOf([]header{head}))
	for _, b := range parts {
		s.add(b)
	}
	return fold(fold(s[0], s[1]^h.size), fold(s[2], s[3]^h.btf))
}

type summer [4]uint64

func (s *summer) add(b []byte) {
	le := binary.LittleEndian
	v0, v1, v2, v3 := s[0], s[1], s[2], s[3]
	for len(b) > 0 {
		if len(b) < blockLen {
			b = append(append(make([]byte, 0, blockLen), b...), make([]byte, blockLen-len(b))...)
		}
		v0 = fold(le.Uint64(b)^v0, le.Uint64(b[8:])^0xa0761d6478bd642f)
		v1 = fold(le.Uint64(b[16:])^v1, le.Uint64(b[24:])^0xe7037ed1a0b428db)
		v2 = fold(le.Uint64(b[32:])^v2, le.Uint64(b[40:])^0x8ebc6af09c88c6e3)
		v3 = fold(le.Uint64(b[48:])^v3, le.Uint64(b[56:])^0x589965cc75374cc3)
		b = b[blockLen:]
	}
	*s = summer{v0, v1, v2, v3}
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
