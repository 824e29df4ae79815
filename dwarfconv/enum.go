package dwarfconv

import (
	"math"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
)

// Enumerations. An enumeration of more than four bytes, or with an enumerator
// that 32 bits do not hold, is an ENUM64; it is signed where its underlying
// type is. An ENUM is signed where an enumerator is negative.

func (c *Converter) enum(a *dwarf.Abbrev, off uint32) frame {
	if c.bySignature(a, off) {
		return frame{ctx: ctxOther}
	}
	size := uint32(c.value(a, slotByteSize))
	if size == 0 {
		size = 4
	}
	if size > 8 || size&(size-1) != 0 {
		c.r.Fail(c.r.Pos, "enumeration of %d bytes", size)
	}
	c.spill()
	f := frame{ctx: ctxEnum}
	f.row = c.row(off, btf.Row{Name: c.nameOf(a), Info: btf.MakeInfo(btf.KindEnum, 0, false), Type: size})
	if a.Has>>slotType&1 != 0 {
		c.enum64s = append(c.enum64s, refPair{uint32(f.row), c.ref(slotType)})
	} else {
		f.noType = true
	}
	return f
}

// enumerator adds a value in ENUM64's form: high half in Type, low in Val.
func (c *Converter) enumerator(a *dwarf.Abbrev, top *frame) {
	v := int64(c.value(a, slotConstValue))
	top.noteEnumerator(v)
	c.item(top, btf.Item{Name: uint32(c.nameOf(a)), Type: uint32(uint64(v) >> 32), Val: uint32(v)})
}

// noteEnumerator notes what a value says of the whole enumeration.
func (f *frame) noteEnumerator(v int64) {
	f.negative = f.negative || v < 0
	f.wide = f.wide || v < math.MinInt32 || v > math.MaxUint32
}

func (c *Converter) closeEnum(f *frame, row *btf.Row) {
	kind, signed := btf.KindEnum, f.negative
	switch {
	case !c.opts.Enum64:
		signed = false
	case f.wide || row.Type > 4:
		// The underlying type, where there is one, decides in resolve.
		kind, signed = btf.KindEnum64, f.negative && f.noType
	}
	if kind == btf.KindEnum && (f.negative || f.wide) {
		items := c.unit.Types.Items[f.first : f.first+f.n]
		for i := range items {
			items[i].Type = 0
		}
	}
	row.Info = btf.MakeInfo(kind, int(f.n), signed)
}

// signEnum64s sets the sign of each ENUM64 with an underlying type.
func (c *Converter) signEnum64s() {
	rows := c.unit.Types.Rows
	for _, e := range c.enum64s {
		row, under := &rows[e.index], &rows[c.ids.find(e.off)]
		if row.Info.Kind() == btf.KindEnum64 && under.Info.Kind() == btf.KindInt && under.Aux>>24&btf.IntSigned != 0 {
			row.Info |= 1 << 31
		}
	}
}
