package elfio

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// elfSpec describes a hand-built ELF file.
type elfSpec struct {
	class64, big bool
	typ          elf.Type
	machine      elf.Machine
	sections     []specSection // after the null section; .shstrtab is added last
	segments     [][2]uint64   // offset and size of PT_LOAD program headers
}

type specSection struct {
	name       string
	typ        elf.SectionType
	flags      elf.SectionFlag
	link, info uint32
	align      uint64
	ent        uint64
	data       []byte
}

func (s elfSpec) String() string {
	return fmt.Sprintf("ELF%d %v big=%v", pick(s.class64, 64, 32), s.machine, s.big)
}

// writer returns a File to encode with: it knows class and byte order.
func (s elfSpec) writer() *File { return &File{Class64: s.class64, Big: s.big} }

// build lays the file out as linkers do: header, program headers, sections,
// section names, section header table.
func (s elfSpec) build() []byte {
	f := s.writer()
	shnum := len(s.sections) + 2
	out := make([]byte, f.ehdrSize())
	for _, seg := range s.segments {
		ph := make([]byte, f.phdrSize())
		f.put32(ph, uint32(elf.PT_LOAD))
		if s.class64 {
			f.putWord(ph[8:], 0, seg[0])
			f.putWord(ph[8:], 3, seg[1])
		} else {
			f.putWord(ph[4:], 0, seg[0])
			f.putWord(ph[4:], 3, seg[1])
		}
		out = append(out, ph...)
	}
	names := []byte{0}
	table := make([]byte, f.shdrSize()*shnum)
	put := func(i int, c specSection) {
		for c.align > 1 && uint64(len(out))%c.align != 0 {
			out = append(out, 0)
		}
		h := table[i*f.shdrSize():]
		f.put32(h, uint32(len(names)))
		names = append(append(names, c.name...), 0)
		f.put32(h[4:], uint32(c.typ))
		f.putWord(h[8:], 0, uint64(c.flags))
		f.putWord(h[8:], 2, uint64(len(out)))
		f.putWord(h[8:], 3, uint64(len(c.data)))
		rest := h[8+4*f.wordSize():]
		f.put32(rest, c.link)
		f.put32(rest[4:], c.info)
		f.putWord(rest[8:], 0, c.align)
		f.putWord(rest[8:], 1, c.ent)
		if c.typ == elf.SHT_NULL || c.typ == elf.SHT_NOBITS {
			return
		}
		out = append(out, c.data...)
	}
	for i, c := range s.sections {
		put(i+1, c)
	}
	put(shnum-1, specSection{name: ".shstrtab", typ: elf.SHT_STRTAB, align: 1})
	h := table[(shnum-1)*f.shdrSize():]
	f.putWord(h[8:], 3, uint64(len(names)))
	out = append(out, names...)
	for len(out)%f.wordSize() != 0 {
		out = append(out, 0)
	}
	num, strndx := shnum, shnum-1
	if num >= int(elf.SHN_LORESERVE) {
		f.putWord(table[8:], 3, uint64(num))
		num = 0
	}
	if strndx >= int(elf.SHN_LORESERVE) {
		f.put32(table[8+4*f.wordSize():], uint32(strndx))
		strndx = int(elf.SHN_XINDEX)
	}
	copy(out, elf.ELFMAG)
	out[elf.EI_CLASS], out[elf.EI_DATA], out[elf.EI_VERSION] = byte(pick(s.class64, 2, 1)), byte(pick(s.big, 2, 1)), 1
	f.put16(out[16:], uint16(s.typ))
	f.put16(out[18:], uint16(s.machine))
	f.put32(out[20:], 1)
	f.putWord(out[24:], 2, uint64(len(out)))
	tail := out[24+3*f.wordSize():]
	f.put16(tail[4:], uint16(f.ehdrSize()))
	if len(s.segments) > 0 {
		f.putWord(out[24:], 1, uint64(f.ehdrSize()))
		f.put16(tail[6:], uint16(f.phdrSize()))
		f.put16(tail[8:], uint16(len(s.segments)))
	}
	f.put16(tail[10:], uint16(f.shdrSize()))
	f.put16(tail[12:], uint16(num))
	f.put16(tail[14:], uint16(strndx))
	return append(out, table...)
}

// specSym is one symbol of a hand-built table.
type specSym struct {
	value uint64
	shndx uint16
	info  byte
}

// syms encodes a symbol table with the null symbol in front.
func (s elfSpec) syms(list ...specSym) []byte {
	f := s.writer()
	b := make([]byte, f.symSize()*(len(list)+1))
	for i, y := range list {
		p := b[(i+1)*f.symSize():]
		if s.class64 {
			p[4] = y.info
			f.put16(p[6:], y.shndx)
			f.putWord(p[8:], 0, y.value)
		} else {
			f.putWord(p[4:], 0, y.value)
			p[12] = y.info
			f.put16(p[14:], y.shndx)
		}
	}
	return b
}

// specRel is one relocation of a hand-built table.
type specRel struct {
	off    uint64
	sym    uint32
	typ    uint32
	addend int64
}

// rels encodes relocations, RELA if rela is set.
func (s elfSpec) rels(rela bool, list ...specRel) []byte {
	f := s.writer()
	w := f.wordSize()
	var b []byte
	for _, r := range list {
		e := make([]byte, pick(rela, 3*w, 2*w))
		f.putWord(e, 0, r.off)
		switch {
		case !s.class64:
			f.put32(e[4:], r.sym<<8|r.typ)
		case s.machine == elf.EM_MIPS:
			f.put32(e[8:], r.sym)
			binary.BigEndian.PutUint32(e[12:], r.typ)
		default:
			f.putWord(e, 1, uint64(r.sym)<<32|uint64(r.typ))
		}
		if rela {
			f.putWord(e, 2, uint64(r.addend))
		}
		b = append(b, e...)
	}
	return b
}

// withRelocs returns a relocatable file whose .debug_info is data, with
// relocations against symbol 1 = value in section 1.
func (s elfSpec) withRelocs(data []byte, value uint64, rela bool, list ...specRel) []byte {
	f := s.writer()
	name, typ, ent := ".rel.debug_info", elf.SHT_REL, 2*f.wordSize()
	if rela {
		name, typ, ent = ".rela.debug_info", elf.SHT_RELA, 3*f.wordSize()
	}
	s.typ = elf.ET_REL
	s.sections = []specSection{
		{name: ".debug_info", typ: elf.SHT_PROGBITS, align: 1, data: data},
		{name: name, typ: typ, link: 3, info: 1, align: uint64(f.wordSize()), ent: uint64(ent), data: s.rels(rela, list...)},
		{name: ".symtab", typ: elf.SHT_SYMTAB, link: 4, info: 1, align: uint64(f.wordSize()), ent: uint64(f.symSize()), data: s.syms(specSym{value: value, shndx: 1})},
		{name: ".strtab", typ: elf.SHT_STRTAB, align: 1, data: []byte{0}},
	}
	return s.build()
}

// allShapes are the four kinds of ELF file.
var allShapes = []elfSpec{
	{class64: true, machine: elf.EM_X86_64},
	{class64: true, big: true, machine: elf.EM_S390},
	{machine: elf.EM_ARM},
	{big: true, machine: elf.EM_PPC},
}
