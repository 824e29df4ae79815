package dwarfconv

import (
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Members, enumerators and parameters of prototypes come in runs, and nearly
// all are brief (dwarf/brief.go). A run is read first and its names are looked
// up then, side by side: the strings lie anywhere in .debug_str, and the
// processor waits for several at once.
//
// What is odd or wrong is left to the walk over single DIEs, which has the words
// for it: the run is taken back and the rest of the unit read without runs.

// briefClass is the class of the items of a type.
var briefClass = [...]class{
	ctxStruct: clsMember, ctxEnum: clsEnumerator, ctxProto: clsParam, ctxVariable: 0,
}

// briefs adds the run of brief items that comes next to the type of the top
// frame and returns how many DIEs that were.
func (c *Converter) briefs(top *frame) int {
	if top.spilled {
		return 0
	}
	total := 0
	for {
		start := c.r.Pos
		n := c.r.ReadBriefs(briefClass[top.ctx], c.batch[:])
		if n == 0 {
			return total
		}
		if !c.addBriefs(top, n) {
			c.r.Pos, c.plain = start, true
			return total
		}
		if total += n; n < len(c.batch) {
			return total
		}
	}
}

// addBriefs adds the first n of c.batch, and reports false and adds none where
// one of them is wrong.
func (c *Converter) addBriefs(top *frame, n int) bool {
	t := &c.unit.Types
	first, before := len(t.Items), *top
	t.Items = slices.Grow(t.Items, n)[:first+n]
	items, batch := t.Items[first:], c.batch[:n]
	ok := true
	for i := range batch {
		b, name := &batch[i], uint32(0)
		if b.Name != 0 {
			off, found := c.names.byOffset(c.sec.Str, b.Name-1)
			name, ok = uint32(off), ok && found
		}
		items[i] = btf.Item{Name: name, Type: b.Type}
	}
	switch top.ctx {
	case ctxStruct:
		for i := range batch {
			bit := batch[i].Val * 8
			ok = ok && batch[i].Val < 1<<29
			items[i].Val = uint32(bit)
			top.unsorted = top.unsorted || uint32(bit) < top.last
			top.last = uint32(bit)
		}
	case ctxEnum:
		for i := range batch {
			v := int64(batch[i].Val)
			top.noteEnumerator(v)
			items[i].Type, items[i].Val = uint32(uint64(v)>>32), uint32(v)
		}
	default:
		for i := range items {
			items[i].Val = 0
		}
	}
	if !ok {
		*top, t.Items = before, t.Items[:first]
		return false
	}
	if top.n == 0 {
		top.first = int32(first)
	}
	top.n += int32(n)
	c.open = int32(len(c.stack) - 1)
	return true
}
