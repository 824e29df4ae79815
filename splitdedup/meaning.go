package splitdedup

import "github.com/gobtfenc/gobtfenc/btf"

// oneMeaning lets pairs fall that would give a forward declaration two
// meanings. Types local to functions make a unit that completes a name twice:
//
//	unit 1: struct box { struct priv *p; };     // priv is only declared
//	unit 2: f() { struct priv { int l; }; struct box { struct priv *p; }; }
//	        g() { struct priv { int r; }; struct box { struct priv *p; }; }
//
// Each box of unit 2 matches that of unit 1, but not both do: the first in the
// unit's order is it. Copies of one struct are one meaning.
func (m *Module) oneMeaning() {
	u := &m.unit
	if !u.completes {
		return
	}
	clear(m.meaning)
	fell := false
	for i := range u.pairs {
		p := &u.pairs[i]
		if !p.fallen && m.contradicts(u.obls[p.lo:p.hi]) {
			p.fallen, fell = true, true
		}
	}
	if fell {
		m.refute(0)
	}
}

// contradicts reports whether obligations complete a FWD otherwise than those
// before, and otherwise notes how they complete it.
func (m *Module) contradicts(obls []obligation) bool {
	u := &m.unit
	for _, o := range obls {
		if u.types.Rows[o.local].Info.Kind() == btf.KindFwd {
			continue
		}
		fwd := m.complete(o.canon)
		if fwd&local != 0 || m.row(fwd).Info.Kind() != btf.KindFwd {
			continue
		}
		first, ok := m.meaning[fwd]
		if !ok {
			m.meaning[fwd] = o.local
		} else if first != o.local && !m.sameTree(o.local, first|local) {
			return true
		}
	}
	return false
}
