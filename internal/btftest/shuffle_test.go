package btftest_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// TestShuffle: other numbers, the same meaning.
func TestShuffle(t *testing.T) {
	b := btftest.MustParse(t, `
[1] INT 'int' size=4
[2] PTR '(anon)' type_id=3
[3] STRUCT 'list' size=8
	'next' type_id=2
[4] ENUM64 'e' size=8
	'B' val=4294967296
[5] ARRAY '(anon)' type_id=3 index_type_id=1 nr_elems=4
[6] FUNC_PROTO '(anon)' ret_type_id=1
	'p' type_id=2
[7] FUNC 'f' type_id=6
[8] DATASEC '.data' size=4
	type_id=9 offset=0 size=4
[9] VAR 'v' type_id=1
[10] DECL_TAG 'tag' type_id=7 component_idx=0`, nil)
	rnd := rand.New(rand.NewPCG(1, 1))
	moved := false
	for range 10 {
		s := btftest.Shuffle(b, rnd)
		if d := btftest.Compare(b, s); !d.Empty() || s.NumTypes() != b.NumTypes() {
			t.Errorf("%v\n%s", d, btftest.Text(s))
		}
		moved = moved || string(s.Name(1)) != string(b.Name(btf.ID(1)))
	}
	if !moved {
		t.Error("every order is the first one")
	}
}
