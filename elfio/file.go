// Package elfio reads and changes ELF files: sections by name and index,
// decompressed and relocated debug sections, symbols, and the injection of a
// section into a finished file.
//
// ELF32 and ELF64 of both byte orders are read by one set of functions. The
// numbers and names of the format come from the standard library's debug/elf;
// its parser is not used, since it keeps a heap object for every section and
// relocates by reflection.
//
// The rules are those of the System V ABI, chapter "Object Files", called gABI
// below, and of the processor supplements for relocations.
package elfio

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"time"

	"github.com/klauspost/compress/zlib"
)

// Section is one entry of the section header table, widened to 64 bits.
type Section struct {
	Name    string
	Type    elf.SectionType
	Flags   elf.SectionFlag
	Addr    uint64
	Off     uint64
	Size    uint64 // in memory; bytes in the file unless SHT_NOBITS
	Link    uint32
	Info    uint32
	Align   uint64
	EntSize uint64
	nameOff uint32
}

// fileSize is the number of bytes that s occupies in the file.
func (s *Section) fileSize() uint64 {
	if s.Type == elf.SHT_NOBITS || s.Type == elf.SHT_NULL {
		return 0
	}
	return s.Size
}

// File is an open ELF file. It and every slice it returned are valid until
// its Reader opens the next file or is closed. It is not safe for concurrent
// use: the buffers belong to the Reader.
type File struct {
	Class64  bool
	Big      bool // big endian
	Type     elf.Type
	Machine  elf.Machine
	Flags    uint32
	Sections []Section // index 0 is the null section
	Stamp    Stamp     // of the file when it was opened; zero for OpenBytes

	path     string
	src      io.ReaderAt
	size     uint64
	hdr      header
	r        *Reader
	vals     []uint64 // symbol values of section valsOf, for relocation
	valsOf   uint32   // 0: none loaded
	bases    []uint64 // addresses of sections by Layout, none before it
	relocBuf []byte
	learned  *machine // of a machine without a table, see learn
}

// Options are limits of a Reader. The zero value has the defaults.
type Options struct {
	// MaxSection is the largest section that is read, in bytes after
	// decompression. 0 means 4 GiB, the reach of 32-bit DWARF.
	MaxSection uint64

	// Whole is the largest section to be relocated that is held as a whole where it
	// can be read in pieces, in bytes. 0 means 8 MiB.
	Whole uint64

	// Retain is the largest buffer that is kept for the next file, in bytes.
	// 0 means 8 MiB. Larger sections (.debug_str of amdgpu.ko has 127 MB) are so
	// few that holding memory for them costs more than it saves.
	Retain int
}

// A Reader opens files one after the other and keeps its buffers between
// them. The zero value is ready for use. One worker has one Reader.
type Reader struct {
	Options Options

	file   File
	os     *os.File
	arena  arena
	table  []byte // section header table
	packed []byte // compressed bytes of one section
	zr     io.ReadCloser
	zsrc   bytes.Reader
}

// zlibReader returns the Reader's inflater, set to read src.
func (r *Reader) zlibReader(src []byte) (io.Reader, error) {
	r.zsrc.Reset(src)
	if r.zr == nil {
		zr, err := zlib.NewReader(&r.zsrc)
		if err != nil {
			return nil, err
		}
		r.zr = zr
		return zr, nil
	}
	return r.zr, r.zr.(zlib.Resetter).Reset(&r.zsrc, nil)
}

// Open opens the ELF file at path and reads its section headers. A file opened
// before by the same Reader is closed. Errors are *[fs.PathError]; what they
// wrap is [ErrNotELF], [FormatError] or one of the file system.
func (r *Reader) Open(path string) (*File, error) {
	r.reset()
	notRegular := &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	// To open a pipe is to wait for who writes into it.
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return nil, notRegular
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r.os = f
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, notRegular
	}
	file, err := r.open(path, f, uint64(st.Size()))
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	file.Stamp = StampOf(st)
	return file, nil
}

// OpenBytes reads the ELF file that b holds. b is never written to. name is
// for messages.
func (r *Reader) OpenBytes(name string, b []byte) (*File, error) {
	r.reset()
	file, err := r.open(name, bytes.NewReader(b), uint64(len(b)))
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return file, nil
}

// Close closes the open file. The buffers are kept.
func (r *Reader) Close() error {
	f := r.os
	r.os = nil
	if f == nil {
		return nil
	}
	return f.Close()
}

func (r *Reader) reset() {
	r.Close()
	if r.Options.MaxSection == 0 {
		r.Options.MaxSection = 4 << 30
	}
	if r.Options.Whole == 0 {
		r.Options.Whole = 8 << 20
	}
	if r.Options.Retain == 0 {
		r.Options.Retain = 8 << 20
	}
	r.arena.reset(r.Options.Retain)
	if cap(r.packed) > r.Options.Retain {
		r.packed = nil
	}
	r.file = File{
		r: r, Sections: r.file.Sections[:0],
		vals: r.file.vals[:0], relocBuf: r.file.relocBuf, bases: r.file.bases[:0],
	}
}

func (r *Reader) open(path string, src io.ReaderAt, size uint64) (*File, error) {
	f := &r.file
	f.path, f.src, f.size = path, src, size
	if err := f.readHeader(); err != nil {
		return nil, err
	}
	if err := f.readSections(); err != nil {
		return nil, err
	}
	return f, nil
}

// Path is the path or name that the file was opened by.
func (f *File) Path() string { return f.path }

// Size is the size of the file in bytes.
func (f *File) Size() uint64 { return f.size }

// Order is the file's byte order.
func (f *File) Order() binary.ByteOrder {
	if f.Big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func (f *File) u16(b []byte) uint16 {
	if f.Big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (f *File) u32(b []byte) uint32 {
	if f.Big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (f *File) u64(b []byte) uint64 {
	if f.Big {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// word reads the idx'th field of a record of class-sized words that begins at
// b[off].
func (f *File) word(b []byte, off, idx int) uint64 {
	if f.Class64 {
		return f.u64(b[off+8*idx:])
	}
	return uint64(f.u32(b[off+4*idx:]))
}

// wordSize is the size of an address or offset: 4 or 8.
func (f *File) wordSize() int {
	if f.Class64 {
		return 8
	}
	return 4
}

// readAt fills b from the file; the caller has checked the range.
func (f *File) readAt(b []byte, off uint64) error {
	if off > math.MaxInt64 {
		return io.ErrUnexpectedEOF
	}
	n, err := f.src.ReadAt(b, int64(off))
	if n == len(b) {
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read %#x bytes at %#x: %w", len(b), off, err)
}

// label names section i in messages.
func (s *Section) label(i int) string {
	if s.Name == "" {
		return fmt.Sprint(i)
	}
	return s.Name
}

// Index returns the index of the first section called name, 0 for none.
func (f *File) Index(name string) int {
	for i := 1; i < len(f.Sections); i++ {
		if f.Sections[i].Name == name {
			return i
		}
	}
	return 0
}

// Section returns the first section called name, nil for none. COMDAT groups
// make several of one name; a walk over Sections finds the others.
func (f *File) Section(name string) *Section {
	if i := f.Index(name); i != 0 {
		return &f.Sections[i]
	}
	return nil
}

// moduleSigMarker ends a signed module (kernel include/linux/module_signature.h).
const moduleSigMarker = "~Module signature appended~\n"

// IsSigned reports whether a module signature is appended to the file. Any
// change to the file makes the signature void.
func (f *File) IsSigned() (bool, error) {
	if f.size < uint64(len(moduleSigMarker)) {
		return false, nil
	}
	var b [len(moduleSigMarker)]byte
	err := f.readAt(b[:], f.size-uint64(len(b)))
	return string(b[:]) == moduleSigMarker, err
}

// Stamp tells whether a file was changed: device, inode, size and times.
type Stamp struct {
	Dev, Ino uint64
	Size     int64
	Mod      time.Time

	// Change is when the inode was changed, by whatever means; it cannot be
	// set. Zero where the system does not say.
	Change time.Time
}

// Equal reports whether both are stamps of one file with the same contents, as
// far as one can tell. Change may differ: new links and modes change it too.
func (s Stamp) Equal(t Stamp) bool {
	return s.Dev == t.Dev && s.Ino == t.Ino && s.Size == t.Size && s.Mod.Equal(t.Mod)
}
