package splitdedup

import "github.com/gobtfenc/gobtfenc/btf"

// idMap maps canonical ids to others. What a module notes of its forward
// declarations is asked for with every reference that is followed, and nearly
// always of the module's own types: those are in a slice.
type idMap struct {
	first btf.ID            // ids from here on are the module's own
	own   []btf.ID          // by id - first, as far as there is something; 0 for nothing
	base  map[btf.ID]btf.ID // the few of the base
}

// reset empties m, whose own ids begin at first.
func (m *idMap) reset(first btf.ID) {
	m.first = first
	clear(m.own)
	m.own = m.own[:0]
	clear(m.base)
}

// get returns what id is mapped to, 0 for nothing.
func (m *idMap) get(id btf.ID) btf.ID {
	if id < m.first {
		return m.base[id]
	}
	if i := int(id - m.first); i < len(m.own) {
		return m.own[i]
	}
	return 0
}

// set maps id to another one, which is not 0.
func (m *idMap) set(id, to btf.ID) {
	if id < m.first {
		if m.base == nil {
			m.base = map[btf.ID]btf.ID{}
		}
		m.base[id] = to
		return
	}
	i := int(id - m.first)
	for len(m.own) <= i {
		m.own = append(m.own, 0)
	}
	m.own[i] = to
}
