package splitdedup

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// TestOpaqueTypesAreApart indexes a base with two types of unknown kinds, at 2
// and 3. What leads to one is not what leads to the other, even where the base
// has types twice and references are led to the first of them.
func TestOpaqueTypesAreApart(t *testing.T) {
	const text = `[1] INT 'int' size=4
[2] FWD 'hole' fwd_kind=struct
[3] FWD 'hole' fwd_kind=struct
[4] PTR '(anon)' type_id=2
[5] PTR '(anon)' type_id=3
[6] CONST '(anon)' type_id=4
[7] CONST '(anon)' type_id=5
`
	for _, c := range []struct{ name, more string }{
		{"no twins", ""},
		{"twins", "[8] INT 'int' size=4\n[9] VOLATILE '(anon)' type_id=8\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := btftest.MustParse(t, text+c.more, nil)
			for _, id := range []btf.ID{2, 3} {
				b.Types.Rows[id] = btf.Row{Name: b.Types.Rows[id].Name, Aux: uint32(btf.MakeInfo(21, 0, false))}
			}
			base, err := NewBase(&b.Types, b.Strs)
			if err != nil {
				t.Fatal(err)
			}
			for id, want := range map[btf.ID]uint32{4: 2, 5: 3, 6: 4, 7: 5} {
				if got := base.types.Rows[id].Type; got != want {
					t.Errorf("type %d refers to %d, want %d", id, got, want)
				}
			}
			if c.more != "" && base.types.Rows[9].Type != 1 {
				t.Errorf("the second int is still referred to")
			}
			if b.Types.Rows[2].Info != 0 {
				t.Error("the base that was given has changed")
			}
			m := NewModule()
			m.Reset(base)
			unit := btftest.MustParse(t, "[1] FWD 'hole' fwd_kind=struct\n[2] PTR '(anon)' type_id=1\n", nil)
			ids, err := m.AddUnit(&unit.Types)
			if err != nil || int(ids[1]) < base.NumTypes() || int(ids[2]) < base.NumTypes() {
				t.Errorf("a module's own types are at %d, error %v", ids, err)
			}
		})
	}
}
