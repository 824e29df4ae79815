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

// claimForwards finds, in the unit's order, the types that met an unresolved
// base FWD which the unit completes: they are the module's own, and the FWDs
// they reach are resolved.
func (m *Module) claimForwards() {
	u := &m.unit
	if !u.claims {
		return
	}
	for _, n := range u.cuts {
		for p := u.head[n]; p >= 0; p = u.pairs[p].next {
			if u.pairs[p].fallen || u.pairs[p].clean {
				continue
			}
			if m.claim(p) {
				u.pairs[p].claimed = true
			}
		}
	}
}

// claim walks what pair start reaches, resolves the base FWDs found there to
// the unit's complete types, and reports whether there were any. Afterwards
// nothing it walked reaches an unresolved one.
func (m *Module) claim(start int32) bool {
	u := &m.unit
	found := false
	u.stack = append(u.stack[:0], start)
	u.pairs[start].clean = true
	for len(u.stack) > 0 {
		p := &u.pairs[u.stack[len(u.stack)-1]]
		u.stack = u.stack[:len(u.stack)-1]
		for _, o := range u.obls[p.lo:p.hi] {
			if u.types.Rows[o.local].Info.Kind() == btf.KindFwd {
				continue
			}
			c := m.complete(o.canon)
			if c&local != 0 {
				continue // resolved by this unit
			}
			if c < m.first && m.row(c).Info.Kind() == btf.KindFwd {
				m.resolved[c] = o.local | local
				found = true
				continue
			}
			if q := m.standing(o.local, c); q >= 0 && !u.pairs[q].clean {
				u.pairs[q].clean = true
				u.stack = append(u.stack, q)
			}
		}
	}
	return found
}

// complete returns the complete type that c, where it is a resolved FWD,
// stands for, and otherwise c.
func (m *Module) complete(c btf.ID) btf.ID {
	if c&local == 0 && m.row(c).Info.Kind() == btf.KindFwd {
		if r, ok := m.resolved[c]; ok {
			return r
		}
	}
	return c
}

// resolveForwards notes what the FWDs met in the pairs that were chosen.
func (m *Module) resolveForwards() {
	u := &m.unit
	if m.strict {
		return
	}
	for fwd, c := range m.resolved {
		if c&local != 0 {
			m.resolved[fwd] = u.canon[c&^local]
		}
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
			} else if o.canon >= m.first || u.claims {
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
	if _, ok := m.resolved[fwd]; !ok {
		m.resolved[fwd] = c
	}
}
