package elfio

import (
	"bytes"
	"debug/elf"
	"fmt"
	"iter"
)

// Symbol is one entry of a symbol table.
type Symbol struct {
	Name    []byte // into the string table: valid until the next file
	Value   uint64 // in a relocatable file relative to its section
	Size    uint64
	Section uint32 // index, SHN_XINDEX resolved; see Special
	Special bool   // Section is a reserved number such as SHN_ABS, no index
	Bind    elf.SymBind
	Type    elf.SymType
	Other   uint8
}

// Defined reports whether the symbol stands for a place in a section.
func (s *Symbol) Defined() bool { return !s.Special && s.Section != 0 }

// Symtab is a symbol table held in memory.
type Symtab struct {
	f       *File
	name    string
	entries []byte
	strs    []byte
	xindex  []byte // contents of SHT_SYMTAB_SHNDX, nil for none
	err     error
}

// Symbols reads the symbol table (SHT_SYMTAB). The error is [ErrNoSection]
// where the file is stripped.
func (f *File) Symbols() (*Symtab, error) {
	for i := range f.Sections {
		if f.Sections[i].Type == elf.SHT_SYMTAB {
			return f.symtab(uint32(i))
		}
	}
	return nil, fmt.Errorf("symbol table: %w", ErrNoSection)
}

// symtab reads symbol table i with its strings and its extended indexes.
func (f *File) symtab(i uint32) (*Symtab, error) {
	s := &f.Sections[i]
	if err := f.checkTable(s, uint64(f.symSize())); err != nil {
		return nil, err
	}
	t := &Symtab{f: f, name: s.Name}
	var err error
	if t.entries, err = f.sectionData(s); err != nil {
		return nil, err
	}
	if int(s.Link) >= len(f.Sections) || f.Sections[s.Link].Type != elf.SHT_STRTAB {
		return nil, &FormatError{Section: s.Name, Off: s.Off, Msg: "no string table, sh_link", Val: s.Link}
	}
	if t.strs, err = f.sectionData(&f.Sections[s.Link]); err != nil {
		return nil, err
	}
	for j := range f.Sections {
		x := &f.Sections[j]
		if x.Type != elf.SHT_SYMTAB_SHNDX || x.Link != i {
			continue
		}
		if t.xindex, err = f.sectionData(x); err != nil {
			return nil, err
		}
		if len(t.xindex)/4 < t.Len() {
			return nil, &FormatError{Section: x.Name, Off: x.Off, Msg: "fewer entries than symbols, size", Val: len(t.xindex)}
		}
		break
	}
	return t, nil
}

// Len is the number of symbols, the null symbol included.
func (t *Symtab) Len() int { return len(t.entries) / t.f.symSize() }

// All goes through the symbols by index, without the null symbol. The Symbol
// is the same one each time. All stops at a malformed symbol; Err tells.
func (t *Symtab) All() iter.Seq2[int, *Symbol] {
	return func(yield func(int, *Symbol) bool) {
		t.err = nil
		var s Symbol
		for i := 1; i < t.Len(); i++ {
			if t.err = t.read(i, &s); t.err != nil || !yield(i, &s) {
				return
			}
		}
	}
}

// Err returns the error that ended the last All.
func (t *Symtab) Err() error { return t.err }

// read decodes symbol i.
func (t *Symtab) read(i int, s *Symbol) error {
	f, off := t.f, i*t.f.symSize()
	b := t.entries[off:]
	var info uint8
	var shndx uint16
	if f.Class64 {
		info, s.Other, shndx = b[4], b[5], f.u16(b[6:])
		s.Value, s.Size = f.u64(b[8:]), f.u64(b[16:])
	} else {
		info, s.Other, shndx = b[12], b[13], f.u16(b[14:])
		s.Value, s.Size = uint64(f.u32(b[4:])), uint64(f.u32(b[8:]))
	}
	s.Bind, s.Type = elf.ST_BIND(info), elf.ST_TYPE(info)
	s.Section, s.Special = uint32(shndx), shndx >= uint16(elf.SHN_LORESERVE)
	if shndx == uint16(elf.SHN_XINDEX) {
		if t.xindex == nil {
			return &FormatError{Section: t.name, Off: uint64(off), Msg: "extended section index without SHT_SYMTAB_SHNDX, symbol", Val: i}
		}
		s.Section, s.Special = f.u32(t.xindex[4*i:]), false
	}
	if !s.Special && uint64(s.Section) >= uint64(len(f.Sections)) {
		return &FormatError{Section: t.name, Off: uint64(off), Msg: "section index of symbol out of range", Val: s.Section}
	}
	var ok bool
	if s.Name, ok = t.str(f.u32(b)); !ok {
		return &FormatError{Section: t.name, Off: uint64(off), Msg: "symbol name out of range", Val: f.u32(b)}
	}
	return nil
}

// str returns the string at off of the table's strings.
func (t *Symtab) str(off uint32) ([]byte, bool) {
	if uint64(off) >= uint64(len(t.strs)) {
		return nil, off == 0
	}
	s := t.strs[off:]
	n := bytes.IndexByte(s[:min(len(s), maxName)], 0)
	if n < 0 {
		return nil, false
	}
	return s[:n:n], true
}

// readValues fills f.vals with the values that relocations use: st_value, on
// top of the section's address where there is a layout, and 0 for symbols that
// have no place yet (undefined, common).
func (f *File) readValues(table uint32) error {
	if f.valsOf == table && table != 0 {
		return nil
	}
	if uint64(table) >= uint64(len(f.Sections)) {
		return &FormatError{Msg: "sh_link out of range", Val: table}
	}
	s := &f.Sections[table]
	if s.Type != elf.SHT_SYMTAB && s.Type != elf.SHT_DYNSYM {
		return &FormatError{Section: s.label(int(table)), Off: s.Off, Msg: "sh_link is not a symbol table, type", Val: uint32(s.Type)}
	}
	if err := f.checkTable(s, uint64(f.symSize())); err != nil {
		return err
	}
	xindex, err := f.xindexOf(table)
	if err != nil {
		return err
	}
	b, err := f.sectionData(s)
	if err != nil {
		return err
	}
	defer f.r.arena.giveBack(b)
	f.valsOf, f.vals = table, f.vals[:0]
	size := f.symSize()
	for ; len(b) >= size; b = b[size:] {
		v, shndx := uint64(0), elf.SHN_UNDEF
		if f.Class64 {
			v, shndx = f.u64(b[8:]), elf.SectionIndex(f.u16(b[6:]))
		} else {
			v, shndx = uint64(f.u32(b[4:])), elf.SectionIndex(f.u16(b[14:]))
		}
		switch {
		case shndx == elf.SHN_UNDEF || shndx == elf.SHN_COMMON:
			v = 0
		case int(shndx) < len(f.bases) && shndx < elf.SHN_LORESERVE:
			v += f.bases[shndx]
		case shndx == elf.SHN_XINDEX && 4*len(f.vals)+4 <= len(xindex):
			if i := f.u32(xindex[4*len(f.vals):]); int(i) < len(f.bases) {
				v += f.bases[i]
			}
		}
		f.vals = append(f.vals, v)
	}
	return nil
}

// xindexOf returns the extended section indexes of a symbol table, nil where a
// layout has no use for them or there are none.
func (f *File) xindexOf(table uint32) ([]byte, error) {
	if len(f.bases) < int(elf.SHN_LORESERVE) {
		return nil, nil
	}
	for i := range f.Sections {
		if s := &f.Sections[i]; s.Type == elf.SHT_SYMTAB_SHNDX && s.Link == table {
			return f.sectionData(s)
		}
	}
	return nil, nil
}
