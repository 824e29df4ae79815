package splitdedup

import (
	"slices"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
)

// graphOf makes a unit of the bytes: any bytes are one. References go anywhere
// in the unit, whatever the kind, names are few.
func graphOf(data []byte) *btf.BTF {
	next := func() int {
		if len(data) == 0 {
			return 0
		}
		c := data[0]
		data = data[1:]
		return int(c)
	}
	strs := btf.NewStrings(nil)
	name := func() btf.StrOff {
		return strs.Intern([]byte([]string{"", "a", "b", "c"}[next()%4]))
	}
	n := 1 + next()%32
	ref := func() uint32 { return uint32(next() % (n + 1)) }
	t := btf.Types{Rows: make([]btf.Row, 1)}
	for range n {
		c := next()
		kind := btf.KindInt + btf.Kind(c%int(btf.NumKinds-1))
		flag := c >= 128
		vlen := 0
		r := btf.Row{}
		s := btf.Shapes[kind]
		if kind != btf.KindPtr && kind != btf.KindArray && kind != btf.KindFuncProto {
			r.Name = name()
		}
		switch {
		case s.TypeIsRef:
			r.Type = ref()
		case kind != btf.KindFwd && kind != btf.KindArray:
			r.Type = 4
		}
		switch kind {
		case btf.KindFunc:
			vlen, flag = next()%3, false
		case btf.KindInt:
			r.Aux, flag = 32, false
		case btf.KindVar, btf.KindDeclTag:
			r.Aux = uint32(next() % 2)
		case btf.KindArray:
			r.Aux = uint32(len(t.Items))
			t.Items = append(t.Items, btf.Item{Type: ref(), Name: ref(), Val: uint32(next() % 2)})
		case btf.KindStruct, btf.KindUnion, btf.KindEnum, btf.KindEnum64, btf.KindFuncProto, btf.KindDatasec:
			vlen, r.Aux = next()%4, uint32(len(t.Items))
			for range vlen {
				var it btf.Item
				if s.ItemNameStr {
					it.Name = uint32(name())
				}
				if s.ItemTypeRef {
					it.Type = ref()
				}
				if kind != btf.KindFuncProto {
					it.Val = uint32(next() % 2)
				}
				t.Items = append(t.Items, it)
			}
		}
		r.Info = btf.MakeInfo(kind, vlen, flag)
		t.Rows = append(t.Rows, r)
	}
	return &btf.BTF{Types: t, Strs: slices.Clone(strs.Own())}
}

// FuzzDedup takes two graphs, the first as base and unit, the second as unit.
// No input may panic; what comes out can be written and read, does not depend
// on the signatures, and is the same whether a unit is added once or twice.
//
// The order of units is not varied. It matters where one unit only declares what others
// have in several shapes: a declared struct is the first complete one that it
// meets, a declared enum the last one that is new (TestCases/fwd-first-then-two-meanings,
// enum-fwd-last-wins), as in libbpf. A declaration that stays one where there
// are several would need no order, but pahole completes it (enum idh_request of amdgpu.ko).
func FuzzDedup(f *testing.F) {
	f.Add([]byte{}, []byte{})
	f.Add([]byte{2, 1, 1, 2, 1, 3}, []byte{3, 1, 1, 3, 1, 2, 3, 0, 1, 1})
	f.Add([]byte{4, 6, 1, 1, 2, 0, 1, 3, 0, 7, 2}, []byte{4, 3, 1, 2, 1, 2, 0, 1, 3})
	f.Add([]byte{3, 7, 1, 2, 12, 1, 0}, []byte{1, 2, 0, 0, 0, 2, 1, 1, 1})
	f.Fuzz(func(t *testing.T, one, two []byte) {
		a, b := graphOf(one), graphOf(two)
		for _, base := range []*btf.BTF{nil, a} {
			text := ""
			for i, c := range []struct {
				units   []*btf.BTF
				collide bool
			}{
				{[]*btf.BTF{b, a}, false},
				{[]*btf.BTF{b, a}, true},
				{[]*btf.BTF{b, b, a, a}, false},
			} {
				got := exactText(dedup(t, base, c.units, c.collide))
				if i == 0 {
					text = got
				}
				if got != text && !(len(c.units) > 2 && has(c.units, btf.KindVar, btf.KindDatasec)) {
					t.Errorf("base %v, run %d: got\n%s\nwant\n%s", base != nil, i, got, text)
				}
			}
		}
	})
}
