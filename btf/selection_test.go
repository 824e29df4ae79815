package btf_test

import (
	"slices"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

func selectionBTF(t *testing.T) *btf.BTF {
	t.Helper()
	base := btftest.MustParse(t, `
[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] STRUCT 'twice' size=4 vlen=1
	'i' type_id=1 bits_offset=0
[3] INT 'char' size=1 bits_offset=0 nr_bits=8 encoding=(none)`, nil)
	return btftest.MustParse(t, `
[4] STRUCT 'ring' size=8 vlen=1
	'next' type_id=5 bits_offset=0
[5] PTR '(anon)' type_id=4
[6] TYPEDEF 'twice' type_id=7
[7] ARRAY '(anon)' type_id=4 index_type_id=1 nr_elems=2
[8] ENUM '(anon)' encoding=UNSIGNED size=4 vlen=1
	'Z' val=0
[9] ENUM '(anon)' encoding=UNSIGNED size=4 vlen=1
	'A' val=0
[10] ENUM 'named' encoding=UNSIGNED size=4 vlen=0
[11] FUNC_PROTO '(anon)' ret_type_id=1 vlen=0
[12] TYPEDEF 'fn' type_id=11
[13] FUNC 'again' type_id=11 linkage=static`, base)
}

func TestSelection(t *testing.T) {
	b := selectionBTF(t)
	for _, c := range []struct {
		what string
		got  []btf.ID
		want []btf.ID
	}{
		{"own", slices.Collect(b.OwnIDs()), []btf.ID{4, 5, 6, 7, 8, 9, 10, 11, 12, 13}},
		{"all", slices.Collect(b.AllIDs())[:4], []btf.ID{1, 2, 3, 4}},
		{"named twice", btf.Named(b, "twice"), []btf.ID{2, 6}},
		{"named never", btf.Named(b, "nobody"), nil},
		{"from a typedef", btf.Reachable(b, []btf.ID{6}), []btf.ID{1, 4, 5, 6, 7}},
		{"from a function and void", btf.Reachable(b, []btf.ID{13, 0, 13}), []btf.ID{1, 11, 13}},
		{"from nothing", btf.Reachable(b, nil), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %d, want %d", c.what, c.got, c.want)
		}
	}
}

// TestOrderByName wants anonymous enums by their first value, enums, numbers,
// structs with typedefs of them, types of functions, and all else by name.
func TestOrderByName(t *testing.T) {
	b := selectionBTF(t)
	want := []btf.ID{9, 8, 10, 3, 1, 4, 6, 2, 12, 11, 13, 5, 7}
	ids := slices.Collect(b.AllIDs())
	slices.Reverse(ids)
	btf.OrderByName(b, ids)
	if !slices.Equal(ids, want) {
		t.Errorf("%d, want %d", ids, want)
	}
	// What refers to itself has an end all the same.
	loop := btftest.MustParse(t, "[1] TYPEDEF 'a' type_id=2\n[2] CONST '(anon)' type_id=1", nil)
	btf.OrderByName(loop, []btf.ID{2, 1})
}
