package splitdedup

import "github.com/gobtfenc/gobtfenc/btf"

// given adds to the unit's rows a stand-in for a canonical type and returns
// its local id. Stand-ins follow the types of the unit.
func (m *Module) given(t *btf.Types, ids *[]btf.ID, id btf.ID) uint32 {
	if id == 0 {
		return 0
	}
	*ids = append(*ids, id)
	return uint32(len(t.Rows) + len(*ids) - 1)
}

// Add makes one type canonical whose references are canonical already, and
// returns its id: that of the same type where there is one, except for VAR and
// DATASEC, which are never the same as another. row.Aux is not looked at where
// the kind has items.
func (m *Module) Add(row btf.Row, items []btf.Item) (btf.ID, error) {
	t, ids := &m.single, &m.singleRefs
	t.Rows = append(t.Rows[:0], btf.Row{}, row)
	t.Items = append(t.Items[:0], items...)
	*ids = (*ids)[:0]
	r := &t.Rows[1]
	s := btf.Shapes[r.Info.Kind()]
	if s.TypeIsRef {
		r.Type = m.given(t, ids, btf.ID(r.Type))
	}
	if s.HasItems {
		r.Aux = 0
		for i := range t.Items {
			it := &t.Items[i]
			if s.ItemTypeRef {
				it.Type = m.given(t, ids, btf.ID(it.Type))
			}
			if s.ItemNameRef {
				it.Name = m.given(t, ids, btf.ID(it.Name))
			}
		}
	}
	canon, err := m.addGiven(t, *ids)
	if err != nil {
		return 0, err
	}
	return canon[1], nil
}

// addGiven adds the types t, whose references past its rows stand for ids.
func (m *Module) addGiven(t *btf.Types, ids []btf.ID) ([]btf.ID, error) {
	fixed := len(t.Rows)
	t.Rows = append(t.Rows, make([]btf.Row, len(ids))...)
	m.unit.reset(t, fixed)
	for i, id := range ids {
		m.unit.canon[fixed+i] = id
		m.unit.refs[fixed+i] = m.refOf(id)
	}
	return m.add()
}

// refOf returns what a reference to a canonical type contributes to a
// signature.
func (m *Module) refOf(id btf.ID) uint64 {
	r := m.Row(id)
	sigs, cyclic := m.sigs, m.cyclic
	n := id - m.first
	if id < m.first {
		sigs, cyclic, n = m.base.sigs, m.base.cyclic, id
	}
	if id == 0 {
		return prime
	}
	if isCut(r) || int(n) < len(cyclic) && cyclic[n] {
		return signName(m.base.seed, r)
	}
	return sigs[n]
}

// AddSplit adds the types of split BTF as AddUnit adds those of a unit. t.Rows[i]
// has id start+i, which is past all ids of the module so far, and references below
// start are canonical. Without a base start is 0 and t.Rows[0] void. It returns
// the canonical id of every row behind the void that comes first, valid until the
// next call. Names are those of the module's strings.
func (m *Module) AddSplit(t *btf.Types, start btf.ID) ([]btf.ID, error) {
	if start == 0 {
		return m.AddUnit(t)
	}
	unit := &btf.Types{Rows: append(make([]btf.Row, 1, len(t.Rows)+1), t.Rows...), Items: append([]btf.Item(nil), t.Items...)}
	var ids []btf.ID
	givens := map[btf.ID]uint32{}
	local := func(ref uint32) uint32 {
		id := btf.ID(ref)
		if id >= start {
			return uint32(id-start) + 1
		}
		n, ok := givens[id]
		if !ok {
			n = m.given(unit, &ids, id)
			givens[id] = n
		}
		return n
	}
	for i := range unit.Rows {
		r := &unit.Rows[i]
		s := btf.Shapes[r.Info.Kind()]
		if s.TypeIsRef {
			r.Type = local(r.Type)
		}
		if !s.ItemTypeRef {
			continue
		}
		items := unit.ItemsOf(r)
		for j := range items {
			items[j].Type = local(items[j].Type)
			if s.ItemNameRef {
				items[j].Name = local(items[j].Name)
			}
		}
	}
	return m.addGiven(unit, ids)
}
