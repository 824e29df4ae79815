package splitdedup

import (
	"bytes"

	"github.com/gobtfenc/gobtfenc/btf"
)

// rewriter copies types from one numbering to another.
type rewriter struct {
	id   func(id uint32) uint32  // of a reference that is not void
	name func(off uint32) uint32 // of a name that is not empty
}

// append appends a copy of r, whose items are items, to t.
func (w *rewriter) append(t *btf.Types, r *btf.Row, items []btf.Item) {
	row, at := *r, len(t.Items)
	s := btf.Shapes[row.Info.Kind()]
	row.Name = btf.StrOff(apply(w.name, uint32(row.Name)))
	if s.TypeIsRef {
		row.Type = apply(w.id, row.Type)
	}
	if s.HasItems {
		row.Aux = uint32(at)
	}
	t.Items = append(t.Items, items...)
	for i := range t.Items[at:] {
		it := &t.Items[at+i]
		switch {
		case s.ItemNameStr:
			it.Name = apply(w.name, it.Name)
		case s.ItemNameRef:
			it.Name = apply(w.id, it.Name)
		}
		if s.ItemTypeRef {
			it.Type = apply(w.id, it.Type)
		}
	}
	t.Rows = append(t.Rows, row)
}

// apply leaves 0, which is void or the empty string, as it is.
func apply(f func(uint32) uint32, v uint32) uint32 {
	if v == 0 {
		return 0
	}
	return f(v)
}

// stringAt returns the string at off of a section.
func stringAt(section []byte, off btf.StrOff) []byte {
	s := section[off:]
	return s[:bytes.IndexByte(s, 0)]
}
