package elfio

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// How many bytes one compressed byte may stand for, so that a small file cannot
// ask for much memory. Sections of kernels come to 20 (.debug_line_str of bcachefs)
// at most, but a whole file may hold large tables of zeros, for which deflate
// has 1032.
const (
	maxSectionRatio = 256
	maxRatio        = 1100
	minBound        = 64 << 10
)

// zstdDecoder is shared by all Readers: DecodeAll is safe for concurrent use.
var zstdDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true))
})

// decompress reads a section with SHF_COMPRESSED: a compression header (gABI,
// "Section Compression") and the stream.
func (f *File) decompress(s *Section) ([]byte, error) {
	b, err := f.readPacked(s)
	if err != nil {
		return nil, err
	}
	n := pick(f.Class64, 24, 12)
	if len(b) < n {
		return nil, &FormatError{Section: s.Name, Off: 0, Msg: "compression header cut short, size", Val: len(b)}
	}
	typ, size := elf.CompressionType(f.u32(b)), uint64(f.u32(b[4:]))
	if f.Class64 {
		size = f.u64(b[8:])
	}
	switch typ {
	case elf.COMPRESS_ZLIB:
		return f.inflate(s, b[n:], size)
	case elf.COMPRESS_ZSTD:
		return f.unzstd(s, b[n:], size)
	}
	return nil, &FormatError{Section: s.Name, Off: 0, Msg: "unknown compression type", Val: uint32(typ)}
}

// decompressGNU reads a section called .zdebug_*: "ZLIB", the size as a
// big-endian 64-bit number, and the stream. binutils leaves a section that
// would not shrink as it is, under its usual name.
func (f *File) decompressGNU(s *Section) ([]byte, error) {
	b, err := f.readPacked(s)
	if err != nil {
		return nil, err
	}
	if len(b) < 12 || string(b[:4]) != "ZLIB" {
		return nil, &FormatError{Section: s.Name, Off: 0, Msg: "no ZLIB header"}
	}
	return f.inflate(s, b[12:], binary.BigEndian.Uint64(b[4:]))
}

func (f *File) readPacked(s *Section) ([]byte, error) {
	if err := f.checkReadable(s); err != nil {
		return nil, err
	}
	f.r.packed = resize(f.r.packed, int(s.Size))
	if err := f.readAt(f.r.packed, s.Off); err != nil {
		return nil, fmt.Errorf("section %s: %w", s.Name, err)
	}
	return f.r.packed, nil
}

// checkUnpacked checks the size that a compression header claims.
func (f *File) checkUnpacked(s *Section, packed []byte, size uint64) error {
	if size > uint64(len(packed))*maxSectionRatio+minBound {
		return &FormatError{Section: s.Name, Off: 0, Msg: "uncompressed size not possible", Val: size}
	}
	return f.checkSize(s, size)
}

func (f *File) inflate(s *Section, packed []byte, size uint64) ([]byte, error) {
	if err := f.checkUnpacked(s, packed, size); err != nil {
		return nil, err
	}
	zr, err := f.r.zlibReader(packed)
	if err != nil {
		return nil, fmt.Errorf("section %s: zlib: %w", s.Name, err)
	}
	b := f.r.arena.take(int(size))
	if n, err := io.ReadFull(zr, b); err != nil {
		return nil, fmt.Errorf("section %s: zlib: offset %#x of %#x: %w", s.Name, n, size, err)
	}
	var more [1]byte
	switch n, err := io.ReadFull(zr, more[:]); {
	case n > 0:
		return nil, &FormatError{Section: s.Name, Off: size, Msg: "more bytes than the compression header says"}
	case err != io.EOF:
		return nil, fmt.Errorf("section %s: zlib: offset %#x: %w", s.Name, size, err)
	}
	return b, nil
}

func (f *File) unzstd(s *Section, packed []byte, size uint64) ([]byte, error) {
	if err := f.checkUnpacked(s, packed, size); err != nil {
		return nil, err
	}
	dec, err := zstdDecoder()
	if err != nil {
		return nil, err
	}
	b := f.r.arena.take(int(size))
	// The decoder stops at the capacity, so a stream can neither make it
	// allocate nor write past the buffer's part that is ours.
	out, err := dec.DecodeAll(packed, b[:0:size])
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return nil, &FormatError{Section: s.Name, Off: size, Msg: "more bytes than the compression header says"}
	}
	if err != nil {
		return nil, fmt.Errorf("section %s: zstd: %w", s.Name, err)
	}
	if uint64(len(out)) != size {
		return nil, &FormatError{Section: s.Name, Off: uint64(len(out)), Msg: "fewer bytes than the compression header says", Val: size}
	}
	return out, nil
}
