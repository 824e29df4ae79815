package measure

import "github.com/gobtfenc/gobtfenc/btf"

// components returns the strongly connected components of the own types' graph,
// each behind all that it refers to (Tarjan 1972). It does not recurse: the
// depth of a graph is that of its file's choosing.
func components(g *identifier) [][]btf.ID {
	n := len(g.b.Types.Rows)
	t := tarjan{g: g, order: make([]int32, n), low: make([]int32, n), onStack: make([]bool, n)}
	for i := range n {
		if t.order[i] == 0 {
			t.visit(i)
		}
	}
	return t.components
}

type tarjan struct {
	g          *identifier
	order      []int32 // in which types were come to, from 1; 0: not yet
	low        []int32
	onStack    []bool
	stack      []int
	calls      []call
	last       int32
	components [][]btf.ID
}

// call is a type whose references are being followed.
type call struct {
	own  int
	refs []int // those that are left
}

func (t *tarjan) enter(own int) {
	t.last++
	t.order[own], t.low[own] = t.last, t.last
	t.stack, t.onStack[own] = append(t.stack, own), true
	var refs []int
	for _, id := range t.g.refsOf(t.g.b.Start + btf.ID(own)) {
		if id >= t.g.b.Start {
			refs = append(refs, int(id-t.g.b.Start))
		}
	}
	t.calls = append(t.calls, call{own, refs})
}

func (t *tarjan) visit(own int) {
	t.enter(own)
	for len(t.calls) > 0 {
		c := &t.calls[len(t.calls)-1]
		if len(c.refs) == 0 {
			t.leave(c.own)
			continue
		}
		ref := c.refs[0]
		c.refs = c.refs[1:]
		switch {
		case t.order[ref] == 0:
			t.enter(ref)
		case t.onStack[ref]:
			t.low[c.own] = min(t.low[c.own], t.order[ref])
		}
	}
}

// leave ends the visit of a type: if it came to no earlier one, what is on the
// stack behind it is its component.
func (t *tarjan) leave(own int) {
	t.calls = t.calls[:len(t.calls)-1]
	if len(t.calls) > 0 {
		up := t.calls[len(t.calls)-1].own
		t.low[up] = min(t.low[up], t.low[own])
	}
	if t.low[own] != t.order[own] {
		return
	}
	var ids []btf.ID
	for {
		top := t.stack[len(t.stack)-1]
		t.stack, t.onStack[top] = t.stack[:len(t.stack)-1], false
		ids = append(ids, t.g.b.Start+btf.ID(top))
		if top == own {
			break
		}
	}
	t.components = append(t.components, ids)
}
