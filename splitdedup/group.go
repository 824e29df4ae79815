// SPDX-License-Identifier: BSD-2-Clause

package splitdedup

import (
	"slices"
	"sort"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Units that refer to each other.
//
// Within a unit a declaration stands for itself; between units FWD x stands for
// a complete x (fwd.go). Units that link-time optimisation, dwz or type units
// have tied together come in one piece, and yet differ in what they complete:
//
//	unit 1:  struct y;                   struct x { struct y *m; };
//	unit 2:  struct x;                   struct y { struct x *m; };
//	unit 3:  struct y { struct x *m; };  struct x { struct y *m; };
//
// As one unit that has two complete x and two y, so that no declaration is of
// one alone, and all that reaches them is there twice: fat.ko by clang's ThinLTO
// had 203 structs too many. So units are added one by one. What a
// unit refers to is added before it, and stands in it as canonical types do in
// split BTF (add.go). Where units refer to each other in a circle, the first one
// takes the types of the others along that it needs.

// group is the state of AddGroup.
type group struct {
	m      *Module
	t      *btf.Types
	starts []int32  // first row of each unit, and the end of the last
	canon  []btf.ID // by row, 0 for what is to come
	local  []uint32 // by row, of the unit at hand: its number there, 0 for none
	tags   []int32  // DECL_TAG rows, by the row they are on

	rows   []int32 // of the unit at hand
	givens []int32 // rows that it refers to and that are canonical
	unit   btf.Types
}

// AddGroup adds the types of several units whose rows refer to each other.
// starts has the first row of each unit and the end of the last one's; rows from
// there on belong to what refers to them, tags to what they are on. Otherwise it
// is like AddUnit.
func (m *Module) AddGroup(t *btf.Types, starts []int32) ([]btf.ID, error) {
	g := &group{m: m, t: t, starts: starts, canon: make([]btf.ID, len(t.Rows)), local: make([]uint32, len(t.Rows))}
	for i := range t.Rows {
		if t.Rows[i].Info.Kind() == btf.KindDeclTag {
			g.tags = append(g.tags, int32(i))
		}
	}
	slices.SortStableFunc(g.tags, func(a, b int32) int { return int(int64(t.Rows[a].Type) - int64(t.Rows[b].Type)) })
	for _, u := range g.order() {
		if err := g.add(int(starts[u]), int(starts[u+1])); err != nil {
			return nil, err
		}
	}
	// What nothing refers to.
	if err := g.add(int(starts[len(starts)-1]), len(t.Rows)); err != nil {
		return nil, err
	}
	return g.canon, nil
}

// refs calls f with each row that row i refers to.
func (g *group) refs(i int, f func(ref *uint32)) {
	eachRef(g.t, &g.t.Rows[i], f)
}

// eachRef calls f with each reference of r, whose items are t's.
func eachRef(t *btf.Types, r *btf.Row, f func(ref *uint32)) {
	s := btf.Shapes[r.Info.Kind()]
	if s.TypeIsRef && r.Type != 0 {
		f(&r.Type)
	}
	if !s.ItemTypeRef {
		return
	}
	items := t.ItemsOf(r)
	for j := range items {
		if items[j].Type != 0 {
			f(&items[j].Type)
		}
		if s.ItemNameRef && items[j].Name != 0 {
			f(&items[j].Name)
		}
	}
}

// order returns the units so that one comes behind those that it refers to, as
// far as they do not form circles, and else in their order.
func (g *group) order() []int {
	n := len(g.starts) - 1
	type frame struct {
		unit int
		next int
		need []int
	}
	met := make([]bool, n)
	out := make([]int, 0, n)
	var stack []frame
	for first := range n {
		if met[first] {
			continue
		}
		met[first] = true
		stack = append(stack[:0], frame{unit: first, need: g.needs(first)})
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.next == len(f.need) {
				out = append(out, f.unit)
				stack = stack[:len(stack)-1]
				continue
			}
			u := f.need[f.next]
			f.next++
			if !met[u] {
				met[u] = true
				stack = append(stack, frame{unit: u, need: g.needs(u)})
			}
		}
	}
	return out
}

// needs returns the other units that unit u refers to, ascending.
func (g *group) needs(u int) []int {
	lo, hi, end := g.starts[u], g.starts[u+1], g.starts[len(g.starts)-1]
	var need []int
	last := -1
	var extra []int
	look := func(ref *uint32) {
		switch x := int32(*ref); {
		case x >= lo && x < hi:
		case x >= end:
			extra = append(extra, int(x))
		default:
			if v := sort.Search(len(g.starts), func(i int) bool { return g.starts[i] > x }) - 1; v != last {
				need, last = append(need, v), v
			}
		}
	}
	for i := lo; i < hi; i++ {
		g.refs(int(i), look)
		// A chain of type tags ends at a type of some unit.
		for n := 0; len(extra) > 0 && n < len(g.t.Rows); n++ {
			x := extra[len(extra)-1]
			extra = extra[:len(extra)-1]
			g.refs(x, look)
		}
		extra = extra[:0]
	}
	slices.Sort(need)
	return slices.Compact(need)
}

// add adds the rows from lo to hi that are not canonical, and with them what
// they refer to and what is on them.
func (g *group) add(lo, hi int) error {
	g.rows, g.givens = g.rows[:0], g.givens[:0]
	for i := lo; i < hi; i++ {
		g.take(int32(i))
	}
	for k := 0; k < len(g.rows); k++ {
		i := g.rows[k]
		g.refs(int(i), func(ref *uint32) { g.take(int32(*ref)) })
		at := sort.Search(len(g.tags), func(j int) bool { return g.t.Rows[g.tags[j]].Type >= uint32(i) })
		for ; at < len(g.tags) && g.t.Rows[g.tags[at]].Type == uint32(i); at++ {
			g.take(g.tags[at])
		}
	}
	if len(g.rows) == 0 {
		return nil
	}
	ids := make([]btf.ID, len(g.givens))
	for j, i := range g.givens {
		g.local[i] = uint32(1 + len(g.rows) + j)
		ids[j] = g.canon[i]
	}
	g.build()
	canon, err := g.m.addGiven(&g.unit, ids)
	if err != nil {
		return err
	}
	for k, i := range g.rows {
		g.canon[i], g.local[i] = canon[1+k], 0
	}
	for _, i := range g.givens {
		g.local[i] = 0
	}
	return nil
}

// take makes row i part of the unit at hand, unless it is.
func (g *group) take(i int32) {
	switch {
	case g.local[i] != 0 || i == 0:
	case g.canon[i] != 0:
		g.givens = append(g.givens, i)
		g.local[i] = 1 // its number follows
	default:
		g.rows = append(g.rows, i)
		g.local[i] = uint32(len(g.rows))
	}
}

// build copies the rows of the unit at hand, which refer to each other by their
// numbers there.
func (g *group) build() {
	u := &g.unit
	u.Rows, u.Items = append(u.Rows[:0], btf.Row{}), u.Items[:0]
	for _, i := range g.rows {
		r := g.t.Rows[i]
		if btf.Shapes[r.Info.Kind()].HasItems {
			items := g.t.ItemsOf(&r)
			r.Aux = uint32(len(u.Items))
			u.Items = append(u.Items, items...)
		}
		eachRef(u, &r, func(ref *uint32) { *ref = g.local[*ref] })
		u.Rows = append(u.Rows, r)
	}
}
