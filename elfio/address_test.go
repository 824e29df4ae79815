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
