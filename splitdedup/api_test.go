package splitdedup

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

const intAndNode = `
	[1] INT 'int' size=4 encoding=SIGNED
	[2] STRUCT 'node' size=16
		'next' type_id=3
		'value' type_id=1 bits_offset=64
	[3] PTR '(anon)' type_id=2
`

// TestStringsUsedOnly: strings that no type uses vanish, those of the base are
// the base's, the others stand once.
func TestStringsUsedOnly(t *testing.T) {
	unit := textUnit(t, `
		[1] INT 'int' size=4 encoding=SIGNED
		[2] STRUCT 'list' size=16
			'next' type_id=3
			'size' type_id=1 bits_offset=64
		[3] PTR '(anon)' type_id=2
		[4] TYPEDEF 'size' type_id=1
		[5] TYPEDEF 'list' type_id=2
	`)
	for _, c := range []struct {
		name string
		base *btf.BTF
		want string
	}{
		{"alone", nil, "\x00list\x00next\x00size\x00int\x00"},
		{"split", textBase(t, intAndNode), "list\x00size\x00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRun(t, c.base, false)
			r.strs.Intern([]byte("unused before"))
			types := r.rename(unit)
			r.strs.Intern([]byte("unused after"))
			if _, err := r.m.AddUnit(types); err != nil {
				t.Fatal(err)
			}
			got := r.finish(t)
			if string(got.Strs) != c.want {
				t.Errorf("strings %q, want %q", got.Strs, c.want)
			}
		})
	}
}

// TestBaseStringsNotUnique: a base whose names are tails of other strings, or
// whose string section has a string twice, shares its types all the same.
func TestBaseStringsNotUnique(t *testing.T) {
	base := textBase(t, intAndNode+`
		[4] TYPEDEF 'my_node' type_id=2
		[5] TYPEDEF 'next' type_id=1
	`)
	at := func(s string) btf.StrOff { return btf.StrOff(strings.Index(string(base.Strs), s)) }
	base.Types.Rows[2].Name = at("my_node\x00") + 3 // "node" inside "my_node"
	base.Types.Rows[5].Name = btf.StrOff(len(base.Strs))
	base.Strs = append(base.Strs, "next\x00"...)
	before := btftest.Text(base)
	for _, collide := range []bool{false, true} {
		got := dedup(t, base, []*btf.BTF{textUnit(t, before)}, collide)
		if got.NumOwn() != 0 || len(got.Strs) != 0 {
			t.Errorf("the base's own types leave %q and\n%s", got.Strs, btftest.Text(got))
		}
	}
	if after := btftest.Text(base); after != before {
		t.Errorf("the base changed to\n%s", after)
	}
}

// TestAdd adds single types with canonical references.
func TestAdd(t *testing.T) {
	base := textBase(t, intAndNode+`
		[4] FUNC_PROTO '(anon)' ret_type_id=1
			'n' type_id=3
		[5] FUNC 'length' type_id=4 linkage=static
		[6] TYPEDEF 'F' type_id=7
		[7] FUNC_PROTO '(anon)' ret_type_id=6
		[8] VAR 'head' type_id=2, linkage=static
		[9] PTR '(anon)' type_id=6
	`)
	for _, collide := range []bool{false, true} {
		r := newRun(t, base, collide)
		m := r.m
		name := func(s string) btf.StrOff { return r.strs.Intern([]byte(s)) }
		add := func(row btf.Row, items ...btf.Item) btf.ID {
			t.Helper()
			id, err := m.Add(row, items)
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		kind := func(k btf.Kind, vlen int) btf.Info { return btf.MakeInfo(k, vlen, false) }
		expect := func(what string, got, want btf.ID) {
			t.Helper()
			if got != want {
				t.Errorf("collide %v: %s has id %d, want %d", collide, what, got, want)
			}
		}
		proto := add(btf.Row{Info: kind(btf.KindFuncProto, 1), Type: 1, Aux: 77}, btf.Item{Name: uint32(name("n")), Type: 3})
		expect("the base's prototype", proto, 4)
		expect("the base's function", add(btf.Row{Name: name("length"), Info: kind(btf.KindFunc, btf.LinkageStatic), Type: uint32(proto)}), 5)
		expect("a pointer to the base's circle", add(btf.Row{Info: kind(btf.KindPtr, 0), Type: 6}), 9)
		expect("a pointer to a struct", add(btf.Row{Info: kind(btf.KindPtr, 0), Type: 2}), 3)
		first := btf.ID(base.NumTypes())
		expect("a global function", add(btf.Row{Name: name("length"), Info: kind(btf.KindFunc, btf.LinkageGlobal), Type: 4}), first)
		expect("the same again", add(btf.Row{Name: name("length"), Info: kind(btf.KindFunc, btf.LinkageGlobal), Type: 4}), first)
		v := btf.Row{Name: name("head"), Info: kind(btf.KindVar, 0), Type: 2}
		expect("a variable", add(v), first+1)
		expect("a variable again", add(v), first+2)
		expect("a pointer to void", add(btf.Row{Info: kind(btf.KindPtr, 0)}), first+3)
		expect("a section", add(btf.Row{Name: name(".data"), Info: kind(btf.KindDatasec, 1), Type: 8}, btf.Item{Name: 8, Type: uint32(first + 1)}), first+4)

		// Two circles of the module's own, and what refers to them.
		canon := r.add(t, textUnit(t, `
			[1] TYPEDEF 'G' type_id=2
			[2] FUNC_PROTO '(anon)' ret_type_id=1
			[3] TYPEDEF 'H' type_id=4
			[4] FUNC_PROTO '(anon)' ret_type_id=3
			[5] CONST '(anon)' type_id=1
			[6] CONST '(anon)' type_id=3
		`))
		canon = append([]btf.ID(nil), canon...)
		expect("const G", add(btf.Row{Info: kind(btf.KindConst, 0), Type: uint32(canon[1])}), canon[5])
		expect("const H", add(btf.Row{Info: kind(btf.KindConst, 0), Type: uint32(canon[3])}), canon[6])
		expect("a prototype that returns G", add(btf.Row{Info: kind(btf.KindFuncProto, 0), Type: uint32(canon[1])}), canon[2])

		want := btftest.MustParse(t, `
			[10] FUNC 'length' type_id=4 linkage=global
			[11] VAR 'head' type_id=2, linkage=static
			[12] VAR 'head' type_id=2, linkage=static
			[13] PTR '(anon)' type_id=0
			[14] DATASEC '.data' size=8
				type_id=11 offset=0 size=8
			[15] TYPEDEF 'G' type_id=16
			[16] FUNC_PROTO '(anon)' ret_type_id=15
			[17] TYPEDEF 'H' type_id=18
			[18] FUNC_PROTO '(anon)' ret_type_id=17
			[19] CONST '(anon)' type_id=15
			[20] CONST '(anon)' type_id=17
		`, base)
		if n := m.Len(); n != want.NumTypes() {
			t.Errorf("collide %v: %d canonical ids in use, want %d", collide, n, want.NumTypes())
		}
		sameMeaning(t, "added types", want, r.finish(t))
	}
}

// TestModuleReused runs all cases through one Module: nothing of one may show
// in the next.
func TestModuleReused(t *testing.T) {
	m := NewModule()
	for round := range 2 {
		for name, c := range allCases(t) {
			base := textBase(t, c.base)
			r := newRun(t, base, false)
			r.m = m
			m.Reset(r.on)
			for _, u := range c.units {
				r.add(t, textUnit(t, u))
			}
			if got := exactText(r.finish(t)); got != c.want {
				t.Errorf("round %d, %s: got\n%s\nwant\n%s", round, name, got, c.want)
			}
		}
	}
}

func allCases(t *testing.T) map[string]*dedupCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "dedup", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal("no cases: ", err)
	}
	cases := map[string]*dedupCase{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if cases[filepath.Base(file)], err = splitCase(string(data)); err != nil {
			t.Fatal(file, err)
		}
	}
	return cases
}

// TestBaseShared uses one base from several goroutines; the race detector
// watches.
func TestBaseShared(t *testing.T) {
	c := allCases(t)["split-base-fwd-completed.txt"]
	base := textBase(t, c.base)
	on, err := NewBase(&base.Types, base.Strs)
	if err != nil {
		t.Fatal(err)
	}
	texts := make([]string, 4)
	var wg sync.WaitGroup
	for i := range texts {
		r := &run{base: base, on: on, m: NewModule(), strs: btf.NewStrings(on.Strings())}
		wg.Go(func() {
			for range 20 {
				r.m.Reset(on)
				r.strs.Reset(on.Strings())
				for _, u := range c.units {
					if _, err := r.m.AddUnit(r.rename(btftest.MustParse(t, u, nil))); err != nil {
						texts[i] = err.Error()
						return
					}
				}
				res, err := r.m.Finish(r.strs)
				if err != nil {
					texts[i] = err.Error()
					return
				}
				b := &btf.BTF{Types: res.Types, Start: res.Start, Strs: res.Strings, StrStart: res.StrStart, Base: base}
				texts[i] = exactText(b)
			}
		})
	}
	wg.Wait()
	for i, s := range texts {
		if s != c.want {
			t.Errorf("goroutine %d: got\n%s\nwant\n%s", i, s, c.want)
		}
	}
}

// TestDeepCopies: copies of one graph are the same however deep; libbpf gives
// up after 16 levels and keeps both.
func TestDeepCopies(t *testing.T) {
	const levels = 300
	// A pointer chain of levels, alternating with arrays, prototypes, typedefs
	// and anonymous structs, that ends at int.
	chain := func(w *strings.Builder, first int) (top int) {
		id := first
		for i := range levels {
			switch i % 5 {
			case 0:
				fmt.Fprintf(w, "[%d] PTR '(anon)' type_id=%d\n", id, id-1)
			case 1:
				fmt.Fprintf(w, "[%d] ARRAY '(anon)' type_id=%d index_type_id=1 nr_elems=%d\n", id, id-1, i)
			case 2:
				fmt.Fprintf(w, "[%d] FUNC_PROTO '(anon)' ret_type_id=0\n'p' type_id=%d\n", id, id-1)
			case 3:
				fmt.Fprintf(w, "[%d] TYPEDEF 't%d' type_id=%d\n", id, i, id-1)
			case 4:
				fmt.Fprintf(w, "[%d] STRUCT '(anon)' size=8\n'm' type_id=%d\n", id, id-1)
			}
			id++
		}
		return id - 1
	}
	unit := func(copies int) *btf.BTF {
		var w strings.Builder
		w.WriteString("[1] INT 'int' size=4\n")
		id := 2
		var tops []int
		for range copies {
			if id > 2 { // the copy has an int of its own
				fmt.Fprintf(&w, "[%d] INT 'int' size=4\n", id)
				id++
			}
			top := chain(&w, id)
			tops = append(tops, top)
			id = top + 1
		}
		fmt.Fprintf(&w, "[%d] STRUCT 'deep' size=16\n'a' type_id=%d\n'b' type_id=%d bits_offset=64\n", id, tops[0], tops[len(tops)-1])
		return textUnit(t, w.String())
	}
	one, two := unit(1), unit(2)
	for _, c := range []struct {
		name  string
		base  *btf.BTF
		units []*btf.BTF
		want  int
	}{
		{"alone", nil, []*btf.BTF{one, two}, levels + 2},
		{"copies first", nil, []*btf.BTF{two, one}, levels + 2},
		{"copies only", nil, []*btf.BTF{two}, levels + 2},
		{"in the base", one, []*btf.BTF{two}, 0},
	} {
		for _, collide := range []bool{false, true} {
			if got := dedup(t, c.base, c.units, collide); got.NumOwn() != c.want {
				t.Errorf("%s, collide %v: %d types, want %d", c.name, collide, got.NumOwn(), c.want)
			}
		}
	}
}
