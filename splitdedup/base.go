package splitdedup

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Base is the types that modules are deduplicated against, indexed by
// signature. It is built once and never written afterwards: any number of
// goroutines may use it.
type Base struct {
	// types is the base with canonical names and references: where the base
	// has a type twice, references lead to the first.
	types  btf.Types
	sigs   []uint64 // by id
	cyclic []bool   // nil where no type is cut although its kind is not
	index  table    // the first of each type
	fwds   table    // FWDs, by what references to them contribute
	strs   *btf.StrIndex

	// complete maps the names of structs and unions to their only type, or to
	// 0 where there are several.
	complete map[btf.StrOff]btf.ID

	enums map[btf.StrOff]enumNames // named ones

	collide bool
}

// NoBase is the base of BTF that stands alone: no types but void, no strings.
func NoBase() *Base { return noBase(false) }

func noBase(collide bool) *Base {
	b := &Base{types: btf.Types{Rows: make([]btf.Row, 1)}, sigs: []uint64{prime}, collide: collide}
	b.index.reset(0)
	b.fwds.reset(0)
	return b
}

// NewBase indexes a base: t.Rows[0] is void, references are indexes into
// t.Rows, and names are offsets into strs. References and names must have been
// checked. t and strs are kept and must not change.
func NewBase(t *btf.Types, strs []byte) (*Base, error) { return newBase(t, strs, false) }

func newBase(t *btf.Types, strs []byte, collide bool) (*Base, error) {
	x, err := btf.NewStrIndex(strs)
	if err != nil {
		return nil, err
	}
	b := &Base{types: *t, strs: x, complete: map[btf.StrOff]btf.ID{}, enums: map[btf.StrOff]enumNames{}, collide: collide}
	b.canonicalNames()

	m := NewModule()
	m.Reset(noBase(collide))
	m.strict = true
	m.unit.reset(&b.types, len(b.types.Rows))
	canon, err := m.add()
	if err != nil {
		return nil, fmt.Errorf("base: %w", err)
	}
	b.sigs, b.cyclic = append([]uint64(nil), m.unit.sigs...), m.unit.cyclic

	first := make([]btf.ID, m.Len())
	for n := len(canon) - 1; n > 0; n-- {
		first[canon[n]] = btf.ID(n)
	}
	if m.Len() < len(canon) {
		b.redirect(canon, first)
	}
	b.index.reset(len(canon))
	b.index.next = make([]btf.ID, len(canon))
	b.fwds.reset(1024)
	for n := len(canon) - 1; n > 0; n-- { // the first one is found first
		if first[canon[n]] != btf.ID(n) {
			continue
		}
		b.index.add(b.sigs[n], btf.ID(n))
		if r := &b.types.Rows[n]; r.Name != 0 {
			switch r.Info.Kind() {
			case btf.KindFwd:
				b.fwds.add(signName(r), btf.ID(n))
			case btf.KindEnum, btf.KindEnum64:
				e := b.enums[r.Name]
				e.add(btf.ID(n), r)
				b.enums[r.Name] = e
			case btf.KindStruct, btf.KindUnion:
				id := btf.ID(n)
				if _, ok := b.complete[r.Name]; ok {
					id = 0
				}
				b.complete[r.Name] = id
			}
		}
	}
	return b, nil
}

// Strings returns the index of the base's strings, nil for NoBase.
func (b *Base) Strings() *btf.StrIndex { return b.strs }

// NumTypes returns the number of types, void included: the id of the first
// type of a split BTF.
func (b *Base) NumTypes() int { return len(b.types.Rows) }

// canonicalNames makes equal names equal offsets. Deduplicated BTF has that
// already; then nothing is copied.
func (b *Base) canonicalNames() {
	if b.strs.Unique() && !b.hasTails() {
		return
	}
	b.types.Rows = append([]btf.Row(nil), b.types.Rows...)
	b.types.Items = append([]btf.Item(nil), b.types.Items...)
	b.rename(func(off uint32) uint32 { return uint32(b.strs.Canonical(btf.StrOff(off))) })
}

// hasTails reports whether a name is the tail of another string.
func (b *Base) hasTails() bool {
	tail := false
	b.rename(func(off uint32) uint32 {
		tail = tail || !b.strs.Begins(btf.StrOff(off))
		return off
	})
	return tail
}

// rename replaces every name by what f makes of it, and writes only where that
// is another one.
func (b *Base) rename(f func(off uint32) uint32) {
	t := &b.types
	for i := range t.Rows {
		r := &t.Rows[i]
		if off := f(uint32(r.Name)); off != uint32(r.Name) {
			r.Name = btf.StrOff(off)
		}
		if !btf.Shapes[r.Info.Kind()].ItemNameStr {
			continue
		}
		items := t.ItemsOf(r)
		for j := range items {
			if off := f(items[j].Name); off != items[j].Name {
				items[j].Name = off
			}
		}
	}
}

// redirect leads all references to the first of equal types.
func (b *Base) redirect(canon, first []btf.ID) {
	rows := append([]btf.Row(nil), b.types.Rows...)
	items := append([]btf.Item(nil), b.types.Items...)
	to := func(id uint32) uint32 { return uint32(first[canon[id]]) }
	for i := range rows {
		r := &rows[i]
		s := btf.Shapes[r.Info.Kind()]
		if s.TypeIsRef {
			r.Type = to(r.Type)
		}
		if s.ItemTypeRef {
			for j := int(r.Aux); j < int(r.Aux)+r.NumItems(); j++ {
				items[j].Type = to(items[j].Type)
			}
		}
	}
	b.types = btf.Types{Rows: rows, Items: items}
}
