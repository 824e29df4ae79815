package encoder

import (
	"cmp"
	"debug/elf"
	"slices"

	"github.com/gobtfenc/gobtfenc/elfio"
)

// place is a section that variables can be in.
type place struct {
	index int // of the section; 0: there is none
	addr  uint64
	size  uint64
}

// has returns where in p an address is, if it is there.
func (p *place) has(addr uint64) (off uint64, ok bool) {
	off = addr - p.addr
	return off, p.index != 0 && addr >= p.addr && off < p.size
}

// places finds the section of an address among all that hold bytes in the
// kernel's memory, whether or not the file has them (.bss). It is reused from
// module to module.
type places struct {
	all []place // by address

	// others are sections that are not loaded, all at address 0, each larger
	// than those before it.
	others []place
}

func (ps *places) reset() { ps.all, ps.others = ps.all[:0], ps.others[:0] }

// read takes the sections of f, which is laid out.
func (ps *places) read(f *elfio.File) {
	ps.reset()
	for i := range f.Sections {
		s := &f.Sections[i]
		if s.Size == 0 || s.Type != elf.SHT_PROGBITS && s.Type != elf.SHT_NOBITS {
			continue
		}
		p := place{index: i, addr: f.Addr(i), size: s.Size}
		switch {
		case s.Flags&elf.SHF_ALLOC != 0:
			ps.all = append(ps.all, p)
		case p.addr == 0 && (len(ps.others) == 0 || p.size > ps.others[len(ps.others)-1].size):
			ps.others = append(ps.others, p)
		}
	}
	slices.SortStableFunc(ps.all, func(a, b place) int { return cmp.Compare(a.addr, b.addr) })
}

// find returns the section that has an address, nil for none.
//
// Where no loaded section has it, one may that is not loaded and has so many
// bytes. That is pahole's get_elf_section, and in modules it puts the notes of
// .note.Linux, an SHT_NOTE section that is passed over, into .debug_info. It
// tells nothing, and it is what pahole's global_var gives.
func (ps *places) find(addr uint64) *place {
	i, found := slices.BinarySearchFunc(ps.all, addr, func(p place, addr uint64) int { return cmp.Compare(p.addr, addr) })
	if !found {
		i--
	}
	if i >= 0 {
		if _, ok := ps.all[i].has(addr); ok {
			return &ps.all[i]
		}
	}
	i, _ = slices.BinarySearchFunc(ps.others, addr, func(p place, addr uint64) int {
		if p.size > addr {
			return 1
		}
		return -1
	})
	if i < len(ps.others) {
		return &ps.others[i]
	}
	return nil
}
