package dwarfconv

import "github.com/gobtfenc/gobtfenc/dwarf"

// subprogram appends the raw row of the subprogram just read.
func (c *Converter) subprogram(a *dwarf.Abbrev, top *frame, off uint32) int32 {
	s := subprogram{
		off: off, typ: c.refOf(a, slotType), origin: c.refOf(a, slotOrigin), spec: c.refOf(a, slotSpec),
		name: c.nameOf(a), unit: int32(len(c.raw.units) - 1), first: int32(len(c.raw.params)),
		cc: uint8(c.value(a, slotCallConv)), inline: uint8(c.value(a, slotInline)),
	}
	for _, f := range subFlagSlots {
		if c.value(a, f.slot) != 0 {
			s.flags |= f.flag
		}
	}
	if a.Has>>slotLowPC&1 != 0 {
		if pc, ok := c.address(c.r.K[slotLowPC], c.r.V[slotLowPC]); ok {
			s.lowPC = pc
			s.flags |= subHasLowPC
		}
	}
	if a.Has>>slotRanges&1 != 0 {
		s.flags |= subHasRanges
	}
	if a.Has>>slotInline&1 != 0 {
		s.flags |= subHasInline
	}
	if top.ctx != ctxTop {
		s.flags |= subNested
	}
	i := int32(len(c.raw.subs))
	c.raw.subs = append(c.raw.subs, s)
	c.gnuRef(a, tagSub, i, -1)
	return i
}

var subFlagSlots = [...]struct {
	slot int
	flag subFlags
}{
	{slotDeclaration, subDeclaration}, {slotExternal, subExternal},
	{slotPrototyped, subPrototyped}, {slotArtificial, subArtificial},
}

// param appends the raw row of the parameter just read.
func (c *Converter) param(a *dwarf.Abbrev, top *frame, off uint32) {
	p := rawParam{
		off: off, typ: c.refOf(a, slotType), origin: c.refOf(a, slotOrigin), name: c.nameOf(a),
		constValue: a.Has>>slotConstValue&1 != 0,
	}
	if a.Has>>slotLocation&1 != 0 {
		c.location(&p)
	}
	s := &c.raw.subs[top.row]
	end := s.first + s.n
	top.n++
	s.n++
	c.raw.params = append(c.raw.params, p)
	if int(end) < len(c.raw.params)-1 {
		if c.late++; c.late > maxLate {
			c.r.Fail(c.r.Pos, "more than %d parameters stand behind functions inside their own", maxLate)
			return
		}
		c.lateParam(end)
	}
	if a.Has>>slotAnnotation&1 != 0 {
		c.gnuRef(a, tagSub, top.row, top.n-1)
	}
}

// maxLate bounds the work of lateParam in a group.
const maxLate = 1 << 10

// lateParam moves the last parameter to index end, behind those of its own
// function: another function was declared in between. No compiler is known to
// write that.
func (c *Converter) lateParam(end int32) {
	ps := c.raw.params
	p := ps[len(ps)-1]
	copy(ps[end+1:], ps[end:len(ps)-1])
	ps[end] = p
	for i := range c.raw.subs {
		if s := &c.raw.subs[i]; s.first >= end && s.n > 0 {
			s.first++
		}
	}
	c.raw.unsorted = true
}

// location classifies slotLocation. DWARF before version 4 gave offsets of
// lists the form of plain numbers.
func (c *Converter) location(p *rawParam) {
	v := c.r.V[slotLocation]
	p.form = locBad
	switch kind := c.r.K[slotLocation]; kind {
	case dwarf.KindBlock:
		p.form, p.locOff, p.locLen = locExpr, v, c.r.Len[slotLocation]
	case dwarf.KindSecOffset, dwarf.KindConst:
		if kind == dwarf.KindConst && c.version > 3 {
			return
		}
		p.form, p.locOff = locList, v
		if c.version >= 5 {
			p.form = locLists
		}
	case dwarf.KindLoclistx:
		if off, ok := c.loclistx(v); ok {
			p.form, p.locOff = locLists, off
		}
	}
}

// loclistx returns the offset in .debug_loclists of list index (DWARF 5
// §7.29): the base points at the table of offsets, which count from there.
func (c *Converter) loclistx(index uint64) (uint64, bool) {
	b, size := c.unitSec.Loclists, uint64(4)
	if c.unit64 {
		size = 8
	}
	pos := c.loclistsBase + index*size
	if index > uint64(len(b)) || c.loclistsBase > uint64(len(b)) || pos > uint64(len(b)) || uint64(len(b))-pos < size {
		return 0, false
	}
	off := uint64(0)
	if size == 8 {
		off = c.unitSec.Order.Uint64(b[pos:])
	} else {
		off = uint64(c.unitSec.Order.Uint32(b[pos:]))
	}
	if off >= uint64(len(b))-c.loclistsBase {
		return 0, false
	}
	return c.loclistsBase + off, true
}
