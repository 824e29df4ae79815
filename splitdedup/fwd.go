package splitdedup

import "github.com/gobtfenc/gobtfenc/btf"

// Forward declarations
//
// A unit that only uses pointers to struct x declares it, and whatever it
// compiles that reaches x then looks different from what a unit with the
// definition compiles. So while units are added, FWD x stands for any complete
// x, whichever side it is on, as in libbpf's dedup (btf_dedup_is_equiv,
// hypot_adjust_canon). There is one canonical FWD per name and kind, and the
// first complete type it met is what it resolves to.
//
// A FWD in the base that a unit of the module completes is the delicate case:
// the base cannot be changed, so base types that reach the FWD are not quite
// what the module declares. libbpf keeps the first type of the unit that it
// compares with such a base type as the module's own and resolves the FWD;
// from then on the FWD counts as complete and later types are the base's. What
// remains of the first type after Finish depends on it: where it refers to the
// completed type itself it stays (struct platform_device in mfd-core.ko, whose
// mfd_cell is a FWD in vmlinux), otherwise all it refers to is the base's, and
// so is the type (file_system_type in 8021q.ko, which pahole leaves behind).

// chooseInOrder chooses as libbpf does, type by type in the unit's order,
// where the order matters: because the unit completes a FWD of the base, or
// because a FWD stood for several complete types and left several candidates.
//
// The first candidate whose graph is the same wins, and what it reaches comes
// along. A candidate whose graph holds a base FWD that the unit completes is
// claimed instead: it is not the same, but the FWD is resolved, so that the
// next type which reaches it finds it complete.
func (m *Module) chooseInOrder() {
	u := &m.unit
	for n := btf.ID(1); int(n) < u.fixed; n++ {
		if u.canon[n] != 0 {
			continue
		}
		if m.takesPart(n) {
			m.pairWhole(n)
		}
		for p := u.head[n]; p >= 0; p = u.pairs[p].next {
			if u.pairs[p].fallen || m.claim(p) {
				continue
			}
			u.canon[n] = u.pairs[p].canon
			m.bringAlong(p)
			break
		}
		if u.canon[n] == 0 && u.isCut(n) && u.head[n] >= 0 {
			u.canon[n] = n | local // new, whatever brings it along later
		}
	}
}

// takesPart reports whether n, which is no cut type, is compared as a whole,
// like a struct with a name, because FWDs in its tree may stand for complete
// types, or a struct in it may become the module's although what n belongs to
// is the base's (struct request of cxgb4.ko, Linux 6.1 for i386 and s390x, whose
// bio_vec has two shapes): interned leaf by leaf it would be another type than the
// one it matches, which nobody needs.
func (m *Module) takesPart(n btf.ID) bool {
	u := &m.unit
	switch u.types.Rows[n].Info.Kind() {
	case btf.KindStruct, btf.KindUnion:
		return !u.isCut(n) && (u.inOrder || u.hasFwd(n))
	case btf.KindTypedef:
		return m.TypedefGraphs && !u.isCut(n) && (u.inOrder || u.hasFwd(n))
	}
	return false
}

// hasFwd reports whether a leaf of n's tree is a FWD.
func (u *unit) hasFwd(n btf.ID) bool {
	if d := u.depth[n]; d != 0 {
		return d&viaFwd != 0
	}
	k := &u.memo[n]
	for _, o := range u.obls[k.lo:k.hi] {
		if u.types.Rows[o.local].Info.Kind() == btf.KindFwd {
			return true
		}
	}
	return false
}

// chooseWholes is chooseInOrder for the types that take part without being cut,
// where the order does not matter.
func (m *Module) chooseWholes() {
	u := &m.unit
	for n := btf.ID(1); int(n) < u.fixed; n++ {
		if !m.takesPart(n) {
			continue
		}
		m.pairWhole(n)
		for p := u.head[n]; p >= 0; p = u.pairs[p].next {
			if !u.pairs[p].fallen {
				u.canon[n] = u.pairs[p].canon
				break
			}
		}
	}
}

// pairWhole pairs a type that is no cut type with those of its signature, as
// far as the pairs stand.
func (m *Module) pairWhole(n btf.ID) {
	u := &m.unit
	first := len(u.pairs)
	u.found[n] = m.base.index.peek(u.sig(n))
	m.pairOne(n)
	for i := first; i < len(u.pairs); i++ {
		p := &u.pairs[i]
		p.fallen = !m.allStand(u.obls[p.lo:p.hi])
	}
}

// claim walks what pair start reaches, resolves every FWD there that the unit
// completes, and reports whether one of them stands in the base itself. A base
// FWD met through one of the module's own types does not count: that type was
// never the base's.
func (m *Module) claim(start int32) bool {
	u := &m.unit
	claimed := false
	m.reach(start, func(o obligation) {
		if u.types.Rows[o.local].Info.Kind() == btf.KindFwd || m.row(o.canon).Info.Kind() != btf.KindFwd {
			return
		}
		if fwd := m.fwdKey(o.canon); m.resolved.get(fwd) == 0 {
			m.resolved.set(fwd, o.local|local)
			m.pending = append(m.pending, fwd)
			claimed = claimed || o.canon < m.first
		}
	})
	return claimed
}

// bringAlong makes canonical what the pair start reaches, and resolves the
// unit's FWDs that met a complete type there. From one of the module's own
// types libbpf walks on through the unit that declared it, where a claimed type
// is the module's own even if what refers to it has become the base's.
func (m *Module) bringAlong(start int32) {
	u := &m.unit
	fromOwn := u.pairs[start].canon >= m.first
	m.reach(start, func(o obligation) {
		c := m.complete(o.canon)
		if c&local != 0 {
			return
		}
		if u.types.Rows[o.local].Info.Kind() == btf.KindFwd {
			m.resolve(u.canon[o.local], c)
		} else if q := m.standing(o.local, c); q >= 0 && u.canon[o.local] == 0 {
			if fromOwn {
				q = m.newest(o.local)
			}
			u.canon[o.local] = u.pairs[q].canon
		}
	})
}

// newest returns the first standing pair of n, which has one.
func (m *Module) newest(n btf.ID) int32 {
	u := &m.unit
	p := u.head[n]
	for u.pairs[p].fallen {
		p = u.pairs[p].next
	}
	return p
}

// reach calls f for every obligation that pair start reaches. What has its
// canonical type already is not walked again.
func (m *Module) reach(start int32, f func(obligation)) {
	u := &m.unit
	u.epoch++
	u.stack = append(u.stack[:0], start)
	u.pairs[start].seen = u.epoch
	for len(u.stack) > 0 {
		p := &u.pairs[u.stack[len(u.stack)-1]]
		u.stack = u.stack[:len(u.stack)-1]
		for _, o := range u.obls[p.lo:p.hi] {
			if c := m.complete(o.canon); c&local == 0 && u.canon[o.local] != c {
				if q := m.standing(o.local, c); q >= 0 && u.pairs[q].seen != u.epoch {
					u.pairs[q].seen = u.epoch
					u.stack = append(u.stack, q)
				}
			}
			f(o)
		}
	}
}

// completesBase reports whether the unit completes a FWD of the base.
func (m *Module) completesBase() bool {
	u := &m.unit
	if m.base.fwds.used == 0 || m.strict {
		return false
	}
	for _, n := range u.cuts {
		id, more := m.base.fwds.find(u.refs[n])
		for ; id != 0; id = m.base.fwds.older(id) {
			if r := &u.types.Rows[n]; m.row(id).Name == r.Name && compatibleClass(r, m.row(id)) {
				return true
			}
			if !more {
				break
			}
		}
	}
	return false
}

// complete returns the complete type that c, where it is a resolved FWD,
// stands for, and otherwise c.
func (m *Module) complete(c btf.ID) btf.ID {
	if c&local == 0 && m.row(c).Info.Kind() == btf.KindFwd {
		if r := m.resolved.get(m.fwdKey(c)); r != 0 {
			return r
		}
	}
	return c
}

// fwdKey returns what the FWD id is known by in resolved: the base's FWD of
// its name where there is one. Units get a FWD of the module's own, because
// what refers to it may yet be resolved while the base's types stay.
func (m *Module) fwdKey(id btf.ID) btf.ID {
	if b := m.baseFwd.get(id); b != 0 {
		return b
	}
	return id
}

// internFwd makes FWD n canonical: one per name and kind, the module's own
// except in strict mode.
func (m *Module) internFwd(n btf.ID, r *btf.Row) {
	u := &m.unit
	u.found[n] = m.base.index.peek(u.sig(n))
	if id := m.findTree(n); id != 0 && (m.strict || id >= m.first) {
		u.canon[n] = id
		return
	} else if u.canon[n] = m.append(*r, u.sig(n)); id != 0 {
		m.baseFwd.set(u.canon[n], id)
	}
}

// resolveForwards notes what the FWDs met in the pairs that were chosen.
func (m *Module) resolveForwards() {
	u := &m.unit
	if m.strict {
		return
	}
	for _, fwd := range m.pending {
		m.resolved.set(fwd, u.canon[m.resolved.get(fwd)&^local])
	}
	m.pending = m.pending[:0]
	if u.inOrder {
		return // noted already
	}
	for i := range u.pairs {
		p := &u.pairs[i]
		if p.fallen || u.canon[p.local] != p.canon {
			continue
		}
		for _, o := range u.obls[p.lo:p.hi] {
			if o.canon&local != 0 {
				continue
			}
			if u.types.Rows[o.local].Info.Kind() == btf.KindFwd {
				m.resolve(u.canon[o.local], m.complete(o.canon))
			} else if o.canon >= m.first {
				m.resolve(o.canon, u.canon[o.local])
			}
		}
	}
}

// resolve lets fwd, where it is an unresolved FWD, stand for c, where that is
// complete.
func (m *Module) resolve(fwd, c btf.ID) {
	if fwd == c || m.row(fwd).Info.Kind() != btf.KindFwd || m.row(c).Info.Kind() == btf.KindFwd {
		return
	}
	if fwd = m.fwdKey(fwd); m.resolved.get(fwd) == 0 {
		m.resolved.set(fwd, c)
	}
}
