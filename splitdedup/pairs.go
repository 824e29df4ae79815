package splitdedup

import (
	"errors"

	"github.com/gobtfenc/gobtfenc/btf"
)

// A pair claims that a local cut type and a canonical one (or, among twins, an
// earlier local one) are the same. Its trees have been compared; it stands
// while its obligations, pairs of leaves, stand.
type pair struct {
	local  btf.ID
	canon  btf.ID
	next   int32 // next pair of the same local, -1 at the end; newest candidate first
	lo, hi int32 // unit.obls[lo:hi]
	fallen bool
	seen   int32 // unit.epoch of the walk that came by last
}

type obligation struct {
	local btf.ID
	canon btf.ID
}

// memo remembers that what refers to a local may refer to canon instead if
// obls[lo:hi] stand: their trees are equal, or it is a cut type of that name.
type memo struct {
	canon  btf.ID
	lo, hi int32
}

// What one unit may ask for. A whole vmlinux on top of itself has 8,470 pairs
// and 20,521 obligations; only a file made for it has thousands of types of one
// signature, or nameless structs that double from one to the next.
const (
	maxPairs       = 1 << 22
	maxObligations = 1 << 24
	maxTries       = 1 << 24 // comparisons of two types with each other, trees and all
)

var errTangled = errors.New("types are too entangled to compare")

// pairUp pairs every cut type of the unit with the canonical types that have
// an equal tree. Those of the base are found without the signature, which is needed
// only where the module has types of the name, too.
func (m *Module) pairUp() error {
	u := &m.unit
	for _, n := range u.cuts {
		u.found[n] = m.peekBase(n)
	}
	for _, n := range u.cuts {
		if u.cyclic == nil && !m.collide && !m.named.has(u.refs[n]) {
			m.pairWith(n, &m.base.index, u.found[n], -1)
			continue
		}
		if err := u.signOne(n, 0); err != nil {
			return err
		}
		m.pairOne(n)
	}
	return nil
}

// nameSet is a set of what references to named types contribute to signatures.
// It may say that it has what it has not.
type nameSet [1 << 10]uint64

func (s *nameSet) add(ref uint64) { s[ref>>6%uint64(len(s))] |= 1 << (ref & 63) }

func (s *nameSet) has(ref uint64) bool { return s[ref>>6%uint64(len(s))]>>(ref&63)&1 != 0 }

// pairOne pairs n; the base has been looked into.
func (m *Module) pairOne(n btf.ID) {
	u := &m.unit
	last := m.pairWith(n, &m.index, m.index.peek(u.sig(n)), -1)
	m.pairWith(n, &m.base.index, u.found[n], last)
}

// pairWith pairs n with what was found in t.
func (m *Module) pairWith(n btf.ID, t *table, found uint32, last int32) int32 {
	id, more := btf.ID(found>>1), found&1 != 0
	for id != 0 && !m.unit.tangled {
		last = m.tryPair(n, id, last)
		if !more {
			break
		}
		id = t.older(id)
	}
	return last
}

// tryPair adds the pair of local n and c behind pair last where their trees
// are equal, and returns the last pair of n.
func (m *Module) tryPair(n, c btf.ID, last int32) int32 {
	u := &m.unit
	lo := len(u.obls)
	u.tries++
	if u.tangled = u.tangled || u.tries > maxTries || len(u.pairs) >= maxPairs || lo >= maxObligations; u.tangled || !m.sameTree(n, c) {
		return last // the obligations stay: memos of what was equal refer to them
	}
	p := int32(len(u.pairs))
	u.pairs = append(u.pairs, pair{local: n, canon: c, next: -1, lo: int32(lo), hi: int32(len(u.obls))})
	if last < 0 {
		u.head[n] = p
	} else {
		u.pairs[last].next = p
	}
	return p
}

// lastPair returns the last pair of n, -1 for none.
func (u *unit) lastPair(n btf.ID) int32 {
	p := u.head[n]
	for p >= 0 && u.pairs[p].next >= 0 {
		p = u.pairs[p].next
	}
	return p
}

// allStand reports whether all obligations hold by what is known.
func (m *Module) allStand(obls []obligation) bool {
	for _, o := range obls {
		if !m.stands(o) {
			return false
		}
	}
	return true
}

// sameTree compares the tree under local n with the one under c and appends
// the leaves as obligations.
func (m *Module) sameTree(n, c btf.ID) bool {
	u := &m.unit
	r, q := &u.types.Rows[n], m.row(c)
	k := r.Info.Kind()
	s := btf.Shapes[k]
	if r.Info != q.Info || r.Name != q.Name ||
		!s.TypeIsRef && r.Type != q.Type || !s.HasItems && r.Aux != q.Aux {
		return false
	}
	if k == btf.KindVar || k == btf.KindDatasec {
		return false // never the same as another, and part of a tree in made-up types only
	}
	mark := c & local // what c refers to is local where c is
	if s.TypeIsRef && !m.sameRef(btf.ID(r.Type), btf.ID(q.Type), mark) {
		return false
	}
	if !s.HasItems {
		return true
	}
	a, b := u.types.ItemsOf(r), m.items(c, q)
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, y := &a[i], &b[i]
		if x.Val != y.Val || x.Name != y.Name && !s.ItemNameRef {
			return false
		}
		if s.ItemTypeRef {
			// Most are met again, and most have no obligations or one.
			if k := u.memo[x.Type]; k.canon == btf.ID(y.Type)|mark && y.Type != 0 && k.hi-k.lo <= 1 && len(u.obls) < maxObligations {
				if k.lo != k.hi {
					u.obls = append(u.obls, u.obls[k.lo])
				}
				continue
			}
			if !m.sameRef(btf.ID(x.Type), btf.ID(y.Type), mark) {
				return false
			}
		} else if x.Type != y.Type {
			return false
		}
	}
	return true
}

// sameRef compares what two trees refer to: local n, and c, which is marked
// local where mark is set.
func (m *Module) sameRef(n, c, mark btf.ID) bool {
	u := &m.unit
	if n == 0 || c == 0 {
		return n == c
	}
	c |= mark
	k := &u.memo[n]
	if k.canon == c {
		if int(k.hi-k.lo) > maxObligations-len(u.obls) {
			u.tangled = true
			return false
		}
		u.obls = append(u.obls, u.obls[k.lo:k.hi]...)
		return true
	}
	if int(n) >= u.fixed {
		return m.canonOf(c) == u.canon[n]
	}
	lo := len(u.obls)
	if u.isCut(n) {
		if !m.sameLeaf(n, c) {
			return false
		}
	} else if !m.sameTree(n, c) {
		return false
	}
	*k = memo{c, int32(lo), int32(len(u.obls))}
	return true
}

// sameLeaf compares cut types by what their references tell and appends what
// remains to be shown.
func (m *Module) sameLeaf(n, c btf.ID) bool {
	u := &m.unit
	r, q := &u.types.Rows[n], m.row(c)
	if r.Name != q.Name {
		return false
	}
	switch {
	case isEnum(r):
		if !isEnum(q) || !m.compatibleEnum(n, c) {
			return false
		}
		if u.canon[n] == m.canonOf(c) {
			return true
		}
		// Equal enough, but not the same.
	case u.cyclic != nil && u.cyclic[n]:
		if r.Info != q.Info {
			return false
		}
	case !compatibleClass(r, q):
		return false
	}
	u.obls = append(u.obls, obligation{n, c})
	return true
}

// canonOf returns the canonical id of c, which may be a local of this unit.
func (m *Module) canonOf(c btf.ID) btf.ID {
	if c&local != 0 {
		return m.unit.canon[c&^local]
	}
	return c
}

// compatibleClass reports whether two struct-like rows of one name may stand
// for one another: struct with struct or its FWD, union with union or its FWD.
func compatibleClass(r, q *btf.Row) bool {
	a, b := composite(r), composite(q)
	return a == b && a != btf.KindVoid
}

// composite returns the kind that a struct, a union or a FWD declares.
func composite(r *btf.Row) btf.Kind {
	switch k := r.Info.Kind(); k {
	case btf.KindStruct, btf.KindUnion:
		return k
	case btf.KindFwd:
		if r.Info.KindFlag() {
			return btf.KindUnion
		}
		return btf.KindStruct
	}
	return btf.KindVoid
}

// compatibleEnum reports whether named enum n may stand for c: their canonical
// types agree, or, outside strict mode, it is open what one of them is.
func (m *Module) compatibleEnum(n, c btf.ID) bool {
	if m.unit.canon[n] == m.canonOf(c) {
		return true
	}
	return !m.strict && (m.isOpen(n|local) || m.isOpen(c))
}

// refute lets pairs from first on fall whose obligations do not stand, until
// none falls.
func (m *Module) refute(first int) {
	u := &m.unit
	again := true
	for round := 0; again; round++ {
		if round == sweeps {
			m.refuteRest(first)
			return
		}
		again = false
		for i := len(u.pairs) - 1; i >= first; i-- {
			p := &u.pairs[i]
			if p.fallen {
				continue
			}
			for _, o := range u.obls[p.lo:p.hi] {
				if !m.stands(o) {
					p.fallen, again = true, true
					break
				}
			}
		}
	}
}

// stands reports whether an obligation holds by what is known. Among twins
// (o.canon is local) and in strict mode a FWD stands only for itself.
func (m *Module) stands(o obligation) bool {
	u := &m.unit
	if p := u.head[o.local]; p >= 0 && u.pairs[p].canon == o.canon && !u.pairs[p].fallen {
		return true
	}
	switch r := &u.types.Rows[o.local]; {
	case isEnum(r):
		return true // compared already
	case r.Info.Kind() == btf.KindFwd:
		return !m.strict && o.canon&local == 0 || u.canon[o.local] == m.canonOf(o.canon)
	}
	if m.standing(o.local, o.canon) >= 0 {
		return true
	}
	if m.strict || o.canon&local != 0 || m.row(o.canon).Info.Kind() != btf.KindFwd {
		return false
	}
	if c := m.resolved.get(m.fwdKey(o.canon)); c != 0 {
		return m.standing(o.local, c) >= 0
	}
	u.completes = true
	return true
}

// standing returns the pair that says local n and c are the same, -1 for none.
func (m *Module) standing(n, c btf.ID) int32 {
	u := &m.unit
	if c&local != 0 {
		return m.standingTwin(n, c&^local)
	}
	for p := u.head[n]; p >= 0; p = u.pairs[p].next {
		if u.pairs[p].canon == c && !u.pairs[p].fallen {
			return p
		}
	}
	return -1
}

// choose makes a standing pair of each cut type its canonical type. Where
// several stand, because a FWD stands for more than one complete type, or where
// the unit completes a FWD of the base, the order of choice matters.
func (m *Module) choose() {
	u := &m.unit
	if u.inOrder = m.completesBase() || m.isAmbiguous(); u.inOrder {
		m.chooseInOrder()
		return
	}
	for _, n := range u.cuts {
		for p := u.head[n]; p >= 0; p = u.pairs[p].next {
			if !u.pairs[p].fallen {
				u.canon[n] = u.pairs[p].canon
				break
			}
		}
	}
	if u.fwds > 0 && !m.strict {
		m.chooseWholes()
	}
}

// isAmbiguous reports whether a cut type has several standing pairs.
func (m *Module) isAmbiguous() bool {
	u := &m.unit
	for _, n := range u.cuts {
		count := 0
		for p := u.head[n]; p >= 0; p = u.pairs[p].next {
			if !u.pairs[p].fallen {
				count++
			}
		}
		if count > 1 {
			return true
		}
	}
	return false
}
