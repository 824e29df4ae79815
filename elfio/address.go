package elfio

import "debug/elf"

// firstAddress is where Layout begins, so that an address of 0, which a place
// in a discarded section has, is in no section.
const firstAddress = 0x10000

// Layout gives every section of a relocatable file that is loaded an address
// of its own, and DebugSection relocates by it from then on: then an address in
// DWARF tells its section, where otherwise all sections begin at 0. Sections
// follow one another in the order of the file, each aligned, as elfutils'
// libdwfl lays them out. Debug sections of one name follow one another too, from
// 0 on (several.go). On other files Layout does nothing.
func (f *File) Layout() {
	if f.Type != elf.ET_REL || len(f.bases) > 0 {
		return
	}
	f.valsOf = 0
	end := uint64(firstAddress)
	var debug debugLayout
	for i := range f.Sections {
		s, base := &f.Sections[i], uint64(0)
		if s.Flags&elf.SHF_ALLOC != 0 {
			if a := s.Align; a > 1 && a&(a-1) == 0 {
				end = (end + a - 1) &^ (a - 1)
			}
			base = end
			end += s.Size
		} else {
			base = debug.base(f, i)
		}
		f.bases = append(f.bases, base)
	}
}

// Addr returns the address of section i: that of the header, or the one that
// Layout gave it.
func (f *File) Addr(i int) uint64 {
	if i < len(f.bases) {
		return f.bases[i]
	}
	return f.Sections[i].Addr
}
