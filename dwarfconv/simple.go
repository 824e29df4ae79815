package dwarfconv

import (
	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
)

// base adds a base type. Encodings follow pahole, which knows SIGNED and BOOL
// only: a char is a signed or unsigned integer of one byte. clang also
// declares base types that no variable has, such as DW_ATE_unsigned_24, for
// use in location expressions; BTF takes no such sizes, so they become a made
// up INT of pahole's name.
func (c *Converter) base(a *dwarf.Abbrev, off uint32) {
	size := uint32(c.value(a, slotByteSize))
	row := btf.Row{Name: c.nameOf(a), Type: size}
	var encoding uint32
	switch c.value(a, slotEncoding) {
	case dwarf.EncSigned, dwarf.EncSignedChar:
		encoding = btf.IntSigned
	case dwarf.EncBoolean:
		encoding = btf.IntBool
	case dwarf.EncFloat:
		if c.opts.Floats {
			switch size {
			case 2, 4, 8, 12, 16:
				row.Info = btf.MakeInfo(btf.KindFloat, 0, false)
				c.row(off, row)
				return
			}
		}
	}
	if size == 0 || size&(size-1) != 0 || size > 16 {
		row.Name, row.Type = c.names.strs.Intern([]byte("__SANITIZED_FAKE_INT__")), 4
	}
	row.Info, row.Aux = btf.MakeInfo(btf.KindInt, 0, false), encoding<<24|row.Type*8
	i := c.row(off, row)
	if c.intRow == 0 && row.Name == c.intName {
		c.intRow = uint32(i)
	}
}

// typedef adds a typedef. BTF takes none without a name: it is what it refers
// to.
func (c *Converter) typedef(a *dwarf.Abbrev, off uint32) int32 {
	row := btf.Row{Name: c.nameOf(a), Info: btf.MakeInfo(btf.KindTypedef, 0, false), Type: c.refOf(a, slotType)}
	if row.Name == 0 {
		row.Info, c.aliases = 0, true
	}
	i := c.row(off, row)
	c.gnuRef(a, tagType, i, -1)
	return i
}

// array adds an array. Its only item is written when the dimensions are
// known. An array of several dimensions becomes one array of all elements, as in
// pahole up to 1.31; see nested.go.
func (c *Converter) array(a *dwarf.Abbrev, off uint32) frame {
	c.spill()
	c.arrays = true
	f := frame{ctx: ctxArray, nelems: 1}
	f.row = c.row(off, btf.Row{Info: btf.MakeInfo(btf.KindArray, 0, false), Type: c.refOf(a, slotType)})
	return f
}

// maxDims is how many dimensions count, in pahole too.
const maxDims = 64

// subrange multiplies the elements by one dimension. A flexible array member
// and a bound that is no constant count as 0.
func (c *Converter) subrange(a *dwarf.Abbrev, top *frame) {
	if top.dims == maxDims {
		return
	}
	top.dims++
	n := uint32(0)
	if a.Has>>slotUpperBound&1 != 0 && c.isConst(slotUpperBound) {
		n = uint32(c.r.V[slotUpperBound] + 1)
	} else if a.Has>>slotUpperBound&1 == 0 && a.Has>>slotCount&1 != 0 && c.isConst(slotCount) {
		n = uint32(c.r.V[slotCount])
	}
	if top.dims == 2 {
		c.unit.Dims = append(c.unit.Dims, Dim{btf.ID(top.row), top.nelems})
	}
	if top.dims >= 2 {
		c.unit.Dims = append(c.unit.Dims, Dim{btf.ID(top.row), n})
	}
	top.nelems *= n
}

func (c *Converter) isConst(slot int) bool {
	k := c.r.K[slot]
	return k == dwarf.KindConst || k == dwarf.KindSigned
}

func (c *Converter) closeArray(f *frame) {
	t := &c.unit.Types
	row := &t.Rows[f.row]
	t.Items = append(t.Items, btf.Item{Type: row.Type, Val: f.nelems})
	row.Type, row.Aux = 0, uint32(len(t.Items)-1)
}
