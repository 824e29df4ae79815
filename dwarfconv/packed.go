package dwarfconv

import "github.com/gobtfenc/gobtfenc/btf"

// Is a struct packed? DWARF does not say. It is inferred from the layout, the
// way pahole's class__infer_packed_attributes does:
//
//	struct { char a; int b; }   with b at 1: packed
//	struct { char a; int b; }   with b at 4: a hole, so not packed
//	struct { int a; char b; }   of size 5: packed, 5 is no multiple of 4
//
// DW_AT_alignment is not taken into account.

// maxNesting bounds the walk into types that types contain or refer to. The
// deepest chain in a kernel is below 20.
const maxNesting = 64

// layout answers questions on the rows of one unit.
type layout struct {
	types    *btf.Types
	addrSize int
}

// strip skips typedefs, cv-qualifiers and type tags from id on. It returns nil
// for void and for chains that do not end.
func (l *layout) strip(id btf.ID) *btf.Row {
	for range maxNesting {
		if id == 0 || int(id) >= len(l.types.Rows) {
			return nil
		}
		r := &l.types.Rows[id]
		switch r.Info.Kind() {
		case btf.KindTypedef, btf.KindConst, btf.KindVolatile, btf.KindRestrict, btf.KindTypeTag:
			id = btf.ID(r.Type)
		default:
			return r
		}
	}
	return nil
}

// paramSize is the size of a parameter's type as pahole takes it for the
// registers: a type without a size of its own has that of the type it refers to,
// so for an array it is the element's.
func (l *layout) paramSize(id btf.ID) int {
	for range maxNesting {
		r := l.strip(id)
		if r == nil {
			return 0
		}
		switch r.Info.Kind() {
		case btf.KindPtr:
			return l.addrSize
		case btf.KindArray:
			id = btf.ID(l.types.ItemsOf(r)[0].Type)
		case btf.KindFuncProto:
			id = btf.ID(r.Type)
		default:
			return int(ownSize(r))
		}
	}
	return 0
}

// ownSize is the size that a row itself states, 0 where its kind has none.
func ownSize(r *btf.Row) uint32 {
	switch r.Info.Kind() {
	case btf.KindInt, btf.KindFloat, btf.KindStruct, btf.KindUnion, btf.KindEnum, btf.KindEnum64:
		return r.Type
	}
	return 0
}

// byteSize is sizeof of the type, 0 where it is not known.
func (l *layout) byteSize(id btf.ID) uint64 {
	n := uint64(1)
	for range maxNesting {
		r := l.strip(id)
		if r == nil {
			return 0
		}
		switch r.Info.Kind() {
		case btf.KindPtr, btf.KindFuncProto:
			return n * uint64(l.addrSize)
		case btf.KindArray:
			it := l.types.ItemsOf(r)[0]
			if n *= uint64(it.Val); n > 1<<32 {
				return 0
			}
			id = btf.ID(it.Type)
		default:
			return n * uint64(ownSize(r))
		}
	}
	return 0
}

// alignment is the natural alignment of a type, at least 1.
func (l *layout) alignment(id btf.ID, depth int) uint64 {
	r := l.strip(id)
	if r == nil || depth > maxNesting/4 {
		return 1
	}
	a := uint64(0)
	switch r.Info.Kind() {
	case btf.KindPtr:
		a = uint64(l.addrSize)
	case btf.KindInt, btf.KindFloat, btf.KindEnum, btf.KindEnum64:
		a = uint64(r.Type)
	case btf.KindArray:
		a = l.alignment(btf.ID(l.types.ItemsOf(r)[0].Type), depth+1)
	case btf.KindStruct, btf.KindUnion:
		for _, m := range l.types.ItemsOf(r) {
			a = max(a, l.alignment(btf.ID(m.Type), depth+1))
		}
	}
	return max(a, 1)
}

// member is one member in bits.
type member struct {
	start, size uint64
	unit        uint64 // bits of a bit-field's storage unit, 0 for other members
}

func (l *layout) member(r *btf.Row, it *btf.Item) member {
	size := 8 * l.byteSize(btf.ID(it.Type))
	if !r.Info.KindFlag() {
		return member{start: uint64(it.Val), size: size}
	}
	m := member{start: uint64(it.Val & 0xffffff), size: size}
	if bits := it.Val >> 24; bits != 0 {
		m.size, m.unit = uint64(bits), size
	}
	return m
}

// byteOffset is the offset of the member, of a bit-field that of its storage
// unit.
func (m *member) byteOffset() uint64 {
	if m.unit == 0 {
		return m.start / 8
	}
	return m.start / m.unit * m.unit / 8
}

// isPacked reports whether the struct r looks packed.
func (l *layout) isPacked(r *btf.Row) bool {
	if l.hasHoles(r) {
		return false
	}
	most := uint64(1)
	items := l.types.ItemsOf(r)
	for i := range items {
		align := l.alignment(btf.ID(items[i].Type), 0)
		m := l.member(r, &items[i])
		if m.byteOffset()%align != 0 {
			return true
		}
		most = max(most, align)
	}
	return uint64(r.Type)%most != 0
}

// hasHoles reports whether bytes of the struct belong to no member, between
// members or at its end. The bits that bit-fields leave over in their storage
// unit are no such bytes.
func (l *layout) hasHoles(r *btf.Row) bool {
	size := 8 * uint64(r.Type)
	seen := uint64(0)     // end of what is covered
	unitEnd := size       // end of the storage unit that is being filled
	unitSize := uint64(0) // its size, 0 outside of bit-fields
	items := l.types.ItemsOf(r)
	for i := range items {
		m := l.member(r, &items[i])
		if unitSize != 0 {
			seen = min(m.start, unitEnd)
		}
		at := 8 * m.byteOffset()
		if m.unit == 0 || seen < at && at <= m.start {
			if at/8 > seen/8 {
				return true
			}
		}
		seen = m.start + m.size
		switch {
		case m.unit == 0:
			unitSize, unitEnd = 0, seen
		case seen > unitEnd || m.unit > unitSize:
			unitSize, unitEnd = m.unit, at+m.unit
			if seen > unitEnd {
				unitEnd += m.unit
			}
		}
	}
	if unitSize != 0 {
		seen = min(size, unitEnd)
	}
	return size/8 != seen/8
}
