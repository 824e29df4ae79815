package btf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gobtfenc/gobtfenc/internal/bigmem"
)

// StrIndex finds the strings of one immutable string section by content. It
// is built once for a base and safe for concurrent use.
type StrIndex struct {
	strs  []byte
	slots []uint32 // open addressing: tag of the hash, offset; 0 is free (the empty string is not stored)
	mask  uint32
	shift uint8 // width of an offset in a slot; the tag has the bits above
	seed  uint64
	dups  bool
}

// newSeed returns a seed that nobody can know, so that nobody can prepare
// strings whose hashes collide.
func newSeed() uint64 { return maphash.Comparable(maphash.MakeSeed(), 0) }

// hashString hashes a string, most of which have less than 16 bytes. Unlike
// hash/maphash's a seed may be kept between processes.
func hashString(seed uint64, s []byte) uint64 {
	le := binary.LittleEndian
	key, n := bits.RotateLeft64(seed, 29)*0x9e3779b97f4a7c15, uint64(len(s))
	h := seed ^ n
	for len(s) > 16 {
		h = fold(le.Uint64(s)^h, le.Uint64(s[8:])^key)
		s = s[16:]
	}
	var a, b uint64
	switch l := len(s); {
	case l >= 8:
		a, b = le.Uint64(s), le.Uint64(s[l-8:])
	case l >= 4:
		a, b = uint64(le.Uint32(s)), uint64(le.Uint32(s[l-4:]))
	case l > 0:
		a = uint64(s[0])<<16 | uint64(s[l/2])<<8 | uint64(s[l-1])
	}
	return fold(fold(a^h, b^key), n^key)
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// NewStrIndex indexes strs, a string section whose first byte is NUL. Of equal
// strings the first one is found. A nil index is empty and has length 0.
func NewStrIndex(strs []byte) (*StrIndex, error) {
	if len(strs) == 0 || strs[0] != 0 || strs[len(strs)-1] != 0 {
		return nil, fmt.Errorf("string section: must start and end with NUL")
	}
	if uint64(len(strs)) >= 1<<32 {
		return nil, fmt.Errorf("string section: %#x bytes are too many", len(strs))
	}
	n := bytes.Count(strs, []byte{0})
	size := uint32(16)
	for int(size) < n*2 {
		size *= 2
	}
	x := &StrIndex{
		strs: strs, slots: bigmem.Table[uint32](int(size)), mask: size - 1,
		shift: uint8(bits.Len32(uint32(len(strs)))), seed: newSeed(),
	}
	// The slots of some strings are looked at before the first is entered, so that
	// the waits for memory overlap: what insert finds decides where it goes on.
	var next [32]struct {
		hash     uint64
		off, end int
	}
	for off, n := 1, 0; off < len(strs); {
		end := off + bytes.IndexByte(strs[off:], 0)
		if end > off {
			next[n].hash, next[n].off, next[n].end = hashString(x.seed, strs[off:end]), off, end
			n++
		}
		if off = end + 1; n == len(next) || off == len(strs) {
			seen := uint32(0)
			for i := range next[:n] {
				seen |= x.slots[uint32(next[i].hash)&x.mask]
			}
			runtime.KeepAlive(seen)
			for _, s := range next[:n] {
				x.insert(s.hash, StrOff(s.off), strs[s.off:s.end])
			}
			n = 0
		}
	}
	return x, nil
}

// Table returns what was made of a section in which no string stands twice, for
// [RestoreStrIndex]. It must not be changed.
func (x *StrIndex) Table() (slots []uint32, seed uint64) { return x.slots, x.seed }

// RestoreStrIndex returns the index of strs that [StrIndex.Table] was asked for.
// Of another section's it finds some strings not, and none where it is not.
func RestoreStrIndex(strs []byte, slots []uint32, seed uint64) (*StrIndex, error) {
	n := len(slots)
	if n < 16 || n&(n-1) != 0 || !slices.Contains(slots, 0) || uint64(len(strs)) >= 1<<32 {
		return nil, fmt.Errorf("string index: %#x slots", n)
	}
	return &StrIndex{strs: strs, slots: slots, mask: uint32(n - 1), shift: uint8(bits.Len32(uint32(len(strs)))), seed: seed}, nil
}

// tag returns the bits of a hash that a slot keeps, in their place: most
// strings that are not the one looked for are told by it.
func (x *StrIndex) tag(hash uint64) uint32 { return uint32(hash>>32) >> x.shift << x.shift }

// at splits a slot that holds a string with this hash; 0 means another string.
func (x *StrIndex) at(slot uint32, hash uint64) StrOff {
	if d := slot ^ x.tag(hash); d>>x.shift == 0 {
		return StrOff(d)
	}
	return 0
}

func (x *StrIndex) insert(hash uint64, off StrOff, s []byte) {
	i := uint32(hash) & x.mask
	for ; x.slots[i] != 0; i = (i + 1) & x.mask {
		if o := x.at(x.slots[i], hash); o != 0 && x.holds(o, s) {
			x.dups = true
			return
		}
	}
	x.slots[i] = x.tag(hash) | uint32(off)
}

// holds reports whether the string at off is s.
func (x *StrIndex) holds(off StrOff, s []byte) bool {
	end := int(off) + len(s)
	return end < len(x.strs) && x.strs[end] == 0 && string(x.strs[off:end]) == string(s)
}

// Find returns the offset of s, a string without NUL.
func (x *StrIndex) Find(s []byte) (StrOff, bool) {
	if len(s) == 0 {
		return 0, true
	}
	if x == nil {
		return 0, false
	}
	return x.find(hashString(x.seed, s), s)
}

func (x *StrIndex) find(hash uint64, s []byte) (StrOff, bool) {
	for i := uint32(hash) & x.mask; x.slots[i] != 0; i = (i + 1) & x.mask {
		if off := x.at(x.slots[i], hash); off != 0 && x.holds(off, s) {
			return off, true
		}
	}
	return 0, false
}

// Of reports whether strs is the section that x is about, byte for byte.
func (x *StrIndex) Of(strs []byte) bool { return bytes.Equal(x.strs, strs) }

// Unique reports whether no string stands twice in the section.
func (x *StrIndex) Unique() bool { return !x.dups }

// Begins reports whether a string begins at off, which is inside the section;
// a name may also be the tail of another one.
func (x *StrIndex) Begins(off StrOff) bool { return off == 0 || x.strs[off-1] == 0 }

// Canonical returns the offset that Find gives for the string at off, or off
// where it is the tail of a string and has no offset of its own.
func (x *StrIndex) Canonical(off StrOff) StrOff {
	s := x.strs[off:]
	if c, ok := x.Find(s[:bytes.IndexByte(s, 0)]); ok {
		return c
	}
	return off
}

// Bytes returns the string at off, which is inside the section. It is a part
// of the section.
func (x *StrIndex) Bytes(off StrOff) []byte {
	s := x.strs[off:]
	return s[:bytes.IndexByte(s, 0)]
}

// Len is the length of the section, which is where the strings of a split BTF
// on top of it begin.
func (x *StrIndex) Len() StrOff {
	if x == nil {
		return 0
	}
	return StrOff(len(x.strs))
}

// Strings interns the names of one module on top of a base: a name has one
// [StrOff], the base's where the base has it. Equal offsets mean equal names.
// All methods but Reset are safe for concurrent use. Reset keeps the memory.
type Strings struct {
	// Limit bounds the own section in bytes. NewStrings sets MaxNames: a kernel
	// takes 16 MiB, and a made-up file with overlapping names asks for the
	// square of its size, several times over until it is written.
	Limit int

	base  *StrIndex
	start StrOff
	seed  uint64

	mu    sync.Mutex
	own   []byte   // own section, as it is written
	slots []StrOff // own strings by hash; 0 is free
	count uint32
	full  atomic.Bool // from then on nothing is looked at: names may overlap
}

// NewStrings returns an empty table on top of base, nil for none. Without a
// base the own section begins with the empty string.
func NewStrings(base *StrIndex) *Strings {
	s := &Strings{Limit: MaxNames, seed: newSeed(), slots: make([]StrOff, 1024)}
	s.Reset(base)
	return s
}

// Reset empties the table and puts it on top of base.
func (s *Strings) Reset(base *StrIndex) {
	s.base, s.own, s.start = base, s.own[:0], base.Len()
	if base == nil {
		s.own = append(s.own, 0)
	} else {
		s.seed = base.seed
	}
	s.full.Store(false)
	if s.count > 0 {
		clear(s.slots)
		s.count = 0
	}
}

// Full reports whether a string was left out, and 0 returned for it and all later
// ones, since all together would pass the limit.
func (s *Strings) Full() bool {
	return s.full.Load()
}

// Intern returns the offset of b, adding it where neither the base nor the
// table has it. b holds no NUL and is not kept.
func (s *Strings) Intern(b []byte) StrOff {
	if len(b) == 0 || s.full.Load() {
		return 0
	}
	hash := hashString(s.seed, b)
	if s.base != nil {
		if off, ok := s.base.find(hash, b); ok {
			return off
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.intern(hash, b)
}

// intern is Intern for a string that the base has not. The caller holds mu.
func (s *Strings) intern(hash uint64, b []byte) StrOff {
	mask := uint32(len(s.slots) - 1)
	i := uint32(hash) & mask
	for ; s.slots[i] != 0; i = (i + 1) & mask {
		if string(s.ownBytes(s.slots[i])) == string(b) {
			return s.slots[i]
		}
	}
	if len(b) >= s.Limit-len(s.own) {
		s.full.Store(true)
		return 0
	}
	off := s.start + StrOff(len(s.own))
	s.own = append(append(s.own, b...), 0)
	s.slots[i] = off
	if s.count++; s.count > uint32(len(s.slots))/2 {
		s.grow()
	}
	return off
}

// InternAt interns the string that section begins with, up to its NUL, and looks
// at next first, where a string of the base begins: the offset behind that of
// the call before, which it returns. Five of six names of a kernel module stand
// in the base right behind the name before, since the base was made from units
// with the same headers. That saves the hash and two waits for memory. ok is
// false where the string does not end.
func (s *Strings) InternAt(section []byte, next StrOff) (off, behind StrOff, ok bool) {
	if s.full.Load() {
		return 0, next, true
	}
	if next < s.base.Len() && s.base.Unique() {
		if n := sharedString(section, s.base.strs[next:]); n > 0 {
			return next, next + StrOff(n) + 1, true
		}
	}
	end := bytes.IndexByte(section, 0)
	if end < 0 {
		return 0, 0, false
	}
	off = s.Intern(section[:end])
	if off < s.start {
		next = off + StrOff(end) + 1
	}
	return off, next, true
}

// sharedString returns the length of the string that both a and b begin with,
// without its NUL, or 0 where they begin with others.
func sharedString(a, b []byte) int {
	n := 0
	for len(a) >= 8 && len(b) >= 8 {
		x, y := binary.LittleEndian.Uint64(a), binary.LittleEndian.Uint64(b)
		if nul := (x - 0x0101010101010101) &^ x & 0x8080808080808080; nul != 0 {
			// The lowest bit of nul is that of the first NUL.
			if upTo := nul ^ (nul - 1); (x^y)&upTo != 0 {
				return 0
			}
			return n + bits.TrailingZeros64(nul)/8
		}
		if x != y {
			return 0
		}
		a, b = a[8:], b[8:]
		n += 8
	}
	for i := 0; i < len(a) && i < len(b) && a[i] == b[i]; i++ {
		if a[i] == 0 {
			return n + i
		}
	}
	return 0
}

func (s *Strings) grow() {
	s.slots = make([]StrOff, 2*len(s.slots))
	mask := uint32(len(s.slots) - 1)
	first := 0
	if s.base == nil {
		first = 1
	}
	for o := first; o < len(s.own); {
		b := s.ownBytes(s.start + StrOff(o))
		i := uint32(hashString(s.seed, b)) & mask
		for ; s.slots[i] != 0; i = (i + 1) & mask {
		}
		s.slots[i] = s.start + StrOff(o)
		o += len(b) + 1
	}
}

func (s *Strings) ownBytes(off StrOff) []byte {
	b := s.own[off-s.start:]
	return b[:bytes.IndexByte(b, 0)]
}

// Bytes returns the string at off, which Intern returned or the base holds.
// The slice is valid until the next Reset.
func (s *Strings) Bytes(off StrOff) []byte {
	if off >= s.start {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.ownBytes(off)
	}
	b := s.base.strs[off:]
	return b[:bytes.IndexByte(b, 0)]
}

// Own returns the table's own section: what a split BTF writes when it uses
// every string. Nothing may be added meanwhile.
func (s *Strings) Own() []byte { return s.own }

// Start is the offset of the first own string: the base's length.
func (s *Strings) Start() StrOff { return s.start }
