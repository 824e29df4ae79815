package splitdedup

import (
	"fmt"
	"slices"
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/bigmem"
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
	alike  []btf.ID // types that may have a twin behind them, descending; see hasTwins
	twin   []btf.ID // types that stand earlier in the base too, ascending
	fwdIDs []btf.ID // ascending, without twins
	fwds   table    // the same, by what references to them contribute
	strs   *btf.StrIndex

	names     func() []uint64 // see nameList
	rewritten bool            // types is not what NewBase was given
	collide   bool

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
	b.names = func() []uint64 { return nil }
	return b
}

// NewBase indexes a base: t.Rows[0] is void, references are indexes into
// t.Rows, and names are offsets into strs. References and names must have been
// checked. Rows of KindVoid behind the first are types of unknown kinds, which
// keep their ids and are the same as no other. t and strs are kept and must not
// change.
func NewBase(t *btf.Types, strs []byte) (*Base, error) { return newBase(t, strs, false) }

func newBase(t *btf.Types, strs []byte, collide bool) (*Base, error) {
	// It takes some milliseconds and no token of a jobserver.
	var x *btf.StrIndex
	var err error
	var indexed sync.WaitGroup
	indexed.Go(func() { x, err = btf.NewStrIndex(strs) })
	return indexBase(t, strs, func() (*btf.StrIndex, error) { indexed.Wait(); return x, err }, collide)
}

// NewBaseBeside is NewBase for strings that are being indexed beside other work:
// indexed waits for that.
func NewBaseBeside(t *btf.Types, strs []byte, indexed func() (*btf.StrIndex, error)) (*Base, error) {
	return indexBase(t, strs, indexed, false)
}

func indexBase(t *btf.Types, strs []byte, indexed func() (*btf.StrIndex, error), collide bool) (*Base, error) {
	b := &Base{types: *t, seed: newSeed(), collide: collide}
	b.names = sync.OnceValue(b.nameList)
	b.hideOpaque()

	// Types are signed in the hope that names are as they should be, which shows
	// meanwhile.
	var tails bool
	var looked sync.WaitGroup
	looked.Go(func() { tails = b.hasTails(strs) })
	m := NewModule()
	err := b.sign(m)
	twins := err == nil && b.hasTwins(m)
	looked.Wait()
	var strErr error
	if b.strs, strErr = indexed(); strErr != nil {
		return nil, strErr
	}
	if tails || !b.strs.Unique() {
		b.canonicalNames()
		err = b.sign(m)
		twins = err == nil && b.hasTwins(m)
	}
	if twins {
		err = b.mergeTwins(m)
	}
	if err != nil {
		return nil, fmt.Errorf("base: %w", err)
	}
	b.indexFwds()
	m.unit.end()
	return b, nil
}

// sign signs and indexes all types with the help of m, which then has them as its
// unit.
func (b *Base) sign(m *Module) error {
	m.Reset(noBase(b.collide))
	m.strict, m.unit.seed = true, b.seed
	m.unit.begin(&b.types)
	if b.collide || b.signBeside(m) != nil {
		m.unit.begin(&b.types)
		if err := m.sign(); err != nil {
			return err
		}
		b.beginIndex(len(b.types.Rows))
		b.enter(m.unit.sigs, 1, len(b.types.Rows))
	}
	b.sigs, b.cyclic, b.fwdIDs = m.unit.sigs, m.unit.cyclic, nil
	for _, n := range m.unit.leaves {
		if b.types.Rows[n].Info.Kind() == btf.KindFwd {
			b.fwdIDs = append(b.fwdIDs, n)
		}
	}
	return nil
}

// signedAtOnce is how many types are signed before they are handed on to be entered.
const signedAtOnce = 4096

// signBeside signs all types that are in no circle and enters them beside, the last
// first, which is the order of the index.
func (b *Base) signBeside(m *Module) (err error) {
	u, n := &m.unit, len(b.types.Rows)
	b.beginIndex(n)
	m.scan()
	signed := make(chan int, n/signedAtOnce+1)
	var entered sync.WaitGroup
	entered.Go(func() {
		high := n
		for low := range signed {
			b.enter(u.sigs, low, high)
			high = low
		}
	})
	for high := n; high > 1 && err == nil; {
		low := max(1, high-signedAtOnce)
		err = u.signRange(low, high)
		signed <- low
		high = low
	}
	close(signed)
	entered.Wait()
	return err
}

// begin is reset for a base, which needs the memory once and much of it.
func (u *unit) begin(t *btf.Types) {
	n := len(t.Rows)
	u.types, u.fixed, u.cyclic = t, n, nil
	u.isBase = true
	u.cuts, u.leaves, u.fwds, u.pairs, u.obls = nil, nil, 0, nil, nil
	u.sigs, u.refs, u.depth, u.cut = bigmem.Make[uint64](n), bigmem.Make[uint64](n), bigmem.Make[uint16](n), bigmem.Make[bool](n)
	u.canon, u.head = bigmem.Make[btf.ID](n), bigmem.Make[int32](n)
	u.found, u.memo = make([]uint32, n), make([]memo, n) // next to nothing of them is used
}

// end gives back what begin took, but for what the base keeps.
func (u *unit) end() {
	bigmem.GiveBack(u.refs)
	bigmem.GiveBack(u.depth)
	bigmem.GiveBack(u.cut)
	bigmem.GiveBack(u.canon)
	bigmem.GiveBack(u.head)
	u.refs, u.depth, u.cut, u.canon, u.head = nil, nil, nil, nil, nil
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
			b.types.Rows, copied, b.rewritten = append([]btf.Row(nil), b.types.Rows...), true, true
		}
		b.types.Rows[n] = btf.Row{Info: btf.MakeInfo(btf.KindVar, 0, false)}
	}
}

// beginIndex makes an empty index for n types.
func (b *Base) beginIndex(n int) {
	b.index.slots = bigmem.Table[uint64](slotsFor(n))
	b.index.used, b.alike = 0, nil
	b.index.reset(n)
	b.index.next = bigmem.Make[btf.ID](n)
}

// enter enters the types from low up to high, the last first, so that the first of
// one signature is found first.
func (b *Base) enter(sigs []uint64, low, high int) {
	const ahead = 32
	for ; high > low; high -= ahead {
		from := max(low, high-ahead)
		b.index.look(sigs[from:high])
		for n := high - 1; n >= from; n-- {
			if b.index.add(sigs[n], btf.ID(n)) {
				b.alike = append(b.alike, btf.ID(n))
			}
		}
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
	for _, n := range u.leaves {
		u.canon[n] = n
	}
	var alike [][2]btf.ID
	for _, n := range slices.Backward(b.alike) {
		leaf := u.canon[n] == n
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
	for n := range b.sigs {
		if r := &b.types.Rows[n]; isCut(r) && !b.collide {
			b.sigs[n] = signCut(b.seed, r)
		}
	}
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
	slices.Reverse(b.twin)
	b.fwdIDs = slices.DeleteFunc(b.fwdIDs, b.isTwin)
	return nil
}

// isTwin reports whether the type id stands earlier in the base too.
func (b *Base) isTwin(id btf.ID) bool {
	_, ok := slices.BinarySearch(b.twin, id)
	return ok
}

// indexFwds enters the FWDs, the first to be found first.
func (b *Base) indexFwds() {
	b.fwds.addAll(b.seed, &b.types, b.fwdIDs)
}

// addAll fills t with types, ascending, by what references to them contribute, the
// first to be found first.
func (t *table) addAll(seed uint64, types *btf.Types, ids []btf.ID) {
	t.reset(len(ids))
	if n := len(ids); n > 0 {
		t.next = make([]btf.ID, ids[n-1]+1)
	}
	for _, id := range slices.Backward(ids) {
		t.add(signName(seed, &types.Rows[id]), id)
	}
}

// nameList returns the named structs, unions and enums without twins, in the
// order of their names' offsets, each as name<<32 | id. Modules ask for few of
// them, and not every module does.
func (b *Base) nameList() []uint64 {
	var list []uint64
	for i := range b.types.Rows {
		r := &b.types.Rows[i]
		if r.Name == 0 {
			continue
		}
		switch r.Info.Kind() {
		case btf.KindStruct, btf.KindUnion, btf.KindEnum, btf.KindEnum64:
			if !b.isTwin(btf.ID(i)) {
				list = append(list, uint64(r.Name)<<32|uint64(i))
			}
		}
	}
	slices.Sort(list)
	return list
}

// eachNamed calls f for the structs, unions and enums of a name, in the order of
// their ids.
func (b *Base) eachNamed(name btf.StrOff, f func(id btf.ID, r *btf.Row)) {
	list := b.names()
	i, _ := slices.BinarySearch(list, uint64(name)<<32)
	for ; i < len(list) && list[i]>>32 == uint64(name); i++ {
		id := btf.ID(list[i])
		f(id, &b.types.Rows[id])
	}
}

// complete returns the only struct or union of a name, 0 where there are
// several; ok says that there is one at all.
func (b *Base) complete(name btf.StrOff) (only btf.ID, ok bool) {
	b.eachNamed(name, func(id btf.ID, r *btf.Row) {
		switch {
		case isEnum(r):
		case ok:
			only = 0
		default:
			only, ok = id, true
		}
	})
	return only, ok
}

// enums returns what there is of the enums of a name, of several the first.
func (b *Base) enums(name btf.StrOff) (e enumNames) {
	b.eachNamed(name, func(id btf.ID, r *btf.Row) {
		switch {
		case !isEnum(r):
		case e.newest == 0:
			e.add(id, r)
		case e.declared == 0 && r.Info.Vlen() == 0:
			e.declared = id
		}
	})
	return e
}

// Strings returns the index of the base's strings, nil for NoBase.
func (b *Base) Strings() *btf.StrIndex { return b.strs }

// NumTypes returns the number of types, void included: the id of the first
// type of a split BTF.
func (b *Base) NumTypes() int { return len(b.types.Rows) }

// canonicalNames makes equal names equal offsets. Deduplicated BTF has that
// already.
func (b *Base) canonicalNames() {
	b.rewritten = true
	b.types.Rows = append([]btf.Row(nil), b.types.Rows...)
	b.types.Items = append([]btf.Item(nil), b.types.Items...)
	b.rename(func(off uint32) uint32 { return uint32(b.strs.Canonical(btf.StrOff(off))) })
}

// hasTails reports whether a name is the tail of another string.
func (b *Base) hasTails(strs []byte) bool {
	begins := func(off uint32) bool { return off == 0 || strs[off-1] == 0 }
	t := &b.types
	for i := range t.Rows {
		r := &t.Rows[i]
		if !begins(uint32(r.Name)) {
			return true
		}
		if !btf.Shapes[r.Info.Kind()].ItemNameStr {
			continue
		}
		items := t.ItemsOf(r)
		for j := range items {
			if !begins(items[j].Name) {
				return true
			}
		}
	}
	return false
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
	b.types, b.rewritten = btf.Types{Rows: rows, Items: items}, true
}
