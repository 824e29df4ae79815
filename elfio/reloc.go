package elfio

// Relocation of debug sections.
//
// A kernel module is a relocatable file, so every offset from one debug
// section into another is still a relocation: 775 k of the 811 k that xfs.ko
// has on .debug_info and name a string. All sections count as loaded at 0, so
// the value of a symbol is its st_value, and what gets stored is an offset
// into a section, which is what DWARF means by it.
//
// Entries are streamed through a small buffer (19 MB of them in xfs.ko) and
// applied in place. Symbol values are read once into a dense array. ELF64
// little endian with RELA has its own loop, since nearly all kernels are that;
// the rest goes through one general loop.
// What the relocation types of a machine do is in relocmachine.go; for one that is
// not there it is learned from the file (reloclearn.go).

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"iter"
)

// relocChunk is how many bytes of entries are read at once: a multiple of all
// entry sizes (8, 12, 16, 24), and a tenth of an L2 cache, which has better use
// for the rest: names, types and what is written.
const relocChunk = 0xC000

// shtCREL is LLVM's compact relocation section type.
const shtCREL = elf.SectionType(0x40000014)

// rel is one relocation entry of any form.
type rel struct {
	off    uint64
	sym    uint32
	typ    uint32
	addend uint64 // 0 for REL
}

// relocate applies all relocations of section target to its bytes.
func (f *File) relocate(target uint32, data []byte) error {
	total := uint64(0)
	for i := range f.Sections {
		s := &f.Sections[i]
		if s.Info != target {
			continue
		}
		switch s.Type {
		case elf.SHT_REL, elf.SHT_RELA:
			// Headers that share bytes could ask for endless work.
			if total += s.Size; total > f.size {
				return &FormatError{Section: s.Name, Off: s.Off, Msg: "relocation sections overlap, size of all", Val: total}
			}
			if err := f.relocateBy(s, data); err != nil {
				return err
			}
		case shtCREL:
			return &FormatError{Section: s.Name, Off: s.Off, Msg: "compact relocations (SHT_CREL) are not supported, type", Val: uint32(s.Type)}
		}
	}
	return nil
}

// relSize is the size of an entry of s.
func (f *File) relSize(s *Section) uint64 {
	n := uint64(2 * f.wordSize())
	if s.Type == elf.SHT_RELA {
		n += uint64(f.wordSize())
	}
	return n
}

// relocateBy applies the entries of relocation section s to data.
func (f *File) relocateBy(s *Section, data []byte) error {
	m := machines[f.Machine]
	if m == nil {
		if m = f.learn(); m == nil {
			return &FormatError{Section: s.Name, Off: s.Off, Msg: fmt.Sprintf("relocations of machine %v are not supported, machine number", f.Machine), Val: uint16(f.Machine)}
		}
	}
	ent := f.relSize(s)
	if err := f.checkTable(s, ent); err != nil {
		return err
	}
	if s.Size == 0 {
		return nil
	}
	if err := f.readValues(s.Link); err != nil {
		return fmt.Errorf("section %s: %w", s.Name, err)
	}
	fast := f.fastRELA(s)
	f.relocBuf = resize(f.relocBuf, relocChunk)
	for done := uint64(0); done < s.Size; {
		b := f.relocBuf[:min(relocChunk, s.Size-done)]
		if err := f.readAt(b, s.Off+done); err != nil {
			return fmt.Errorf("section %s: %w", s.Name, err)
		}
		var bad int
		if fast {
			bad = applyRELA64(data, 0, b, f.vals, m.ops)
		} else {
			bad = f.applyAny(data, b, ent, s.Type == elf.SHT_REL, m)
		}
		if bad >= 0 {
			return f.relocError(s, m, b[uint64(bad)*ent:], done/ent+uint64(bad), data)
		}
		done += uint64(len(b))
	}
	return nil
}

// fastRELA tells whether applyRELA64 knows the entries of s.
func (f *File) fastRELA(s *Section) bool {
	return f.Class64 && !f.Big && s.Type == elf.SHT_RELA && f.Machine != elf.EM_MIPS && f.Machine != elf.EM_SPARCV9
}

// checkTable checks that s is a table of entries of ent bytes.
func (f *File) checkTable(s *Section, ent uint64) error {
	if s.EntSize != ent && s.EntSize != 0 {
		return &FormatError{Section: s.Name, Off: s.Off, Msg: fmt.Sprintf("entry size, want %#x, is", ent), Val: s.EntSize}
	}
	if s.Size%ent != 0 {
		return &FormatError{Section: s.Name, Off: s.Off, Msg: fmt.Sprintf("not a multiple of the entry size %#x: size", ent), Val: s.Size}
	}
	if s.Type == elf.SHT_NOBITS {
		return fmt.Errorf("section %s: %w", s.Name, ErrNoBits)
	}
	return nil
}

// applyRELA64 applies ELF64 little-endian RELA entries to data, a piece of the
// section that begins at start. It returns the index of the first one that cannot
// be applied, -1 for none.
func applyRELA64(data []byte, start uint64, entries []byte, vals []uint64, ops []relOp) int {
	n := uint64(len(data))
	for i := 0; len(entries) >= 24; i++ {
		e := entries[:24:24]
		entries = entries[24:]
		off := binary.LittleEndian.Uint64(e) - start
		info := binary.LittleEndian.Uint64(e[8:])
		sym, typ := info>>32, info&0xffffffff
		if sym >= uint64(len(vals)) || typ >= uint64(len(ops)) || off >= n {
			return i
		}
		v := vals[sym] + binary.LittleEndian.Uint64(e[16:])
		switch op := ops[typ]; op {
		case opAbs32:
			if n-off < 4 {
				return i
			}
			binary.LittleEndian.PutUint32(data[off:], uint32(v))
		case opAbs64:
			if n-off < 8 {
				return i
			}
			binary.LittleEndian.PutUint64(data[off:], v)
		default:
			if !apply(binary.LittleEndian, data, op, off, v, false) {
				return i
			}
		}
	}
	return -1
}

// applyAny applies entries of any class, byte order and form.
func (f *File) applyAny(data, entries []byte, ent uint64, inPlace bool, m *machine) int {
	order := f.Order()
	for i := 0; uint64(len(entries)) >= ent; i++ {
		r := f.rel(entries, !inPlace)
		entries = entries[ent:]
		if uint64(r.sym) >= uint64(len(f.vals)) {
			return i
		}
		if !apply(order, data, m.op(r.typ), r.off, f.vals[r.sym]+r.addend, inPlace) {
			return i
		}
	}
	return -1
}

// rel decodes one entry.
func (f *File) rel(b []byte, rela bool) (r rel) {
	if !f.Class64 {
		info := f.u32(b[4:])
		r.off, r.sym, r.typ = uint64(f.u32(b)), info>>8, info&0xff
		if rela {
			r.addend = uint64(int32(f.u32(b[8:])))
		}
		return r
	}
	info := f.u64(b[8:])
	r.off, r.sym, r.typ = f.u64(b), uint32(info>>32), uint32(info)
	switch f.Machine {
	case elf.EM_MIPS:
		// r_sym is a word, then four bytes: r_ssym and three types that are
		// applied one after the other (MIPS 64-bit ABI, "Relocation"). They
		// keep this order in little-endian files, so info is not one number.
		r.sym = f.u32(b[8:])
		r.typ = binary.BigEndian.Uint32(b[12:])
	case elf.EM_SPARCV9:
		r.typ &= 0xff // the rest is data of R_SPARC_OLO10 (SPARC V9 ABI)
	}
	if rela {
		r.addend = f.u64(b[16:])
	}
	return r
}

// apply applies one operation at data[off], v being S+A, or S where the
// addend is in place. It reports whether it could.
func apply(order binary.ByteOrder, data []byte, op relOp, off, v uint64, inPlace bool) bool {
	if op == opNone {
		return true
	}
	if op == opUnknown || off >= uint64(len(data)) {
		return false
	}
	p := data[off:]
	if op > opSub64 {
		return applyOdd(order, p, op, v)
	}
	width := 1 << ((op - opAbs8) & 3)
	if len(p) < width {
		return false
	}
	old := loadN(order, p, width)
	switch {
	case op >= opSub8:
		v = old - v
	case op >= opAdd8:
		v = old + v
	case op >= opPC8:
		v -= off
		if inPlace {
			v += old
		}
	case inPlace:
		v += old
	}
	storeN(order, p, width, v)
	return true
}

func loadN(order binary.ByteOrder, p []byte, width int) uint64 {
	switch width {
	case 1:
		return uint64(p[0])
	case 2:
		return uint64(order.Uint16(p))
	case 4:
		return uint64(order.Uint32(p))
	}
	return order.Uint64(p)
}

func storeN(order binary.ByteOrder, p []byte, width int, v uint64) {
	switch width {
	case 1:
		p[0] = byte(v)
	case 2:
		order.PutUint16(p, uint16(v))
	case 4:
		order.PutUint32(p, uint32(v))
	default:
		order.PutUint64(p, v)
	}
}

// applyOdd is apply for the widths that are not whole words.
func applyOdd(order binary.ByteOrder, p []byte, op relOp, v uint64) bool {
	switch op {
	case opSet6:
		p[0] = p[0]&0xc0 | byte(v)&0x3f
	case opAdd6:
		p[0] = p[0]&0xc0 | (p[0]+byte(v))&0x3f
	case opSub6:
		p[0] = p[0]&0xc0 | (p[0]-byte(v))&0x3f
	case opAdd24, opSub24:
		if len(p) < 3 {
			return false
		}
		if op == opSub24 {
			v = -v
		}
		// Only LoongArch has them, and it is little endian.
		v += uint64(p[0]) | uint64(p[1])<<8 | uint64(p[2])<<16
		p[0], p[1], p[2] = byte(v), byte(v>>8), byte(v>>16)
	default:
		return applyULEB(p, op, v)
	}
	return true
}

// applyULEB changes a ULEB128 without changing its length, so values count
// modulo its bits: in the pair SET, SUB the first value alone may not fit.
func applyULEB(p []byte, op relOp, v uint64) bool {
	n, old := 0, uint64(0)
	for {
		if n >= len(p) || n >= 10 {
			return false
		}
		old |= uint64(p[n]&0x7f) << (7 * n)
		n++
		if p[n-1] < 0x80 {
			break
		}
	}
	switch op {
	case opAddULEB:
		v = old + v
	case opSubULEB:
		v = old - v
	}
	for i := range n {
		p[i] = p[i]&0x80 | byte(v>>(7*i))&0x7f
	}
	return true
}

// relocError says why the entry at b, which apply refused, is wrong.
func (f *File) relocError(s *Section, m *machine, b []byte, index uint64, data []byte) error {
	r := f.rel(b, s.Type == elf.SHT_RELA)
	e := &RelocError{Section: s.Name, Index: index, Off: r.off, Type: m.typeName(r.typ)}
	switch {
	case m.op(r.typ) == opUnknown:
		e.Msg = fmt.Sprintf("relocation type not supported on debug sections of %v", f.Machine)
	case uint64(r.sym) >= uint64(len(f.vals)):
		e.Msg = fmt.Sprintf("symbol %#x of %#x", r.sym, len(f.vals))
	default:
		e.Msg = fmt.Sprintf("place beyond the section, size %#x", len(data))
	}
	return e
}

// Reloc is one relocation of a section.
type Reloc struct {
	Off    uint64 // in the section it applies to
	Sym    uint32 // index in the symbol table, 0 for none
	Type   uint32 // of the machine, as debug/elf numbers them
	Addend int64  // 0 where the addend is in place (SHT_REL)
}

// Relocs returns the relocations of section i, in file order. It stops at the
// first error, which comes with a zero Reloc.
func (f *File) Relocs(i int) iter.Seq2[Reloc, error] {
	return func(yield func(Reloc, error) bool) {
		for j := range f.Sections {
			s := &f.Sections[j]
			if i <= 0 || int(s.Info) != i || s.Type != elf.SHT_REL && s.Type != elf.SHT_RELA {
				continue
			}
			ent := f.relSize(s)
			err := f.checkTable(s, ent)
			var b []byte
			if err == nil {
				b, err = f.sectionData(s)
			}
			if err != nil {
				yield(Reloc{}, err)
				return
			}
			for ; len(b) > 0; b = b[ent:] {
				r := f.rel(b, s.Type == elf.SHT_RELA)
				if !yield(Reloc{r.off, r.sym, r.typ, int64(r.addend)}, nil) {
					return
				}
			}
		}
	}
}
