package splitdedup

import (
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Compilers emit some types twice in one unit, and the types of a whole base
// or a finished module are one unit here, so new types are compared with each
// other as well: those of one signature are paired, the later with every
// earlier one, and refuted like other pairs.

// mergeTwins finds the new cut types of the unit and, among them, the same
// ones: the later get canon of the first, marked local, until admit knows it.
func (m *Module) mergeTwins() {
	u := &m.unit
	for _, n := range u.cuts {
		if u.canon[n] == 0 || u.canon[n] == n|local {
			u.fresh = append(u.fresh, n)
			u.canon[n] = 0
			u.head[n] = -1 // none of its pairs was chosen
		}
	}
	groups := m.twinGroups()
	if groups == nil {
		return
	}
	clear(u.memo)
	first := len(u.pairs)
	for _, g := range groups {
		for i, n := range g {
			if u.tangled {
				return
			}
			last := int32(-1)
			for _, c := range g[:i] {
				last = m.tryPair(n, c|local, last)
			}
		}
	}
	m.refute(first)
	for _, g := range groups {
		for i, n := range g {
			for p := u.head[n]; p >= 0; p = u.pairs[p].next {
				if !u.pairs[p].fallen {
					u.canon[n] = u.pairs[p].canon
					break
				}
			}
			u.alike = u.alike || i > 0 && u.canon[n] == 0
		}
	}
}

// twinGroups returns the new types that share a signature, ascending.
func (m *Module) twinGroups() [][]btf.ID {
	u := &m.unit
	sorted := append([]btf.ID(nil), u.fresh...)
	for _, n := range sorted {
		u.sig(n)
	}
	slices.SortFunc(sorted, func(a, b btf.ID) int {
		switch x, y := u.sigs[a], u.sigs[b]; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return int(a) - int(b)
	})
	var groups [][]btf.ID
	for i := 0; i < len(sorted); {
		j := i + 1
		for j < len(sorted) && u.sigs[sorted[j]] == u.sigs[sorted[i]] {
			j++
		}
		if j-i > 1 {
			groups = append(groups, sorted[i:j])
		}
		i = j
	}
	slices.SortFunc(groups, func(a, b []btf.ID) int { return int(a[0]) - int(b[0]) })
	return groups
}

// standingTwin returns a pair that says locals n and c are the same; where
// they are one type or have one canonical type, any valid index will do.
func (m *Module) standingTwin(n, c btf.ID) int32 {
	u := &m.unit
	if n == c || u.canon[n] != 0 && u.canon[n] == u.canon[c] {
		return 0
	}
	if n < c {
		n, c = c, n
	}
	for p := u.head[n]; p >= 0; p = u.pairs[p].next {
		if u.pairs[p].canon == c|local && !u.pairs[p].fallen {
			return p
		}
	}
	return -1
}

// admit gives every new cut type that is no twin the next canonical id. Its
// row is filled by fillAdmitted, when all references are canonical; until then
// it is void, which equals no tree.
func (m *Module) admit() {
	u := &m.unit
	for _, n := range u.fresh {
		if twin := u.canon[n]; twin != 0 {
			u.canon[n] = u.canon[twin&^local]
			continue
		}
		u.canon[n] = m.append(btf.Row{}, u.sig(n))
		u.admitted = append(u.admitted, n)
		m.named.add(u.refs[n])
		if u.cyclic != nil && u.cyclic[n] {
			for len(m.cyclic) < len(m.own.Rows) {
				m.cyclic = append(m.cyclic, false)
			}
			m.cyclic[len(m.own.Rows)-1] = true
		}
	}
}

// fillAdmitted writes the rows that admit appended.
func (m *Module) fillAdmitted() {
	u := &m.unit
	for _, n := range u.admitted {
		r := &m.own.Rows[u.canon[n]-m.first]
		*r = m.translate(&u.types.Rows[n])
	}
}
