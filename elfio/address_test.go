package elfio

import (
	"debug/elf"
	"testing"
)

// TestLayout relocates a section by symbols of sections that are laid out: each
// is told by its address, whether it has bytes in the file or not.
func TestLayout(t *testing.T) {
	relType := map[elf.Machine]uint32{elf.EM_X86_64: 10, elf.EM_S390: 4, elf.EM_ARM: 2, elf.EM_PPC: 1}
	for _, spec := range allShapes {
		f := spec.writer()
		var rels []specRel
		for i := range 6 {
			rels = append(rels, specRel{off: uint64(4 * i), sym: uint32(i), typ: relType[spec.machine]})
		}
		const symtab, strtab = 7, 8
		spec.sections = []specSection{
			{name: ".text", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: 16, data: make([]byte, 5)},
			{name: ".comment", typ: elf.SHT_PROGBITS, align: 1, data: make([]byte, 64)},
			{name: ".data", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: 32, data: make([]byte, 0x40)},
			{name: ".bss", typ: elf.SHT_NOBITS, flags: elf.SHF_ALLOC, align: 3, data: make([]byte, 0x100)},
			{name: ".debug_info", typ: elf.SHT_PROGBITS, align: 1, data: make([]byte, 24)},
			{name: ".rela.debug_info", typ: elf.SHT_RELA, link: symtab, info: 5, align: 8, ent: uint64(3 * f.wordSize()), data: spec.rels(true, rels...)},
			{name: ".symtab", typ: elf.SHT_SYMTAB, link: strtab, align: 8, ent: uint64(f.symSize()), data: spec.syms(
				specSym{value: 4, shndx: 1}, specSym{value: 8, shndx: 3}, specSym{value: 0x10, shndx: 4},
				specSym{value: 0x20, shndx: 2}, specSym{value: 0x30, shndx: uint16(elf.SHN_ABS)},
			)},
			{name: ".strtab", typ: elf.SHT_STRTAB, data: []byte{0}},
		}
		for typ, want := range map[elf.Type][6]uint32{
			elf.ET_REL:  {0, 0x10004, 0x10028, 0x10070, 0x20, 0x30},
			elf.ET_EXEC: {}, // linked: nothing is relocated
		} {
			spec.typ = typ
			var r Reader
			f, err := r.OpenBytes("x", spec.build())
			if err != nil {
				t.Fatal(err)
			}
			f.Layout()
			got, err := f.DebugSection(".debug_info")
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if v := f.u32(got[4*i:]); v != want[i] {
					t.Errorf("%v %v: symbol %d is at %#x, want %#x", spec, typ, i, v, want[i])
				}
			}
			if addr := f.Addr(4); typ == elf.ET_REL && addr != 0x10060 || typ != elf.ET_REL && addr != 0 {
				t.Errorf("%v %v: .bss is at %#x", spec, typ, addr)
			}
		}
	}
}

// TestLayoutManySections lays out more sections than 16 bits count: symbols have
// the index of theirs in SHT_SYMTAB_SHNDX, as in modules of live patches.
func TestLayoutManySections(t *testing.T) {
	spec := elfSpec{class64: true, machine: elf.EM_X86_64, typ: elf.ET_REL}
	f := spec.writer()
	const n = int(elf.SHN_LORESERVE) + 100
	for range n {
		spec.sections = append(spec.sections, specSection{name: "t", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: 4, data: make([]byte, 4)})
	}
	indexes := make([]byte, 12)
	f.put32(indexes[4:], uint32(n))
	f.put32(indexes[8:], 0xfffffff)
	const info, symtab, strtab = uint32(n) + 1, uint32(n) + 3, uint32(n) + 4
	spec.sections = append(spec.sections,
		specSection{name: ".debug_info", typ: elf.SHT_PROGBITS, align: 1, data: make([]byte, 8)},
		specSection{name: ".rela.debug_info", typ: elf.SHT_RELA, link: symtab, info: info, align: 8, ent: 24,
			data: spec.rels(true, specRel{off: 0, sym: 1, typ: 10, addend: 2}, specRel{off: 4, sym: 2, typ: 10})},
		specSection{name: ".symtab", typ: elf.SHT_SYMTAB, link: strtab, align: 8, ent: 24,
			data: spec.syms(specSym{shndx: uint16(elf.SHN_XINDEX)}, specSym{value: 7, shndx: uint16(elf.SHN_XINDEX)})},
		specSection{name: ".strtab", typ: elf.SHT_STRTAB, data: []byte{0}},
		specSection{name: ".symtab_shndx", typ: elf.SHT_SYMTAB_SHNDX, link: symtab, align: 4, ent: 4, data: indexes},
	)
	var r Reader
	file, err := r.OpenBytes("x.ko", spec.build())
	if err != nil {
		t.Fatal(err)
	}
	file.Layout()
	got, err := file.DebugSection(".debug_info")
	if err != nil {
		t.Fatal(err)
	}
	if at, want := file.u32(got), uint32(firstAddress+4*(n-1)+2); at != want || uint64(want-2) != file.Addr(n) {
		t.Errorf("the last section is at %#x, want %#x", at, want)
	}
	if at := file.u32(got[4:]); at != 7 {
		t.Errorf("a symbol of no section is at %#x", at)
	}
}
