package dwarfconv

import (
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// resolve turns the DIE offsets in rows and items into ids.
func (c *Converter) resolve() {
	c.ids.count()
	t := &c.unit.Types
	index := c.intRow
	if index == 0 && c.arrays {
		index = uint32(len(t.Rows))
	}
	for i := 1; i < len(t.Rows); i++ {
		r := &t.Rows[i]
		switch r.Info.Kind() {
		case btf.KindStruct, btf.KindUnion:
			c.resolveItems(t.ItemsOf(r))
		case btf.KindFuncProto:
			r.Type = c.resolveRef(r.Type)
			c.resolveItems(t.ItemsOf(r))
		case btf.KindArray:
			it := &t.Items[r.Aux]
			it.Name, it.Type = index, c.resolveRef(it.Type)
		case btf.KindPtr, btf.KindTypedef, btf.KindConst, btf.KindVolatile, btf.KindRestrict, btf.KindVoid:
			r.Type = c.resolveRef(r.Type)
		}
	}
	if index != c.intRow {
		t.Rows = append(t.Rows, btf.Row{
			Name: c.intName, Info: btf.MakeInfo(btf.KindInt, 0, false), Type: 4, Aux: btf.IntSigned<<24 | 32,
		})
	}
}

// resolveItems is resolveRef for the types of items.
func (c *Converter) resolveItems(items []btf.Item) {
	for i := range items {
		off := items[i].Type
		id := uint32(c.ids.find(off))
		if id == 0 && off != 0 {
			c.dangle(off)
		}
		items[i].Type = id
	}
}

// resolveRef returns the id of the type DIE at off, 0 for none.
func (c *Converter) resolveRef(off uint32) uint32 {
	if off == 0 {
		return 0
	}
	id := uint32(c.ids.find(off))
	if id == 0 {
		c.dangle(off)
	}
	return id
}

// dangle counts a reference that leads to no type. Unspecified types, such as
// decltype(nullptr) and an assembler function's, are void on purpose.
func (c *Converter) dangle(off uint32) {
	if _, ok := slices.BinarySearch(c.voids, off); !ok {
		c.dangling++
	}
}

// typeAt returns the local id of the type DIE at off. It is 0 for an absent
// reference, an unspecified type and what is no type.
func (c *Converter) typeAt(off uint32) btf.ID {
	id := c.ids.find(off)
	if c.remap != nil {
		id = c.remap[id]
	}
	return id
}

// finish does what needs resolved types.
func (c *Converter) finish() error {
	c.signEnum64s()
	for _, s := range c.specs {
		rows := c.unit.Types.Rows
		rows[s.index].Name = rows[c.ids.find(s.off)].Name
	}
	c.placeOldBits()
	c.sortMembers()
	if err := c.completeVars(); err != nil {
		return err
	}
	c.addTags()
	if c.aliases {
		c.dropAliases()
	}
	c.funcs.convert(&c.raw, c, &c.unit)
	return nil
}

// isClang reports whether clang made a unit.
func (c *Converter) isClang(unit int32) bool { return c.raw.units[unit].clang }

// dropAliases removes the rows that stand for another type, which only odd
// input has.
func (c *Converter) dropAliases() {
	t := &c.unit.Types
	c.remap = make([]btf.ID, len(t.Rows))
	kept := btf.ID(1)
	starts := c.unit.Starts
	for i := 1; i < len(t.Rows); i++ {
		for ; len(starts) > 0 && int(starts[0]) == i; starts = starts[1:] {
			starts[0] = int32(kept)
		}
		if t.Rows[i].Info.Kind() != btf.KindVoid {
			c.remap[i] = kept
			kept++
		}
	}
	for i := range starts {
		starts[i] = int32(kept)
	}
	for i := 1; i < len(t.Rows); i++ {
		if t.Rows[i].Info.Kind() == btf.KindVoid {
			c.remap[i] = c.remap[aliasTarget(t.Rows, i)]
		}
	}
	rows := t.Rows[:1]
	for i := 1; i < len(t.Rows); i++ {
		r := t.Rows[i]
		if r.Info.Kind() == btf.KindVoid {
			continue
		}
		shape := &btf.Shapes[r.Info.Kind()]
		if shape.TypeIsRef {
			r.Type = uint32(c.remap[r.Type])
		}
		items := t.ItemsOf(&r)
		for j := range items {
			if shape.ItemTypeRef {
				items[j].Type = uint32(c.remap[items[j].Type])
			}
			if shape.ItemNameRef {
				items[j].Name = uint32(c.remap[items[j].Name])
			}
		}
		rows = append(rows, r)
	}
	t.Rows = rows
	for i := range c.unit.Vars {
		c.unit.Vars[i].Type = c.remap[c.unit.Vars[i].Type]
	}
	for i := range c.unit.Dims {
		c.unit.Dims[i].Array = c.remap[c.unit.Dims[i].Array]
	}
}

// aliasTarget follows aliases; a chain that does not end is void.
func aliasTarget(rows []btf.Row, i int) int {
	for range 64 {
		if rows[i].Info.Kind() != btf.KindVoid || i == 0 {
			return i
		}
		i = int(rows[i].Type)
	}
	return 0
}
