package splitdedup

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// builder makes units too large for text. Names are numbers: the offsets of
// strings that are interned when the unit is added.
type builder struct {
	t    btf.Types
	strs *btf.Strings
}

func newBuilder() *builder {
	return &builder{t: btf.Types{Rows: make([]btf.Row, 1)}, strs: btf.NewStrings(nil)}
}

func (b *builder) name(s string) btf.StrOff { return b.strs.Intern([]byte(s)) }

func (b *builder) next() uint32 { return uint32(len(b.t.Rows)) }

// ref adds a type that refers to another one.
func (b *builder) ref(k btf.Kind, name string, to uint32) uint32 {
	b.t.Rows = append(b.t.Rows, btf.Row{Name: b.name(name), Info: btf.MakeInfo(k, 0, false), Type: to})
	return b.next() - 1
}

func (b *builder) int(name string) uint32 {
	b.t.Rows = append(b.t.Rows, btf.Row{Name: b.name(name), Info: btf.MakeInfo(btf.KindInt, 0, false), Type: 4, Aux: 32})
	return b.next() - 1
}

func (b *builder) array(elem, index, n uint32) uint32 {
	b.t.Rows = append(b.t.Rows, btf.Row{Info: btf.MakeInfo(btf.KindArray, 0, false), Aux: uint32(len(b.t.Items))})
	b.t.Items = append(b.t.Items, btf.Item{Type: elem, Name: index, Val: n})
	return b.next() - 1
}

// comp adds a struct with members of the given types.
func (b *builder) comp(name string, size uint32, members ...uint32) uint32 {
	b.t.Rows = append(b.t.Rows, btf.Row{Name: b.name(name), Info: btf.MakeInfo(btf.KindStruct, len(members), false), Type: size, Aux: uint32(len(b.t.Items))})
	m := uint32(b.name("m"))
	for i, to := range members {
		b.t.Items = append(b.t.Items, btf.Item{Name: m, Type: to, Val: uint32(i)})
	}
	return b.next() - 1
}

// TestHostile adds units that no compiler makes, each twice, and finishes. A
// result or an error must come soon, and without taking all memory.
func TestHostile(t *testing.T) {
	const million = 1_000_000
	deep := "nested deeper than"
	for _, c := range []struct {
		name  string
		build func(b *builder)
		err   string // wanted; "" for a result
		types int    // wanted, where there is a result
	}{
		{"typedefs of earlier ones", func(b *builder) {
			b.int("int")
			for range million {
				b.ref(btf.KindTypedef, "t", b.next()-1)
			}
		}, deep, 0},
		{"typedefs of later ones", func(b *builder) {
			for range million {
				b.ref(btf.KindTypedef, "t", b.next()+1)
			}
			b.int("int")
		}, deep, 0},
		{"nameless pointers to later ones", func(b *builder) {
			for range million {
				b.ref(btf.KindPtr, "", b.next()+1)
			}
			b.int("int")
		}, deep, 0},
		{"a circle of a million pointers", func(b *builder) {
			for range million - 1 {
				b.ref(btf.KindPtr, "", b.next()+1)
			}
			b.ref(btf.KindPtr, "", 1)
		}, deep, 0},
		{"a circle of a million typedefs", func(b *builder) {
			for i := range million - 1 {
				b.ref(btf.KindTypedef, []string{"a", "b", "c"}[i%3], b.next()+1)
			}
			b.ref(btf.KindTypedef, "d", 1)
		}, deep, 0},
		{"a pointer to itself", func(b *builder) { b.ref(btf.KindPtr, "", 1) }, "", 1},
		{"a typedef of itself", func(b *builder) { b.ref(btf.KindTypedef, "t", 1) }, "", 1},
		{"an array of itself", func(b *builder) { b.array(1, 0, 3) }, "", 1},
		{"an array indexed by itself", func(b *builder) { b.array(0, 1, 3) }, "", 1},
		{"an array of and indexed by itself", func(b *builder) { b.array(1, 1, 3) }, "", 1},
		{"arrays indexed by each other", func(b *builder) { b.array(0, 2, 3); b.array(0, 1, 4) }, "", 2},
		{"arrays indexed by later ones", func(b *builder) {
			for i := range uint32(million) {
				b.array(0, b.next()+1, i)
			}
			b.int("int")
		}, "", million + 1},
		{"an array indexed by a struct of it", func(b *builder) { b.array(0, 2, 3); b.comp("", 4, 1); b.comp("s", 4, 1, 2) }, "", 3},
		{"a struct that holds itself", func(b *builder) { b.comp("s", 4, 1, 1) }, "", 1},
		{"an anonymous struct that holds itself", func(b *builder) { b.comp("", 4, 1, 1) }, "", 1},
		{"a ring of anonymous structs", func(b *builder) {
			const n = 400
			for i := range uint32(n) {
				b.comp("", 8, (i+1)%n*2+2)
				b.ref(btf.KindPtr, "", i*2+1)
			}
		}, "", 2}, // it unrolls to the same as a ring of one
		{"a wide anonymous struct in a circle", func(b *builder) {
			const n = 65_535
			members := make([]uint32, n)
			for i := range members {
				members[i] = uint32(i) + 2
			}
			b.comp("", 8, members...)
			for range n {
				b.ref(btf.KindPtr, "", 1)
			}
		}, "too entangled", 0}, // each pointer is cut, and like each other
		{"each anonymous struct twice in the next", func(b *builder) {
			s := b.comp("leaf", 4)
			for range 40 {
				s = b.comp("", 4, s, s)
			}
			b.comp("top", 4, s)
		}, "too entangled", 0},
		{"a struct too many times over", func(b *builder) {
			i := b.int("int")
			for range 50_000 {
				b.comp("s", 4, i)
			}
		}, "too entangled", 0},
		{"a struct very often", func(b *builder) {
			i := b.int("int")
			for range 2000 {
				b.comp("s", 4, i)
			}
		}, "", 2},
		{"enums of one name", func(b *builder) {
			for i := range uint32(300_000) {
				b.t.Rows = append(b.t.Rows, btf.Row{Name: b.name("e"), Info: btf.MakeInfo(btf.KindEnum, 1, false), Type: 4, Aux: uint32(len(b.t.Items))})
				b.t.Items = append(b.t.Items, btf.Item{Name: uint32(b.name("V")), Val: i})
			}
		}, "", 300_000},
		{"structs of one name that differ far away", func(b *builder) {
			for i := range uint32(5000) {
				n := b.next()
				b.comp("x", 8, n+1)
				b.ref(btf.KindPtr, "", n+2)
				b.comp("y", 8, n+3)
				b.ref(btf.KindPtr, "", n+4)
				b.comp("z", i)
			}
		}, "too entangled", 0},
		{"a long chain that differs at its end", func(b *builder) {
			// The end comes first: what differs must get from pair to pair.
			for size := range uint32(2) {
				b.comp("end", 4)
				b.comp("before", 8, b.ref(btf.KindPtr, "", b.next()-1))
				b.t.Rows[b.next()-3].Type += size
				for i := range 30_000 {
					b.comp(fmt.Sprint("s", i), 8, b.ref(btf.KindPtr, "", b.next()-1))
				}
			}
		}, "", 2 * (3 + 2*30_000)},
		{"a long chain in no order that differs at its end", func(b *builder) {
			const n = 30_000
			for size := range uint32(2) {
				first := b.next()
				perm := rand.New(rand.NewPCG(1, 2)).Perm(n)
				at := make([]int, n) // chain position → place
				for place, pos := range perm {
					at[pos] = place
				}
				for _, pos := range perm {
					to := uint32(0)
					if pos > 0 {
						to = first + uint32(2*at[pos-1])
					}
					b.comp(fmt.Sprint("s", pos), 8+size*uint32(1/(pos+1)), b.next()+1)
					b.ref(btf.KindPtr, "", to)
				}
			}
		}, "", 4*30_000 - 1},
		{"members that are no types", func(b *builder) {
			b.comp("s", 8, 2, 3, 4, 5, 6, 7, 8)
			b.ref(btf.KindVar, "v", 1)
			b.ref(btf.KindFunc, "f", 1)
			b.ref(btf.KindFunc, "g", 3)
			b.ref(btf.KindDeclTag, "d", 1)
			b.ref(btf.KindFwd, "", 0)
			b.ref(btf.KindFwd, "s", 0)
			b.t.Rows = append(b.t.Rows, btf.Row{Info: btf.MakeInfo(btf.KindDatasec, 1, false), Aux: uint32(len(b.t.Items))})
			b.t.Items = append(b.t.Items, btf.Item{Type: 1})
		}, "", -1},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			b := newBuilder()
			c.build(b)
			start := btftest.CPUTime(t)
			m := NewModule()
			m.Reset(NoBase())
			var err error
			var res *Result
			for range 2 {
				if _, e := m.AddUnit(&b.t); e != nil && err == nil {
					err = e
				}
			}
			if err == nil {
				res, err = m.Finish(b.strs)
			}
			if d := btftest.CPUTime(t) - start; d > 20*time.Second {
				t.Errorf("took %v", d)
			} else {
				t.Logf("%v, %d types, %d pairs, %d obligations", d, m.Len(), len(m.unit.pairs), len(m.unit.obls))
			}
			switch {
			case c.err == "" && err != nil:
				t.Fatal(err)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Fatalf("error %v, want one with %q", err, c.err)
			case err != nil:
				return
			}
			if n := len(res.Types.Rows) - 1; c.types >= 0 && n != c.types {
				t.Errorf("%d types, want %d", n, c.types)
			}
			readBack(t, res, nil)
		})
	}
}

// TestHostileBase adds units whose structs or enums all look like those of the base
// from outside, and differ within: one has to end soon, if it must with an error.
func TestHostileBase(t *testing.T) {
	for _, kind := range []btf.Kind{btf.KindStruct, btf.KindEnum} {
		const n = 6_000
		strs := []byte("\x00s\x00x\x00")
		alike := func(from uint32) *btf.Types {
			all := &btf.Types{Rows: make([]btf.Row, 1)}
			for i := range uint32(n) {
				all.Rows = append(all.Rows, btf.Row{Name: 1, Info: btf.MakeInfo(kind, 1, false), Type: 4, Aux: i})
				all.Items = append(all.Items, btf.Item{Name: 3, Val: from + i})
			}
			return all
		}
		base, err := NewBase(alike(0), strs)
		if err != nil {
			t.Fatal(err)
		}
		m := NewModule()
		m.Reset(base)
		_, err = m.AddUnit(alike(n))
		// Each with each would be 36 million comparisons.
		if err == nil || !strings.Contains(err.Error(), "too entangled") || m.unit.tries > maxTries+n {
			t.Errorf("%v: error %v after %d comparisons", kind, err, m.unit.tries)
		}
	}
}
