package encoder

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

// A random C program is written as DWARF the way compilers do: each unit has what it
// needs, in its own order, arrays and other types twice, some structs only declared.
// What comes out has to be the program again, each type once:
//
//	unit 1   struct a { struct b *p; }; struct b;      ┐
//	unit 2   struct b { int x[2]; }; int[2] once more  ┘ → a, b, a *, b *, int[2], int
//
// Names are few, so that types look alike; circles go through pointers, as in C.

// program is a type graph. Node 0 is int.
type program struct{ nodes []cType }

type cType struct {
	kind    btf.Kind
	name    string
	size    int    // bytes; of an array, elements
	bytes   int    // of an object, -1 where there can be none
	refs    []int  // to nodes, -1 is void
	fields  string // names of members, one letter each
	narrow  bool   // members that are int are bit-fields
	varargs bool
}

func drawProgram(t *rapid.T) *program {
	p := &program{nodes: []cType{{kind: btf.KindInt, name: "int", size: 4, bytes: 4}}}
	n := rapid.IntRange(2, 20).Draw(t, "nodes")
	small := func(what string, max int) int { return rapid.IntRange(0, max).Draw(t, what) }
	object := func(what string) int { // a node before that has a size
		i := small(what, len(p.nodes)-1)
		for p.nodes[i].bytes < 0 {
			i--
		}
		return i
	}
	for len(p.nodes) < n {
		x := cType{kind: rapid.SampledFrom([]btf.Kind{
			btf.KindInt, btf.KindPtr, btf.KindPtr, btf.KindPtr, btf.KindArray, btf.KindArray, btf.KindStruct, btf.KindStruct, btf.KindStruct,
			btf.KindUnion, btf.KindEnum, btf.KindTypedef, btf.KindConst, btf.KindVolatile, btf.KindFuncProto, btf.KindFloat,
		}).Draw(t, "kind"), bytes: -1}
		letter := func() string { return []string{"a", "b", "c"}[small("name", 2)] }
		switch x.kind {
		case btf.KindInt:
			x.name, x.size, x.bytes = "long", 8, 8
		case btf.KindFloat:
			x.name, x.size, x.bytes = "double", 8, 8
		case btf.KindPtr:
			x.bytes, x.refs = 8, []int{rapid.IntRange(-1, n-1).Draw(t, "to")}
		case btf.KindArray:
			e := object("element")
			x.size, x.refs = 1+small("elements", 2), []int{e}
			x.bytes = x.size * p.nodes[e].bytes
		case btf.KindStruct, btf.KindUnion:
			x.name, x.narrow = letter()[small("anonymous", 1):], rapid.Bool().Draw(t, "narrow")
			x.bytes = 0
			for i := range small("members", 3) {
				m := object("member")
				x.refs = append(x.refs, m)
				x.fields += []string{"x", "y"}[small("field", 1)] + string(rune('0'+i))
				if x.kind == btf.KindStruct {
					x.bytes += p.nodes[m].bytes
				} else {
					x.bytes = max(x.bytes, p.nodes[m].bytes)
				}
			}
		case btf.KindEnum:
			x.name, x.size, x.bytes = letter()[small("anonymous", 1):], 1+small("value", 1), 4
		case btf.KindTypedef, btf.KindConst, btf.KindVolatile:
			to := small("of", len(p.nodes)) - 1
			if x.refs = []int{to}; to >= 0 {
				x.bytes = p.nodes[to].bytes
			}
			if x.kind == btf.KindTypedef {
				x.name = letter() + "_t"
			}
		case btf.KindFuncProto:
			x.refs, x.varargs = []int{-1}, rapid.Bool().Draw(t, "varargs")
			for range small("parameters", 2) {
				x.refs = append(x.refs, object("parameter"))
			}
			if rapid.Bool().Draw(t, "returns") {
				x.refs[0] = object("returned")
			}
		}
		p.nodes = append(p.nodes, x)
	}
	return p
}

// name makes names of structs, unions and enums unique, so that a declaration has one
// meaning.
func (p *program) unique() {
	for i := range p.nodes {
		switch x := &p.nodes[i]; x.kind {
		case btf.KindStruct, btf.KindUnion, btf.KindEnum:
			x.name = fmt.Sprint("only", i)
		}
	}
}

// held returns which nodes other nodes have inside of them, so that they cannot be only
// declared where those are.
func (p *program) held() []bool {
	in := make([]bool, len(p.nodes))
	for _, x := range p.nodes {
		if x.kind == btf.KindPtr {
			continue
		}
		for _, r := range x.refs {
			if r >= 0 {
				in[r] = true
			}
		}
	}
	return in
}

// cUnit is what a unit has: nodes in order, some twice, and which are only declared.
type cUnit struct {
	order    []int
	declared []bool
}

func (p *program) drawUnit(t *rapid.T, forwards bool) cUnit {
	u := cUnit{declared: make([]bool, len(p.nodes))}
	if held := p.held(); forwards {
		for i, x := range p.nodes {
			if (x.kind == btf.KindStruct || x.kind == btf.KindUnion) && !held[i] {
				u.declared[i] = rapid.Bool().Draw(t, "declared")
			}
		}
	}
	roots := append(rapid.SliceOfN(rapid.IntRange(0, len(p.nodes)-1), 1, 4).Draw(t, "roots"), 0)
	for n, in := range p.reach(roots, u.declared) {
		if !in {
			continue
		}
		u.order = append(u.order, n)
		for range rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "more") {
			u.order = append(u.order, n)
		}
	}
	u.order = rapid.Permutation(u.order).Draw(t, "order")
	return u
}

// reach returns what roots need, where nothing is needed of what is declared.
func (p *program) reach(roots []int, declared []bool) []bool {
	in := make([]bool, len(p.nodes))
	for todo := slices.Clone(roots); len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if n < 0 || in[n] {
			continue
		}
		in[n] = true
		if !declared[n] {
			todo = append(todo, p.nodes[n].refs...)
		}
	}
	return in
}

// dwarf writes units as text of dwarftest. Where a node is there more than once, pick
// says which one is meant.
func (p *program) dwarf(units []cUnit, pick func(copies int) int) string {
	var w strings.Builder
	for k, u := range units {
		fmt.Fprintf(&w, "unit\ncompile_unit name=\"%d.c\" language=29\n", k)
		copies := make([]int, len(p.nodes))
		for _, n := range u.order {
			copies[n]++
		}
		label := func(n, c int) string { return fmt.Sprintf("u%d_%d_%d", k, n, c) }
		ref := func(n int) string {
			if n < 0 {
				return ""
			}
			return " type=" + label(n, pick(copies[n]))
		}
		written := make([]int, len(p.nodes))
		for _, n := range u.order {
			fmt.Fprintf(&w, "  %s: ", label(n, written[n]))
			written[n]++
			p.die(&w, n, u.declared[n], ref)
		}
	}
	return w.String()
}

// die writes a node and its children.
func (p *program) die(w *strings.Builder, n int, declared bool, ref func(int) string) {
	x := &p.nodes[n]
	name := ""
	if x.name != "" {
		name = fmt.Sprintf(" name=%q", x.name)
	}
	tag := map[btf.Kind]string{btf.KindStruct: "structure_type", btf.KindUnion: "union_type", btf.KindTypedef: "typedef", btf.KindConst: "const_type", btf.KindVolatile: "volatile_type"}[x.kind]
	switch x.kind {
	case btf.KindInt:
		fmt.Fprintf(w, "base_type%s byte_size=%d encoding=5\n", name, x.size)
	case btf.KindFloat:
		fmt.Fprintf(w, "base_type%s byte_size=%d encoding=4\n", name, x.size)
	case btf.KindPtr:
		fmt.Fprintf(w, "pointer_type byte_size=8%s\n", ref(x.refs[0]))
	case btf.KindArray:
		fmt.Fprintf(w, "array_type%s\n    subrange_type%s upper_bound=%d\n", ref(x.refs[0]), ref(0), x.size-1)
	case btf.KindTypedef, btf.KindConst, btf.KindVolatile:
		fmt.Fprintf(w, "%s%s%s\n", tag, name, ref(x.refs[0]))
	case btf.KindEnum:
		fmt.Fprintf(w, "enumeration_type%s byte_size=4 encoding=7\n", name)
		for v := range x.size {
			fmt.Fprintf(w, "    enumerator name=\"E%d\" const_value=%d\n", v, v)
		}
	case btf.KindFuncProto:
		fmt.Fprintf(w, "subroutine_type prototyped%s\n", ref(x.refs[0]))
		for _, r := range x.refs[1:] {
			fmt.Fprintf(w, "    formal_parameter%s\n", ref(r))
		}
		if x.varargs {
			fmt.Fprint(w, "    unspecified_parameters\n")
		}
	case btf.KindStruct, btf.KindUnion:
		if declared {
			fmt.Fprintf(w, "%s%s declaration\n", tag, name)
			return
		}
		fmt.Fprintf(w, "%s%s byte_size=%d\n", tag, name, x.bytes)
		p.members(x, func(field string, r, at int, narrow bool) {
			if narrow {
				fmt.Fprintf(w, "    member name=%q%s bit_size=3 data_bit_offset=%d\n", field, ref(r), 8*at)
			} else {
				fmt.Fprintf(w, "    member name=%q%s data_member_location=%d\n", field, ref(r), at)
			}
		})
	}
}

// members calls f for each member with its name, type, offset in bytes, and whether it
// is a bit-field of three bits.
func (p *program) members(x *cType, f func(field string, ref, at int, narrow bool)) {
	at := 0
	for i, r := range x.refs {
		f(x.fields[2*i:2*i+2], r, at, x.narrow && p.nodes[r].kind == btf.KindInt)
		if x.kind == btf.KindStruct {
			at += p.nodes[r].bytes
		}
	}
}

// btf returns the types that are in as they should come out, in the order of nodes.
// What is not defined is a FWD.
func (p *program) btf(t *rapid.T, in, defined []bool) *btf.BTF {
	id := make([]int, len(p.nodes))
	n := 0
	for i := range p.nodes {
		if in[i] {
			n++
			id[i] = n
		}
	}
	ref := func(r int) int {
		if r < 0 {
			return 0
		}
		return id[r]
	}
	var w strings.Builder
	for i := range p.nodes {
		x := &p.nodes[i]
		if !in[i] {
			continue
		}
		name := x.name
		if name == "" {
			name = "(anon)"
		}
		switch fmt.Fprintf(&w, "[%d] ", id[i]); x.kind {
		case btf.KindInt:
			fmt.Fprintf(&w, "INT '%s' size=%d encoding=SIGNED\n", name, x.size)
		case btf.KindFloat:
			fmt.Fprintf(&w, "FLOAT '%s' size=%d\n", name, x.size)
		case btf.KindArray:
			fmt.Fprintf(&w, "ARRAY '(anon)' type_id=%d index_type_id=%d nr_elems=%d\n", ref(x.refs[0]), ref(0), x.size)
		case btf.KindEnum:
			fmt.Fprintf(&w, "ENUM '%s' size=4\n", name)
			for v := range x.size {
				fmt.Fprintf(&w, "'E%d' val=%d\n", v, v)
			}
		case btf.KindFuncProto:
			fmt.Fprintf(&w, "FUNC_PROTO '(anon)' ret_type_id=%d\n", ref(x.refs[0]))
			for _, r := range x.refs[1:] {
				fmt.Fprintf(&w, "'(anon)' type_id=%d\n", ref(r))
			}
			if x.varargs {
				fmt.Fprint(&w, "'(anon)' type_id=0\n")
			}
		case btf.KindStruct, btf.KindUnion:
			if !defined[i] {
				fmt.Fprintf(&w, "FWD '%s' fwd_kind=%v\n", name, strings.ToLower(x.kind.String()))
				break
			}
			fmt.Fprintf(&w, "%v '%s' size=%d\n", x.kind, name, x.bytes)
			p.members(x, func(field string, r, at int, narrow bool) {
				fmt.Fprintf(&w, "'%s' type_id=%d bits_offset=%d", field, ref(r), 8*at)
				if narrow {
					fmt.Fprint(&w, " bitfield_size=3")
				}
				fmt.Fprintln(&w)
			})
		default:
			fmt.Fprintf(&w, "%v '%s' type_id=%d\n", x.kind, name, ref(x.refs[0]))
		}
	}
	b, err := btftest.Parse(w.String(), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, w.String())
	}
	return b
}

// has returns which nodes units have, and which of them are defined in one.
func (p *program) has(units []cUnit) (in, defined []bool) {
	in, defined = make([]bool, len(p.nodes)), make([]bool, len(p.nodes))
	for _, u := range units {
		for _, n := range u.order {
			in[n] = true
			defined[n] = defined[n] || !u.declared[n]
		}
	}
	return in, defined
}

// prop is what has to hold of every program.
func (e *sectionEncoder) prop(t *rapid.T) {
	p := drawProgram(t)
	forwards := rapid.Bool().Draw(t, "forwards")
	if forwards {
		p.unique()
	}
	pick := func(copies int) int { return rapid.IntRange(0, copies-1).Draw(t, "copy") }
	draw := func(forwards bool) (units []cUnit) {
		for range rapid.IntRange(1, 4).Draw(t, "units") {
			units = append(units, p.drawUnit(t, forwards))
		}
		return units
	}
	encode := func(units []cUnit, base []byte) ([]byte, *btf.BTF) {
		text := p.dwarf(units, pick)
		s, err := dwarftest.Assemble(dwarftest.Options{
			Version: rapid.IntRange(2, 5).Draw(t, "version"), Is64: rapid.Bool().Draw(t, "dwarf64"),
		}, text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		on, err := parsedBase(base)
		if err != nil {
			t.Fatal(err)
		}
		data, err := e.encode(sectionsOf(s), on)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		b, err := btf.Parse(data, on.parsed())
		if err != nil {
			t.Fatal(err)
		}
		return data, b
	}
	compare := func(what string, want, got *btf.BTF) {
		if d := btftest.Compare(want, got); !d.Empty() {
			t.Fatalf("%s: %v\ngot:\n%s\nwant:\n%s", what, d, btftest.Text(got), btftest.Text(want))
		}
	}

	units := draw(forwards)
	in, defined := p.has(units)
	data, got := encode(units, nil)
	compare("the program", p.btf(t, in, defined), got)
	if err := btf.Check(data, nil, btf.Rules{Libbpf: true, PtrSize: 8}); err != nil {
		t.Fatal(err)
	}

	_, other := encode(rapid.Permutation(units).Draw(t, "unit order"), nil)
	compare("units in another order", got, other)

	if _, again := encode(units, data); again.NumOwn() != 0 {
		t.Fatalf("on top of itself:\n%s", btftest.Text(again))
	}

	// On a base that only defines, a declaration is what the base has.
	below := draw(false)
	baseData, _ := encode(below, nil)
	baseIn, _ := p.has(below)
	_, split := encode(units, baseData)
	for n := range in {
		if in[n] && !defined[n] && baseIn[n] {
			defined[n] = true
		}
	}
	var roots []int
	declared := make([]bool, len(p.nodes))
	for n := range in {
		if declared[n] = in[n] && !defined[n]; in[n] {
			roots = append(roots, n)
		}
	}
	all := p.reach(roots, declared)
	for n := range all {
		defined[n] = all[n] && !declared[n]
	}
	compare("on a base", p.btf(t, all, defined), split)
}

// TestProgram: see the top of the file.
func TestProgram(t *testing.T) {
	e := newSectionEncoder(t, DefaultFeatures())
	rapid.Check(t, e.prop)
}

// FuzzProgram is TestProgram for as long as is wanted, led by coverage.
func FuzzProgram(f *testing.F) {
	e := newSectionEncoder(f, DefaultFeatures())
	f.Fuzz(rapid.MakeFuzz(e.prop))
}
