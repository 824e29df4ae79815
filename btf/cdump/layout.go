package cdump

import "github.com/gobtfenc/gobtfenc/btf"

// What a compiler would make of a struct: BTF has no alignments, so that they
// are found from the members. Where the compiler would put a member, or the
// struct's end, somewhere else than BTF says, there are these means:
//
//	__attribute__((packed))    a member, or the end, is not aligned at all
//	long: 0;                   go on at the next multiple of a long
//	int: 32;                   leave room
//	char _[64];                in a union
//
// A bit-field without a name does not change the struct's own alignment.

// align returns the alignment of a type in bytes, 1 for what has none.
func (d *dumper) align(id btf.ID) uint32 {
	if a := d.aligns[id]; a != 0 {
		return a
	}
	if !d.enter(id) {
		return 1
	}
	defer d.leave()
	a, r := uint32(1), d.b.Row(id)
	switch r.Info.Kind() {
	case btf.KindInt, btf.KindEnum, btf.KindEnum64, btf.KindFloat:
		a = max(1, min(d.ptrBits/8, r.Type))
	case btf.KindPtr:
		a = d.ptrBits / 8
	case btf.KindTypedef, btf.KindVolatile, btf.KindConst, btf.KindRestrict, btf.KindTypeTag:
		a = d.align(btf.ID(r.Type))
	case btf.KindArray:
		a = d.align(d.element(id))
	case btf.KindStruct, btf.KindUnion:
		if !d.isPacked(id) {
			a = d.widest(id)
		}
	}
	d.aligns[id] = a
	return a
}

// widest returns the largest alignment of a struct's members, at least 1.
func (d *dumper) widest(id btf.ID) uint32 {
	a := uint32(1)
	for _, m := range d.b.ItemsOf(id) {
		a = max(a, d.align(btf.ID(m.Type)))
	}
	return a
}

// isPacked reports whether a struct or union can only have the attribute: a
// member, or its end, is not where its alignment would have it.
func (d *dumper) isPacked(id btf.ID) bool {
	r := d.b.Row(id)
	for _, m := range d.b.ItemsOf(id) {
		off, width := btf.MemberBits(r.Info, m.Val)
		if width == 0 && off%(8*d.align(btf.ID(m.Type))) != 0 {
			return true
		}
	}
	return r.Type%d.widest(id) != 0
}

// size returns the size of a type in bytes, 0 for what has none.
func (d *dumper) size(id btf.ID) uint64 {
	n := uint64(1)
	for d.step(id) {
		r := d.b.Row(id)
		switch r.Info.Kind() {
		case btf.KindInt, btf.KindStruct, btf.KindUnion, btf.KindEnum, btf.KindEnum64, btf.KindFloat:
			return n * uint64(r.Type)
		case btf.KindPtr:
			return n * uint64(d.ptrBits/8)
		case btf.KindTypedef, btf.KindVolatile, btf.KindConst, btf.KindRestrict, btf.KindTypeTag:
			id = btf.ID(r.Type)
		case btf.KindArray:
			if n *= uint64(d.b.ItemsOf(id)[0].Val); n > maxArray {
				d.fail(id, "array of more than %d elements", uint64(maxArray))
			}
			id = d.element(id)
		default:
			return 0
		}
	}
	return 0
}

// maxArray keeps sizes within 64 bits; a kernel takes no array of more bytes.
const maxArray = 1<<32 - 1

// filler is a bit-field type to leave room with.
type filler struct {
	name string
	bits uint64
}

// fillers returns the types to leave room with, the widest first.
func (d *dumper) fillers() [4]filler {
	return [4]filler{{"long", uint64(d.ptrBits)}, {"int", 32}, {"short", 16}, {"char", 8}}
}

// place is where a compiler stands that has read some of a struct's members.
type place struct {
	d      *dumper
	id     btf.ID // of the struct
	level  int    // of its members
	at     uint64 // bits from its start
	inBits bool   // a bit-field was last, and for goOn: another comes next
}

// goOn writes what makes the compiler go on at bit next, with something of the
// given alignment in bytes.
func (p *place) goOn(next uint64, align uint32) {
	if p.at >= next {
		return
	}
	fillers := p.d.fillers()
	n := len(fillers) - 1 // the widest type with a boundary that is not behind next
	for i, f := range fillers {
		if roundUp(p.at, f.bits) <= next {
			n = i
			break
		}
	}
	f := fillers[n]
	if to := roundUp(p.at, f.bits); to > p.at && to <= next {
		p.toBoundary(f.name, to, next, align)
	}
	for next-p.at >= f.bits && p.d.step(p.id) {
		p.gap(f.name, f.bits)
		p.at += f.bits
	}
	if p.at < next {
		for n < len(fillers)-1 && fillers[n+1].bits >= next-p.at {
			n++
		}
		p.gap(fillers[n].name, next-p.at)
	}
}

// toBoundary goes on at bit to, a boundary of the type name, not behind next.
func (p *place) toBoundary(name string, to, next uint64, align uint32) {
	switch {
	case p.inBits:
		p.gap(name, to-p.at) // no alignment parts them
	case to == next && roundUp(p.at, 8*uint64(align)) != to, to != next && next-to <= to-p.at:
		// What follows would come earlier by itself, or the room behind
		// the boundary would be made before it.
		p.gap(name, 0)
	}
	p.at = to
}

// widen makes a union as large as it is, in bytes, where no member is. GCC
// forgets those of a transparent_union.
func (p *place) widen(size, align uint32) {
	if roundUp(p.at, 8*uint64(align)) < 8*uint64(size) {
		p.d.line(p.level)
		p.d.text("char _[").num(uint64(size)).text("];")
	}
}

// gap writes a bit-field without a name.
func (p *place) gap(name string, bits uint64) {
	p.d.line(p.level)
	p.d.text(name).text(": ").num(bits).text(";")
}

func roundUp(n, to uint64) uint64 { return (n + to - 1) / to * to }
