package splitdedup

import "github.com/gobtfenc/gobtfenc/btf"

// append adds an own row with its signature and returns its id. References in
// it may still be local; see translate.
func (m *Module) append(r btf.Row, sig uint64) btf.ID {
	id := m.first + btf.ID(len(m.own.Rows))
	m.own.Rows = append(m.own.Rows, r)
	m.sigs = append(m.sigs, sig)
	if m.index.full() {
		m.growIndex()
	} else {
		m.index.add(sig, id)
	}
	return id
}

// growIndex doubles the index and adds all own types again.
func (m *Module) growIndex() {
	m.index.slots = make([]uint64, 2*len(m.index.slots))
	m.index.next, m.index.used = m.index.next[:0], 0
	for i, sig := range m.sigs {
		m.index.add(sig, m.first+btf.ID(i))
	}
}

// translate copies a row of the unit for the own store: items are copied and
// references become canonical. All types that r refers to must be canonical,
// but for an array's index type, which fillIndexTypes may fill later.
func (m *Module) translate(src *btf.Row) btf.Row {
	u := &m.unit
	r := *src
	s := btf.Shapes[r.Info.Kind()]
	if s.TypeIsRef {
		r.Type = uint32(u.canon[r.Type])
	}
	if !s.HasItems {
		return r
	}
	items := u.types.ItemsOf(src)
	r.Aux = uint32(len(m.own.Items))
	for _, it := range items {
		if s.ItemTypeRef {
			it.Type = uint32(u.canon[it.Type])
		}
		if s.ItemNameRef {
			if c := u.canon[it.Name]; c != 0 || it.Name == 0 {
				it.Name = uint32(c)
			} else {
				u.late = append(u.late, len(m.own.Items))
			}
		}
		m.own.Items = append(m.own.Items, it)
	}
	return r
}

// internTrees makes all other types of the unit canonical, bottom-up.
func (m *Module) internTrees() {
	u := &m.unit
	for n := 1; n < u.fixed; n++ {
		if u.canon[n] == 0 && !m.isRemembered(btf.ID(n)) {
			u.found[n] = m.base.index.peek(u.sig(btf.ID(n)))
		}
	}
	for n := 1; n < u.fixed; n++ {
		if u.canon[n] == 0 {
			m.internTree(btf.ID(n))
		}
	}
	m.fillIndexTypes()
}

// isRemembered makes n canonical where its tree was compared on the way from a
// struct and all leaves turned out to be the same. Most trees are.
func (m *Module) isRemembered(n btf.ID) bool {
	u := &m.unit
	k := &u.memo[n]
	if k.canon == 0 || k.canon&local != 0 {
		return false
	}
	for _, o := range u.obls[k.lo:k.hi] {
		if u.canon[o.local] != o.canon {
			return false
		}
	}
	u.canon[n] = k.canon
	return true
}

// fillIndexTypes writes the index types that were not canonical when their
// arrays were. Nobody compares them, so nothing bounds how deep they nest or
// keeps a broken file from indexing an array by itself: they are not followed.
func (m *Module) fillIndexTypes() {
	u := &m.unit
	for _, i := range u.late {
		it := &m.own.Items[i]
		it.Name = uint32(u.canon[it.Name])
	}
}

// internTree makes n and what it refers to canonical. The depth was bounded
// by sign.
func (m *Module) internTree(n btf.ID) {
	u := &m.unit
	r := &u.types.Rows[n]
	s := btf.Shapes[r.Info.Kind()]
	if s.TypeIsRef && r.Type != 0 && u.canon[r.Type] == 0 {
		m.internTree(btf.ID(r.Type))
	}
	if s.ItemTypeRef {
		for _, it := range u.types.ItemsOf(r) {
			if it.Type != 0 && u.canon[it.Type] == 0 {
				m.internTree(btf.ID(it.Type))
			}
		}
	}
	if k := r.Info.Kind(); k != btf.KindVar && k != btf.KindDatasec {
		if u.canon[n] = m.findTree(n); u.canon[n] != 0 {
			return
		}
	}
	row := m.translate(r)
	u.canon[n] = m.append(row, u.sig(n))
}

// findTree returns the canonical type that equals n, whose references are
// canonical; 0 where there is none. The base has been looked into.
func (m *Module) findTree(n btf.ID) btf.ID {
	sig := m.unit.sig(n)
	for id, more := m.index.find(sig); id != 0; id = m.index.older(id) {
		if m.equalTree(n, id, m.own.Rows, m.own.Items, m.first) {
			return id
		}
		if !more {
			break
		}
	}
	b, found := m.base, m.unit.found[n]
	for id, more := btf.ID(found>>1), found&1 != 0; id != 0; id = b.index.older(id) {
		if m.unit.tries++; m.unit.tries > maxTries {
			m.unit.tangled = true
			break
		}
		if m.equalTree(n, id, b.types.Rows, b.types.Items, 0) {
			return id
		}
		if !more {
			break
		}
	}
	return 0
}

// equalTree reports whether n equals the canonical type id, which lies in rows
// at id - first.
func (m *Module) equalTree(n, id btf.ID, rows []btf.Row, all []btf.Item, first btf.ID) bool {
	u := &m.unit
	r, q := &u.types.Rows[n], &rows[id-first]
	if r.Info != q.Info || r.Name != q.Name {
		return false
	}
	s := btf.Shapes[r.Info.Kind()]
	if s.TypeIsRef {
		if u.canon[r.Type] != btf.ID(q.Type) {
			return false
		}
	} else if r.Type != q.Type {
		return false
	}
	if !s.HasItems {
		return r.Aux == q.Aux
	}
	a := u.types.ItemsOf(r)
	b := all[q.Aux : int(q.Aux)+len(a)]
	for i := range a {
		x, y := &a[i], &b[i]
		if x.Val != y.Val || x.Name != y.Name && !s.ItemNameRef {
			return false
		}
		if s.ItemTypeRef {
			if u.canon[x.Type] != btf.ID(y.Type) {
				return false
			}
		} else if x.Type != y.Type {
			return false
		}
	}
	return true
}

// internLeaves makes FWDs and named enums canonical, which compare without
// references. A FWD has one canonical type per name and kind. An enum that is
// only declared is the last complete one of its name in the unit, and where there is
// none takes the newest; a complete one becomes what declared ones of its name
// stand for.
func (m *Module) internLeaves() {
	u := &m.unit
	same := false
	for _, n := range u.leaves {
		switch r := &u.types.Rows[n]; {
		case r.Info.Kind() == btf.KindFwd:
			m.internFwd(n, r)
		case m.completeEnum(r) != 0:
			same = true
		default:
			m.internEnum(n, r)
		}
	}
	if !same {
		return
	}
	for _, n := range u.leaves {
		if e := m.completeEnum(&u.types.Rows[n]); e != 0 {
			u.canon[n] = u.canon[e]
		}
	}
}

func (m *Module) internEnum(n btf.ID, r *btf.Row) {
	u := &m.unit
	u.found[n] = m.peekBase(n)
	if id := m.findTree(n); id != 0 {
		u.canon[n] = id
		return
	}
	row := m.translate(r)
	if m.strict {
		u.canon[n] = m.append(row, u.sig(n))
		return
	}
	own, base := m.enums[r.Name], m.base.enums(r.Name)
	if r.Info.Vlen() == 0 {
		if u.canon[n] = own.newest; u.canon[n] == 0 {
			u.canon[n] = base.newest
		}
		if u.canon[n] != 0 {
			return
		}
	}
	u.canon[n] = m.append(row, u.sig(n))
	// Of several enums of the name the last new one wins, as in libbpf: two
	// files of amdgpu.ko define enum idh_request, a header declares it.
	for _, id := range [2]btf.ID{own.declared, base.declared} {
		if id != 0 {
			m.resolved.set(id, u.canon[n])
		}
	}
	own.add(u.canon[n], r)
	m.enums[r.Name] = own
}

// completeEnum returns the enum of the unit that r, where it only declares one,
// is: the last that is complete, as in libbpf, 0 for none. Enums local to functions make
// a unit that has several:
//
//	enum e;                            // GCC takes it
//	f() { enum e { A }; struct s { enum e *p; }; }
//	g() { enum e { B }; struct s { enum e *p; }; }
//
// What module and base have of the name does not count then: when the unit is added
// again they have more.
func (m *Module) completeEnum(r *btf.Row) btf.ID {
	u := &m.unit
	if m.strict || r.Info.Vlen() != 0 || !isEnum(r) {
		return 0
	}
	if !u.asked {
		if u.asked = true; u.whole == nil {
			u.whole = map[btf.StrOff]btf.ID{}
		}
		clear(u.whole)
		for _, n := range u.leaves {
			if q := &u.types.Rows[n]; isEnum(q) && q.Info.Vlen() != 0 {
				u.whole[q.Name] = n
			}
		}
	}
	return u.whole[r.Name]
}

// isOpen reports whether an enum is only declared, and not complete in the unit
// that it is of: any of its name may be it.
func (m *Module) isOpen(id btf.ID) bool {
	r := m.row(id)
	return r.Info.Vlen() == 0 && (id&local == 0 || m.completeEnum(r) == 0)
}

// enumNames is what a base or a module knows of the enums of one name.
type enumNames struct {
	newest   btf.ID // in a base the first
	declared btf.ID // only declared, 0 for none
}

func (e *enumNames) add(id btf.ID, r *btf.Row) {
	e.newest = id
	if r.Info.Vlen() == 0 {
		e.declared = id
	}
}
