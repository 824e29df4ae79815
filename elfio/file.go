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
	relocBuf []byte
}

// header is what the ELF header says about the tables, with the escapes of
// section 0 resolved (gABI, "e_shnum", "e_shstrndx"; PN_XNUM).
type header struct {
	phoff, shoff uint64
	phnum, shnum uint64
	phentsize    uint64
	shstrndx     uint32
}

// Options are limits of a Reader. The zero value has the defaults.
type Options struct {
	// MaxSection is the largest section that is read, in bytes after
	// decompression. 0 means 4 GiB, the reach of 32-bit DWARF.
	MaxSection uint64

	// Retain is the largest buffer that is kept for the next file, in bytes.
	// 0 means 32 MiB. Larger sections (.debug_info of amdgpu.ko has 162 MB)
	// are so few that holding memory for them costs more than it saves.
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
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	file, err := r.open(path, f, uint64(st.Size()))
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	file.Stamp = stampOf(st)
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
	if r.Options.Retain == 0 {
		r.Options.Retain = 32 << 20
	}
	r.arena.reset(r.Options.Retain)
	if cap(r.packed) > r.Options.Retain {
		r.packed = nil
	}
	r.file = File{
		r: r, Sections: r.file.Sections[:0],
		vals: r.file.vals[:0], relocBuf: r.file.relocBuf,
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

// Sizes of the records by class.
func (f *File) ehdrSize() int { return pick(f.Class64, 64, 52) }
func (f *File) shdrSize() int { return pick(f.Class64, 64, 40) }
func (f *File) phdrSize() int { return pick(f.Class64, 56, 32) }
func (f *File) symSize() int  { return pick(f.Class64, 24, 16) }

func pick(class64 bool, a, b int) int {
	if class64 {
		return a
	}
	return b
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

func (f *File) readHeader() error {
	var b [64]byte
	n := min(f.size, 64)
	if err := f.readAt(b[:n], 0); err != nil {
		return err
	}
	if n < 16 || string(b[:4]) != elf.ELFMAG {
		return ErrNotELF
	}
	switch elf.Class(b[elf.EI_CLASS]) {
	case elf.ELFCLASS64:
		f.Class64 = true
	case elf.ELFCLASS32:
	default:
		return &FormatError{Off: elf.EI_CLASS, Msg: "unknown ELF class", Val: b[elf.EI_CLASS]}
	}
	switch elf.Data(b[elf.EI_DATA]) {
	case elf.ELFDATA2LSB:
	case elf.ELFDATA2MSB:
		f.Big = true
	default:
		return &FormatError{Off: elf.EI_DATA, Msg: "unknown ELF byte order", Val: b[elf.EI_DATA]}
	}
	if b[elf.EI_VERSION] != byte(elf.EV_CURRENT) {
		return &FormatError{Off: elf.EI_VERSION, Msg: "unknown ELF version", Val: b[elf.EI_VERSION]}
	}
	if n < uint64(f.ehdrSize()) {
		return &FormatError{Off: n, Msg: "file ends within the ELF header"}
	}
	f.Type, f.Machine = elf.Type(f.u16(b[16:])), elf.Machine(f.u16(b[18:]))
	f.hdr.phoff, f.hdr.shoff = f.word(b[:], 24, 1), f.word(b[:], 24, 2)
	tail := b[24+3*f.wordSize():]
	f.Flags = f.u32(tail)
	f.hdr.phentsize = uint64(f.u16(tail[6:]))
	f.hdr.phnum = uint64(f.u16(tail[8:]))
	f.hdr.shnum = uint64(f.u16(tail[12:]))
	f.hdr.shstrndx = uint32(f.u16(tail[14:]))
	if size := f.u16(tail[10:]); f.hdr.shoff != 0 && int(size) != f.shdrSize() {
		return &FormatError{Off: uint64(f.ehdrSize() - 6), Msg: "section header size", Val: size}
	}
	return nil
}

// readSections reads the section header table. Where a count or index does
// not fit the 16 bits of the ELF header, section 0 has it (gABI, "e_shnum").
func (f *File) readSections() error {
	if f.hdr.shoff == 0 {
		if f.hdr.shnum != 0 {
			return &FormatError{Msg: "section headers counted but absent", Val: f.hdr.shnum}
		}
		return nil
	}
	ent := uint64(f.shdrSize())
	if f.hdr.shoff > f.size || f.size-f.hdr.shoff < ent {
		return &FormatError{Off: f.hdr.shoff, Msg: "section header table beyond the end of the file, size", Val: f.size}
	}
	var first [64]byte
	if err := f.readAt(first[:ent], f.hdr.shoff); err != nil {
		return err
	}
	zero := f.shdr(first[:ent])
	if f.hdr.shnum == 0 {
		f.hdr.shnum = zero.Size
	}
	if f.hdr.shstrndx == uint32(elf.SHN_XINDEX) {
		f.hdr.shstrndx = zero.Link
	}
	if f.hdr.phnum == 0xffff { // PN_XNUM
		f.hdr.phnum = uint64(zero.Info)
	}
	if f.hdr.shnum == 0 {
		return nil
	}
	if f.hdr.shnum > (f.size-f.hdr.shoff)/ent || f.hdr.shnum > math.MaxInt32 {
		return &FormatError{Off: f.hdr.shoff, Msg: "section header table ends beyond the file, entries", Val: f.hdr.shnum}
	}
	f.r.table = resize(f.r.table, int(f.hdr.shnum*ent))
	if err := f.readAt(f.r.table, f.hdr.shoff); err != nil {
		return err
	}
	for b := f.r.table; len(b) > 0; b = b[ent:] {
		f.Sections = append(f.Sections, f.shdr(b))
	}
	if err := f.nameSections(); err != nil {
		return err
	}
	return f.checkSections()
}

// shdr decodes one section header.
func (f *File) shdr(b []byte) Section {
	s := Section{nameOff: f.u32(b), Type: elf.SectionType(f.u32(b[4:]))}
	s.Flags = elf.SectionFlag(f.word(b, 8, 0))
	s.Addr, s.Off, s.Size = f.word(b, 8, 1), f.word(b, 8, 2), f.word(b, 8, 3)
	rest := b[8+4*f.wordSize():]
	s.Link, s.Info = f.u32(rest), f.u32(rest[4:])
	s.Align, s.EntSize = f.word(rest, 8, 0), f.word(rest, 8, 1)
	return s
}

// maxName bounds a name while its end is looked for, or a file could ask for
// a scan of its whole string table per section or symbol. The kernel's own
// limit is KSYM_NAME_LEN, 512.
const maxName = 4096

// nameSections resolves the names. All of them share one string.
func (f *File) nameSections() error {
	if f.hdr.shstrndx == 0 {
		return nil
	}
	if uint64(f.hdr.shstrndx) >= f.hdr.shnum {
		return &FormatError{Msg: "index of the section names out of range", Val: f.hdr.shstrndx}
	}
	s := &f.Sections[f.hdr.shstrndx]
	s.Name = "(section names)"
	if s.Type != elf.SHT_STRTAB {
		return &FormatError{Section: s.Name, Off: s.Off, Msg: "not a string table, type", Val: uint32(s.Type)}
	}
	b, err := f.sectionData(s)
	if err != nil {
		return err
	}
	names := string(b)
	f.r.arena.giveBack(b)
	for i := range f.Sections {
		off := uint64(f.Sections[i].nameOff)
		if off >= uint64(len(names)) {
			return &FormatError{Section: fmt.Sprint(i), Off: off, Msg: "name beyond the section names, size", Val: len(names)}
		}
		name, ok := cString(names[off:])
		if !ok {
			return &FormatError{Section: fmt.Sprint(i), Off: off, Msg: "name without end"}
		}
		f.Sections[i].Name = name
	}
	return nil
}

// cString cuts s at its first NUL, which must come within maxName bytes.
func cString(s string) (string, bool) {
	s = s[:min(len(s), maxName)]
	for i := range len(s) {
		if s[i] == 0 {
			return s[:i], true
		}
	}
	return "", false
}

// checkSections checks that all sections lie within the file, so that a file
// cut short is known for what it is before any work is done.
func (f *File) checkSections() error {
	for i := range f.Sections {
		s := &f.Sections[i]
		n := s.fileSize()
		if n > 0 && (s.Off > f.size || n > f.size-s.Off) {
			return &FormatError{Section: s.label(i), Off: s.Off, Msg: "section ends beyond the file, section size", Val: s.Size}
		}
	}
	return nil
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
}

// Equal reports whether both are stamps of one unchanged file.
func (s Stamp) Equal(t Stamp) bool {
	return s.Dev == t.Dev && s.Ino == t.Ino && s.Size == t.Size && s.Mod.Equal(t.Mod)
}
