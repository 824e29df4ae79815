package elfio

// Relocations of a machine that nobody has told us of.
//
// Linux has machines that are in no table here, and more come. What DWARF says of
// types needs one relocation alone, the one that stores where something is in another
// debug section, and every unit begins with one of that kind: behind length and version
// its header has the offset of its abbreviations,
//
//	Offset    Type            Sym. Value  Sym. Name + Addend
//	00000008  R_68K_32        00000000    .debug_abbrev + 0
//
// so the type of the relocation at that place of .debug_info is it. All others are left
// undone: mostly they are addresses, which types do not have. With 32 bits these are
// often of the same type, and are stored then.

import (
	"encoding/binary"
	"strconv"
)

// learn returns what can be found out of the relocations of f's machine, nil for
// nothing.
func (f *File) learn() *machine {
	if f.learned != nil {
		return f.learned
	}
	info := f.DebugIndex(".debug_info")
	if info == 0 {
		return nil
	}
	head, err := f.unpacked(&f.Sections[info])
	if err != nil {
		return nil
	}
	at, op := abbrevRef(head, f.Order())
	f.r.arena.giveBack(head)
	if op == opUnknown {
		return nil
	}
	for r, err := range f.Relocs(info) {
		if err != nil {
			return nil
		}
		if r.Off != at {
			continue
		}
		if r.Type > maxLearned {
			return nil
		}
		ops := make([]relOp, maxLearned+1)
		for i := range ops {
			ops[i] = opNone
		}
		ops[r.Type] = op
		f.learned = &machine{ops, func(typ uint32) string { return strconv.Itoa(int(typ)) }}
		return f.learned
	}
	return nil
}

// maxLearned is the highest relocation type that is learned: those of ELF32 have 8
// bits, and no machine of ELF64 has more than 1100 types (AArch64).
const maxLearned = 1<<11 - 1

// abbrevRef returns where the first unit header of .debug_info has the offset of its
// abbreviations, and what stores it there; opUnknown if it is none (DWARF 5 §7.5.1).
func abbrevRef(b []byte, order binary.ByteOrder) (at uint64, op relOp) {
	if len(b) < 24 {
		return 0, opUnknown
	}
	at, op = 4, opAbs32
	if order.Uint32(b) == 0xffffffff { // 64-bit DWARF
		at, op = 12, opAbs64
	}
	switch version := order.Uint16(b[at:]); {
	case version == 5:
		return at + 4, op
	case version >= 2 && version < 5:
		return at + 2, op
	}
	return 0, opUnknown
}
