package elfio

// The ELF header and the section header table.

import (
	"debug/elf"
	"fmt"
	"math"
	"strings"
)

// header is what the ELF header says about the tables, with the escapes of
// section 0 resolved (gABI, "e_shnum", "e_shstrndx"; PN_XNUM).
type header struct {
	phoff, shoff uint64
	phnum, shnum uint64
	phentsize    uint64
	shstrndx     uint32
}

// Sizes of the records by class.
func (f *File) ehdrSize() int { return pick(f.Class64, 64, 52) }

func (f *File) shdrSize() int { return pick(f.Class64, 64, 40) }

func (f *File) phdrSize() int { return pick(f.Class64, 56, 32) }

func (f *File) symSize() int { return pick(f.Class64, 24, 16) }

func pick(class64 bool, a, b int) int {
	if class64 {
		return a
	}
	return b
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
	n := strings.IndexByte(s[:min(len(s), maxName)], 0)
	if n < 0 {
		return "", false
	}
	return s[:n], true
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
