package splitdedup

import "github.com/gobtfenc/gobtfenc/btf"

// Result is the split BTF of one module: Types.Rows[i] has id Start+i,
// references below Start are the base's, and so are names below StrStart.
// Without a base Rows[0] is void and Start is 0.
type Result struct {
	Types    btf.Types
	Start    btf.ID
	Strings  []byte
	StrStart btf.StrOff
}

// Finish resolves forward declarations and makes the module's own types
// minimal. The result's memory is the Module's, valid until its next Reset.
func (m *Module) Finish(strs *btf.Strings) (*Result, error) {
	f, err := m.minimise(&m.finals[0])
	if err != nil {
		return nil, err
	}
	// Types that refer to the base's in one unit, and in another to their own
	// which turned out to be the base's only now, are the same the next time; and
	// where two complete types of a name have become one, it is what a FWD stands for.
	for i := 1; i < maxRounds && (i > 1 || f.unit.alike); i++ {
		again, err := f.minimise(&m.finals[i&1])
		if err != nil {
			return nil, err
		}
		if len(again.own.Rows) == len(f.own.Rows) {
			break
		}
		f = again
	}
	m.result = Result{Types: f.own, Start: f.first, StrStart: strs.Start()}
	if m.first == 1 {
		m.result.Types.Rows = append(append(make([]btf.Row, 0, len(f.own.Rows)+1), btf.Row{}), f.own.Rows...)
		m.result.Start = 0
	}
	m.result.Strings = m.compactStrings(&m.result.Types, strs)
	return &m.result, nil
}

// maxRounds bounds how often the types of a made-up file are made minimal.
const maxRounds = 8

// minimise returns the module's own types without FWDs that are resolved and
// without copies. It puts them into *to, a Module that is made where it is nil.
func (m *Module) minimise(to **Module) (*Module, error) {
	m.resolveByName()
	if *to == nil {
		*to = NewModule()
	}
	f := *to
	f.Reset(m.base)
	f.strict = true
	_, err := f.addGiven(m.gather())
	return f, err
}

// gather returns the module's own types as a unit, without the FWDs that are
// resolved: references to those lead to the complete types.
func (m *Module) gather() (*btf.Types, []btf.ID) {
	t := &m.gathered
	t.Reset()
	t.Rows = append(t.Rows, btf.Row{})
	m.number = resize(m.number, len(m.own.Rows))
	for i := range m.own.Rows {
		if m.resolved.get(m.fwdKey(m.first+btf.ID(i))) != 0 {
			m.number[i] = 0
			continue
		}
		m.number[i] = btf.ID(len(t.Rows))
		t.Rows = append(t.Rows, m.own.Rows[i])
	}
	t.Items = append(t.Items, m.own.Items...)

	m.givenIDs = m.givenIDs[:0]
	clear(m.givenBase)
	for i := 1; i < len(t.Rows); i++ {
		r := &t.Rows[i]
		s := btf.Shapes[r.Info.Kind()]
		if s.TypeIsRef {
			r.Type = m.gatherRef(t, r.Type)
		}
		if !s.ItemTypeRef {
			continue
		}
		items := t.ItemsOf(r)
		for j := range items {
			items[j].Type = m.gatherRef(t, items[j].Type)
			if s.ItemNameRef {
				items[j].Name = m.gatherRef(t, items[j].Name)
			}
		}
	}
	return t, m.givenIDs
}

// gatherRef translates a canonical reference for the gathered unit.
func (m *Module) gatherRef(t *btf.Types, ref uint32) uint32 {
	id := btf.ID(ref)
	if id == 0 {
		return 0
	}
	if c := m.resolved.get(m.fwdKey(id)); c != 0 {
		id = c
	}
	if id >= m.first {
		return uint32(m.number[id-m.first])
	}
	n, ok := m.givenBase[id]
	if !ok {
		n = m.given(t, &m.givenIDs, id)
		m.givenBase[id] = n
	}
	return n
}

// resolveByName resolves what FWDs no type graph has resolved, where the name
// has exactly one complete type, in base and module together. A FWD that the
// base has too is the base's, as in libbpf: in usbcore.ko, struct usb_hcd goes on
// to refer to vmlinux's FWD usb_phy_roothub.
func (m *Module) resolveByName() {
	unique := m.ownComplete()
	for i := range m.own.Rows {
		r := &m.own.Rows[i]
		fwd := m.first + btf.ID(i)
		if r.Info.Kind() != btf.KindFwd {
			continue
		}
		if m.baseFwd.get(fwd) != 0 || m.resolved.get(fwd) != 0 {
			continue
		}
		c, inBase := m.base.complete(r.Name)
		if o, ok := unique[r.Name]; ok {
			if inBase {
				continue // several
			}
			c = o
		}
		if c != 0 && composite(m.Row(c)) == composite(r) {
			m.resolved.set(fwd, c)
		}
	}
}

// ownComplete returns the module's named structs and unions by name, 0 where
// there are several.
func (m *Module) ownComplete() map[btf.StrOff]btf.ID {
	out := map[btf.StrOff]btf.ID{}
	for i := range m.own.Rows {
		r := &m.own.Rows[i]
		if k := r.Info.Kind(); r.Name == 0 || k != btf.KindStruct && k != btf.KindUnion {
			continue
		}
		id := m.first + btf.ID(i)
		if _, ok := out[r.Name]; ok {
			id = 0
		}
		out[r.Name] = id
	}
	return out
}

// compactStrings renames t to a string section that holds only what t uses, in
// the order of use, and returns it.
func (m *Module) compactStrings(t *btf.Types, strs *btf.Strings) []byte {
	c := compactor{strs: strs, to: map[uint32]uint32{}, out: m.strs[:0]}
	if strs.Start() == 0 {
		c.out = append(c.out, 0)
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		r.Name = btf.StrOff(c.rename(uint32(r.Name)))
		if !btf.Shapes[r.Info.Kind()].ItemNameStr {
			continue
		}
		items := t.ItemsOf(r)
		for j := range items {
			items[j].Name = c.rename(items[j].Name)
		}
	}
	m.strs = c.out
	return c.out
}

type compactor struct {
	strs *btf.Strings
	to   map[uint32]uint32
	out  []byte
}

func (c *compactor) rename(off uint32) uint32 {
	start := uint32(c.strs.Start())
	if off < start || off == 0 {
		return off
	}
	n, ok := c.to[off]
	if !ok {
		n = start + uint32(len(c.out))
		c.to[off] = n
		c.out = append(append(c.out, c.strs.Bytes(btf.StrOff(off))...), 0)
	}
	return n
}
