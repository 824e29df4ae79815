package splitdedup

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"pgregory.net/rapid"
)

// program is a random C-like type graph: nodes of few names and few shapes, so
// that many look alike, and edges to any node: circles need no names. A unit
// declares a part of it.
type program struct {
	nodes []node
}

type node struct {
	kind btf.Kind
	name string
	size uint32 // or the number of elements
	tag  string // of members, parameters and values: part of the shape
	refs []int  // -1 is void
	enum []uint32
}

func drawProgram(t *rapid.T) *program {
	p := &program{}
	n := rapid.IntRange(1, 24).Draw(t, "nodes")
	kinds := []btf.Kind{
		btf.KindInt, btf.KindPtr, btf.KindPtr, btf.KindPtr, btf.KindArray, btf.KindStruct, btf.KindStruct, btf.KindStruct,
		btf.KindUnion, btf.KindEnum, btf.KindTypedef, btf.KindConst, btf.KindFuncProto, btf.KindFunc, btf.KindTypeTag,
		btf.KindDeclTag, btf.KindFloat, btf.KindEnum64,
	}
	small := func(what string, max int) int { return rapid.IntRange(0, max).Draw(t, what) }
	for range n {
		k := rapid.SampledFrom(kinds).Draw(t, "kind")
		x := node{kind: k, size: uint32(4 * (1 + small("size", 1))), tag: []string{"m", "o"}[small("tag", 1)]}
		switch k {
		case btf.KindStruct, btf.KindUnion, btf.KindEnum:
			x.name = []string{"", "a", "b", "c"}[small("name", 3)]
		case btf.KindPtr, btf.KindArray, btf.KindConst, btf.KindFuncProto:
		default:
			x.name = []string{"a", "b"}[small("name", 1)]
		}
		ref := func() int { return rapid.IntRange(-1, n-1).Draw(t, "to") }
		switch k {
		case btf.KindPtr, btf.KindArray, btf.KindTypedef, btf.KindConst, btf.KindFunc, btf.KindTypeTag, btf.KindDeclTag:
			x.refs = []int{ref()}
		case btf.KindStruct, btf.KindUnion, btf.KindFuncProto:
			for range small("members", 3) {
				x.refs = append(x.refs, ref())
			}
			if k == btf.KindFuncProto {
				x.refs = append(x.refs, ref())
			}
		case btf.KindEnum, btf.KindEnum64:
			x.enum = []uint32{uint32(small("value", 2))}
		}
		p.nodes = append(p.nodes, x)
	}
	return p
}

// needs returns what the given nodes reach, themselves included.
func (p *program) needs(roots []int) []bool {
	in := make([]bool, len(p.nodes))
	for len(roots) > 0 {
		n := roots[len(roots)-1]
		roots = roots[:len(roots)-1]
		if n < 0 || in[n] {
			continue
		}
		in[n] = true
		roots = append(roots, p.nodes[n].refs...)
	}
	return in
}

// unit writes nodes in the given order, each as often as the order has it;
// a reference goes to one of the copies, as pick says.
func (p *program) unit(order []int, pick func(copies int) int) *btf.BTF {
	places := map[int][]int{}
	for i, n := range order {
		places[n] = append(places[n], i+1)
	}
	strs := btf.NewStrings(nil)
	name := func(s string) btf.StrOff { return strs.Intern([]byte(s)) }
	to := func(n int) uint32 {
		if n < 0 {
			return 0
		}
		return uint32(places[n][pick(len(places[n]))])
	}
	t := btf.Types{Rows: make([]btf.Row, 1)}
	for _, n := range order {
		x := &p.nodes[n]
		s := btf.Shapes[x.kind]
		r := btf.Row{Name: name(x.name), Info: btf.MakeInfo(x.kind, 0, false), Type: x.size}
		refs := x.refs
		if s.TypeIsRef {
			r.Type = to(refs[0])
			refs = refs[1:]
		}
		if s.HasItems {
			r.Aux = uint32(len(t.Items))
		}
		switch x.kind {
		case btf.KindInt:
			r.Aux = x.size * 8
		case btf.KindDeclTag:
			r.Aux = x.size
		case btf.KindArray:
			r.Type = 0
			t.Items = append(t.Items, btf.Item{Type: to(refs[0]), Val: x.size})
		case btf.KindStruct, btf.KindUnion, btf.KindFuncProto:
			r.Info = btf.MakeInfo(x.kind, len(refs), false)
			for _, m := range refs {
				it := btf.Item{Name: uint32(name(x.tag)), Type: to(m)}
				t.Items = append(t.Items, it)
			}
		case btf.KindEnum, btf.KindEnum64:
			r.Info = btf.MakeInfo(x.kind, len(x.enum), false)
			for _, v := range x.enum {
				t.Items = append(t.Items, btf.Item{Name: uint32(name(x.tag)), Val: v})
			}
		}
		t.Rows = append(t.Rows, r)
	}
	return &btf.BTF{Types: t, Strs: slices.Clone(strs.Own())}
}

// classes is the oracle: coinductive equality of the nodes by asking, for each
// pair that looks alike, whether all its pairs of references are still taken
// for equal, until nothing changes.
func (p *program) classes() []int {
	n := len(p.nodes)
	equal := make([][]bool, n)
	for i := range equal {
		equal[i] = make([]bool, n)
		for j := range equal[i] {
			a, b := p.nodes[i], p.nodes[j]
			equal[i][j] = a.kind == b.kind && a.name == b.name && len(a.refs) == len(b.refs) && slices.Equal(a.enum, b.enum)
			if equal[i][j] {
				switch a.kind {
				case btf.KindInt, btf.KindFloat, btf.KindArray, btf.KindDeclTag:
					equal[i][j] = a.size == b.size
				case btf.KindStruct, btf.KindUnion:
					equal[i][j] = a.size == b.size && (len(a.refs) == 0 || a.tag == b.tag)
				case btf.KindFuncProto:
					equal[i][j] = len(a.refs) == 1 || a.tag == b.tag
				case btf.KindEnum, btf.KindEnum64:
					equal[i][j] = a.size == b.size && a.tag == b.tag
				}
			}
		}
	}
	for again := true; again; {
		again = false
		for i := range equal {
			for j := range equal[i] {
				if !equal[i][j] {
					continue
				}
				for k, x := range p.nodes[i].refs {
					y := p.nodes[j].refs[k]
					if x < 0 || y < 0 {
						if x != y {
							equal[i][j], again = false, true
						}
					} else if !equal[x][y] {
						equal[i][j], again = false, true
					}
				}
			}
		}
	}
	class := make([]int, n)
	for i := range class {
		class[i] = slices.Index(equal[i], true) // the first that is equal
	}
	return class
}

// drawOrder returns the nodes of one unit, shuffled, some of them twice.
func drawOrder(t *rapid.T, in []bool) []int {
	var order []int
	for n, ok := range in {
		if ok {
			order = append(order, n)
			if rapid.IntRange(0, 5).Draw(t, "twice") == 0 {
				order = append(order, n)
			}
		}
	}
	return rapid.Permutation(order).Draw(t, "order")
}

// TestCanonicalTypes: of a random program in random units on a random base,
// types get one id exactly where the oracle says that they are equal.
func TestCanonicalTypes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProgram(t)
		class := p.classes()
		pick := func(copies int) int { return rapid.IntRange(0, copies-1).Draw(t, "copy") }
		root := rapid.IntRange(0, len(p.nodes)-1)
		draw := func() ([]int, *btf.BTF) {
			order := drawOrder(t, p.needs(rapid.SliceOfN(root, 1, 4).Draw(t, "roots")))
			return order, p.unit(order, pick)
		}

		collide := rapid.Bool().Draw(t, "collide")
		on, strs := noBase(collide), btf.NewStrings(nil)
		r := &run{on: on, m: NewModule(), strs: strs}
		inBase := map[int]bool{}
		if rapid.Bool().Draw(t, "base") {
			order, b := draw()
			for _, n := range order {
				inBase[class[n]] = true
			}
			var err error
			if r.on, err = newBase(&b.Types, b.Strs, collide); err != nil {
				t.Fatal(err)
			}
			r.base, r.strs = b, btf.NewStrings(r.on.Strings())
		}
		r.m.Reset(r.on)

		id := map[int]btf.ID{} // class → canonical id
		own := map[int]bool{}
		for range rapid.IntRange(1, 4).Draw(t, "units") {
			order, u := draw()
			canon, err := r.m.AddUnit(r.rename(u))
			if err != nil {
				t.Fatal(err)
			}
			for i, n := range order {
				c := class[n]
				if was, ok := id[c]; ok && was != canon[i+1] {
					t.Fatalf("node %d of class %d has ids %d and %d", n, c, was, canon[i+1])
				}
				id[c] = canon[i+1]
				if isBase := int(canon[i+1]) < r.on.NumTypes(); isBase != inBase[c] {
					t.Fatalf("node %d of class %d has id %d: in the base: %v, want %v", n, c, canon[i+1], isBase, inBase[c])
				}
				if !inBase[c] {
					own[c] = true
				}
			}
		}
		class2 := map[btf.ID]int{}
		for c, i := range id {
			if other, ok := class2[i]; ok {
				t.Fatalf("classes %d and %d have one id %d", c, other, i)
			}
			class2[i] = c
		}
		res, err := r.m.Finish(r.strs)
		if err != nil {
			t.Fatal(err)
		}
		n := len(res.Types.Rows)
		if res.Start == 0 {
			n--
		}
		if n != len(own) {
			t.Fatalf("%d types in the end, want %d", n, len(own))
		}
	})
}

// TestForwardsResolved: units that declare some structs and define others come
// to the same as units that define all, where each name has one definition and
// some unit has it, or to nothing where the base has it.
func TestForwardsResolved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProgram(t)
		used := map[string]bool{}
		for i := range p.nodes { // one definition per name and kind
			x := &p.nodes[i]
			switch x.kind {
			case btf.KindStruct, btf.KindUnion:
				if x.name == "" || used[x.name] {
					x.name = fmt.Sprint("only", i)
				}
				used[x.name] = true
			}
		}
		pick := func(copies int) int { return 0 }
		var all []int
		for n := range p.nodes {
			all = append(all, n)
		}
		whole := p.unit(all, pick)
		want := dedupIn(t, nil, []*btf.BTF{whole})

		units := []*btf.BTF{}
		for range rapid.IntRange(1, 3).Draw(t, "units") {
			units = append(units, p.declare(t, rapid.Permutation(all).Draw(t, "order")))
		}
		if got := dedupIn(t, whole, units); got.NumOwn() != 0 {
			t.Fatalf("on a base that has all:\n%s", btftest.Text(got))
		}
		at := rapid.IntRange(0, len(units)).Draw(t, "whole at")
		units = slices.Insert(units, at, whole)
		got := dedupIn(t, nil, units)
		if d := btftest.Compare(want, got); !d.Empty() {
			t.Fatalf("%v\ngot:\n%s\nwant:\n%s", d, btftest.Text(got), btftest.Text(want))
		}
	})
}

// declare is a unit in which some structs and unions are only declared.
func (p *program) declare(t *rapid.T, order []int) *btf.BTF {
	u := p.unit(order, func(int) int { return 0 })
	for i := range u.Types.Rows {
		r := &u.Types.Rows[i]
		switch k := r.Info.Kind(); k {
		case btf.KindStruct, btf.KindUnion:
			if rapid.Bool().Draw(t, "declared") {
				*r = btf.Row{Name: r.Name, Info: btf.MakeInfo(btf.KindFwd, 0, k == btf.KindUnion)}
			}
		}
	}
	return u
}

func dedupIn(t *rapid.T, base *btf.BTF, units []*btf.BTF) *btf.BTF {
	r := &run{on: NoBase(), m: NewModule()}
	if base != nil {
		var err error
		if r.on, err = NewBase(&base.Types, base.Strs); err != nil {
			t.Fatal(err)
		}
	}
	r.strs = btf.NewStrings(r.on.Strings())
	r.m.Reset(r.on)
	for _, u := range units {
		if _, err := r.m.AddUnit(r.rename(u)); err != nil {
			t.Fatal(err)
		}
	}
	res, err := r.m.Finish(r.strs)
	if err != nil {
		t.Fatal(err)
	}
	return &btf.BTF{Types: res.Types, Start: res.Start, Strs: res.Strings, StrStart: res.StrStart, Base: base}
}
