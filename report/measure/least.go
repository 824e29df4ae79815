package measure

import "github.com/gobtfenc/gobtfenc/btf"

// Least returns the size of the least BTF in which b's own types are what they
// are, and which needs no base: a header, the own types, what of the base they
// are made of, and each name once. A struct or union of the base that is only
// pointed to, taken or returned is declared there (FWD).
//
// What is made of the module's DWARF is larger, as that also has what only the
// module's code uses: the types of local variables, and the members of structs
// whose fields it reads. That cannot be told from split BTF.
func Least(b *btf.BTF) Size {
	c := closure{b: b, need: make([]need, b.NumTypes())}
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		c.reach(id, complete)
	}
	for len(c.todo) > 0 {
		id := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		c.follow(id)
	}
	return c.size()
}

// need says how a type is needed.
type need uint8

const (
	unneeded need = iota
	declared
	complete
)

// closure walks from type to type.
type closure struct {
	b    *btf.BTF
	need []need // by id
	todo []btf.ID
}

func (c *closure) reach(id btf.ID, n need) {
	if id != 0 && c.need[id] < n {
		c.need[id] = n
		c.todo = append(c.todo, id)
	}
}

// follow reaches what type id needs.
func (c *closure) follow(id btf.ID) {
	r := c.b.Row(id)
	kind := r.Info.Kind()
	n := complete
	switch kind {
	case btf.KindPtr, btf.KindFuncProto:
		n = declared
	case btf.KindTypedef, btf.KindConst, btf.KindVolatile, btf.KindRestrict, btf.KindTypeTag:
		n = c.need[id]
	case btf.KindStruct, btf.KindUnion:
		if c.isDeclared(id, r) {
			return
		}
	}
	shape := btf.Shapes[kind]
	if shape.TypeIsRef {
		c.reach(btf.ID(r.Type), n)
	}
	if !shape.ItemTypeRef {
		return
	}
	for _, it := range c.b.ItemsOf(id) {
		c.reach(btf.ID(it.Type), n)
		if shape.ItemNameRef {
			c.reach(btf.ID(it.Name), complete)
		}
	}
}

// size accounts what was reached.
func (c *closure) size() Size {
	names := allNames{b: c.b, used: map[uint32]bool{0: true}}
	a := accounts{name: names.take}
	for id := range btf.ID(len(c.need)) {
		r := c.b.Row(id)
		switch {
		case c.need[id] == unneeded:
		case c.isDeclared(id, r):
			a.add(&btf.Row{Name: r.Name, Info: btf.MakeInfo(btf.KindFwd, 0, r.Info.Kind() == btf.KindUnion)}, nil)
		default:
			a.add(r, c.b.ItemsOf(id))
		}
	}
	s := a.size()
	s.Unnamed = 1 // the empty string
	s.Bytes += s.Unnamed
	return s
}

// isDeclared reports whether a declaration will do for a type: one of a struct or
// union that has a name.
func (c *closure) isDeclared(id btf.ID, r *btf.Row) bool {
	k := r.Info.Kind()
	return c.need[id] == declared && r.Name != 0 && (k == btf.KindStruct || k == btf.KindUnion)
}

// allNames tells each name of b and its base once.
type allNames struct {
	b    *btf.BTF
	used map[uint32]bool
}

func (n *allNames) take(off uint32) uint64 {
	if n.used[off] {
		return 0
	}
	n.used[off] = true
	s, _ := n.b.Str(btf.StrOff(off))
	return uint64(len(s)) + 1
}
