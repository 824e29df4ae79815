package splitdedup

import (
	"fmt"
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Base is the types that modules are deduplicated against, indexed by
// signature. It is built once and never written afterwards: any number of
// goroutines may use it.
type Base struct {
	// types is the base with canonical names and references: where the base
	// has a type twice, references lead to the first.
	types  btf.Types
	seed   uint64   // of all signatures
	sigs   []uint64 // by id
	cyclic []bool   // nil where no type is cut although its kind is not
	index  table    // the first of each type
	twin   []btf.ID // types that stand earlier in the base too, descending
	fwds   table    // FWDs, by what references to them contribute
	strs   *btf.StrIndex

	// complete maps the names of structs and unions to their only type, or to
	// 0 where there are several.
	complete map[btf.StrOff]btf.ID

	enums map[btf.StrOff]enumNames // named ones

	collide bool

	// For relocation, filled by the first call that needs it: see named.
	namedOnce  sync.Once
	namedTypes map[btf.StrOff][]btf.ID
}

// NoBase is the base of BTF that stands alone: no types but void, no strings.
func NoBase() *Base { return noBase(false) }

func noBase(collide bool) *Base {
	b := &Base{types: btf.Types{Rows: make([]btf.Row, 1)}, seed: newSeed(), sigs: []uint64{prime}, collide: collide}
	b.index.reset(0)
	b.fwds.reset(0)
	return b
}

// NewBase indexes a base: t.Rows[0] is void, references are indexes into
// t.Rows, and names are offsets into strs. References and names must have been
// checked. Rows of KindVoid behind the first are types of unknown kinds, which
// keep their ids and are the same as no other. t and strs are kept and must not
// change.
func NewBase(t *btf.Types, strs []byte) (*Base, error) { return newBase(t, strs, false) }

func newBase(t *btf.Types, strs []byte, collide bool) (*Base, error) {
	x, err := btf.NewStrIndex(strs)
	if err != nil {
		return nil, err
	}
	b := &Base{types: *t, seed: newSeed(), strs: x, complete: map[btf.StrOff]btf.ID{}, enums: map[btf.StrOff]enumNames{}, collide: collide}
	b.hideOpaque()
	b.canonicalNames()

	m := NewModule()
	m.Reset(noBase(collide))
	m.strict, m.unit.seed = true, b.seed
	m.unit.reset(&b.types, len(b.types.Rows))
	if err := m.sign(); err != nil {
		return nil, fmt.Errorf("base: %w", err)
	}
	b.sigs, b.cyclic = m.unit.sigs, m.unit.cyclic
	b.indexAll()
	if b.hasTwins(m) {
		if err := b.mergeTwins(m); err != nil {
			return nil, fmt.Errorf("base: %w", err)
		}
	}
	b.indexNames()
	return b, nil
}

// hideOpaque puts a VAR without name and type in the place of every type of an
// unknown kind (see btf.BTF.Opaque). They hold their ids, and as VARs they are
// the same as no other type: nothing is known of what they mean.
func (b *Base) hideOpaque() {
	copied := false
	for n := 1; n < len(b.types.Rows); n++ {
		if b.types.Rows[n].Info != 0 {
			continue
		}
		if !copied {
			b.types.Rows, copied = append([]btf.Row(nil), b.types.Rows...), true
		}
		b.types.Rows[n] = btf.Row{Info: btf.MakeInfo(btf.KindVar, 0, false)}
	}
}

// indexAll enters all types, the last first, so that the first of one signature
// is found first.
func (b *Base) indexAll() {
	b.index.reset(len(b.sigs))
	b.index.next = make([]btf.ID, len(b.sigs))
	for n := len(b.sigs) - 1; n > 0; n-- {
		b.index.add(b.sigs[n], btf.ID(n))
	}
}

// maxAlike is how many pairs of types with equal signatures are compared before
// a base is taken for one that has twins.
const maxAlike = 1 << 16

// hasTwins reports whether the base has a type twice. A deduplicated base has
// not: then each type is its own canonical one, and only the few types of equal
// signatures need a look. It may report true where there are none. m holds the
// base as its unit, signed.
func (b *Base) hasTwins(m *Module) bool {
	u := &m.unit
	if u.cyclic != nil {
		return true
	}
	var alike [][2]btf.ID
	for n := btf.ID(1); int(n) < len(b.sigs); n++ {
		r := &b.types.Rows[n]
		leaf := r.Info.Kind() == btf.KindFwd || u.cut[n] && isEnum(r)
		if leaf {
			u.canon[n] = n
		}
		for c := b.index.older(n); c != 0; c = b.index.older(c) {
			switch {
			case b.sigs[c] != b.sigs[n]:
			case u.cut[n] && !leaf:
				m.tryPair(c, n|local, u.lastPair(c))
			default:
				alike = append(alike, [2]btf.ID{c, n})
			}
			if u.tangled || len(u.pairs)+len(alike) > maxAlike {
				return true
			}
		}
	}
	m.refute(0)
	for i := range u.pairs {
		if !u.pairs[i].fallen {
			return true
		}
	}
	for _, t := range alike {
		if k := b.types.Rows[t[0]].Info.Kind(); k == btf.KindVar || k == btf.KindDatasec {
			continue
		}
		lo := len(u.obls)
		if m.sameTree(t[0], t[1]|local) && m.allStand(u.obls[lo:]) {
			return true
		}
	}
	return false
}

// mergeTwins leads references to the first of equal types and leaves the others
// out of the index.
func (b *Base) mergeTwins(m *Module) error {
	m.unit.reset(&b.types, len(b.types.Rows))
	canon, err := m.add()
	if err != nil {
		return err
	}
	b.sigs, b.cyclic = m.unit.sigs, m.unit.cyclic
	first := make([]btf.ID, m.Len())
	for n := len(canon) - 1; n > 0; n-- {
		first[canon[n]] = btf.ID(n)
	}
	if m.Len() == len(canon) {
		return nil
	}
	b.redirect(canon, first)
	b.index.reset(len(canon))
	clear(b.index.next)
	b.index.next = b.index.next[:len(canon)]
	for n := len(canon) - 1; n > 0; n-- {
		if first[canon[n]] == btf.ID(n) {
			b.index.add(b.sigs[n], btf.ID(n))
		} else {
			b.twin = append(b.twin, btf.ID(n))
		}
	}
	return nil
}

// indexNames notes what is found by name.
func (b *Base) indexNames() {
	b.fwds.reset(1024)
	twins := b.twin
	for n := len(b.sigs) - 1; n > 0; n-- {
		if len(twins) > 0 && twins[0] == btf.ID(n) {
			twins = twins[1:]
			continue
		}
		r := &b.types.Rows[n]
		if r.Name == 0 {
			continue
		}
		switch r.Info.Kind() {
		case btf.KindFwd:
			b.fwds.add(signName(b.seed, r), btf.ID(n))
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
