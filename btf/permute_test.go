package btf_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

const sortBase = `[1] INT 'int' size=4 encoding=SIGNED
[2] PTR '(anon)' type_id=3
[3] STRUCT 'zoo' size=8
	'tag_me' type_id=2
[4] FUNC_PROTO '(anon)' ret_type_id=1
	'a' type_id=2
	'(anon)' type_id=0
[5] FUNC 'run' type_id=4 linkage=static
[6] DECL_TAG 'bpf_kfunc' type_id=5 component_idx=-1
[7] TYPE_TAG 'rcu' type_id=3
[8] VAR 'count' type_id=1, linkage=global
[9] DATASEC '.data' size=4
	type_id=8 offset=0 size=4
[10] ENUM 'Zoo' size=4
	'A' val=0
[11] ARRAY '(anon)' type_id=7 index_type_id=1 nr_elems=4
[12] TYPEDEF 'zoo' type_id=11
[13] ENUM64 'big' size=8
	'B' val=4294967296
`

func TestSortByName(t *testing.T) {
	base := btftest.MustParse(t, sortBase, nil)
	sorted, err := btf.SortByName(base)
	if err != nil {
		t.Fatal(err)
	}
	// '(anon)' [2] [4] [11], .data, Zoo, big, bpf_kfunc, count, int, rcu, run,
	// zoo twice, in their order.
	const want = `[1] PTR '(anon)' type_id=12
[2] FUNC_PROTO '(anon)' ret_type_id=9 vlen=2
	'a' type_id=1
	'(anon)' type_id=0
[3] ARRAY '(anon)' type_id=10 index_type_id=9 nr_elems=4
[4] DATASEC '.data' size=4 vlen=1
	type_id=8 offset=0 size=4 (VAR 'count')
[5] ENUM 'Zoo' encoding=UNSIGNED size=4 vlen=1
	'A' val=0
[6] ENUM64 'big' encoding=UNSIGNED size=8 vlen=1
	'B' val=4294967296ULL
[7] DECL_TAG 'bpf_kfunc' type_id=11 component_idx=-1
[8] VAR 'count' type_id=9, linkage=global
[9] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[10] TYPE_TAG 'rcu' type_id=12
[11] FUNC 'run' type_id=2 linkage=static
[12] STRUCT 'zoo' size=8 vlen=1
	'tag_me' type_id=1 bits_offset=0
[13] TYPEDEF 'zoo' type_id=3
`
	if got := btftest.Text(sorted); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := btftest.Text(base); !strings.Contains(got, "[1] INT 'int'") {
		t.Errorf("the BTF that was sorted has changed:\n%s", got)
	}
	if d := btftest.NewReferee().Compare(base, sorted); !d.Empty() {
		t.Error(d)
	}
	if again, err := btf.SortByName(sorted); err != nil || btftest.Text(again) != want {
		t.Errorf("sorted again, it is another: %v\n%s", err, btftest.Text(again))
	}
}

// TestSortSplit sorts the own types of split BTF only; names of the base count
// as those of its own strings.
func TestSortSplit(t *testing.T) {
	base := btftest.MustParse(t, "[1] INT 'int' size=4\n[2] TYPEDEF 'b' type_id=1\n", nil)
	split := btftest.MustParse(t, `[3] TYPEDEF 'c' type_id=4
[4] TYPEDEF 'b' type_id=2
[5] PTR '(anon)' type_id=3
[6] DECL_TAG 'a' type_id=3 component_idx=-1
`, base)
	sorted, err := btf.SortByName(split)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[3] PTR '(anon)' type_id=6
[4] DECL_TAG 'a' type_id=6 component_idx=-1
[5] TYPEDEF 'b' type_id=2
[6] TYPEDEF 'c' type_id=5
`
	if got := btftest.Text(sorted); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	none, err := btf.SortByName(btftest.MustParse(t, "", base))
	if err != nil || none.NumOwn() != 0 {
		t.Errorf("no types: %v, %v", none, err)
	}
}

func TestPermuteErrors(t *testing.T) {
	base := btftest.MustParse(t, "[1] INT 'int' size=4\n[2] PTR '(anon)' type_id=1\n", nil)
	split := btftest.MustParse(t, "[3] PTR '(anon)' type_id=2\n[4] CONST '(anon)' type_id=3\n", base)
	opaque, err := btf.Parse(withLayout(30, 8, 4), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		b    *btf.BTF
		ids  []btf.ID
		want string
	}{
		{"too few", base, []btf.ID{1}, "btf: 1 new ids for 2 types"},
		{"void counted", base, []btf.ID{0, 1, 2}, "btf: 3 new ids for 2 types"},
		{"void taken", base, []btf.ID{0, 1}, "btf: new id 0 of type 1 out of range"},
		{"beyond the end", base, []btf.ID{2, 3}, "btf: new id 3 of type 2 out of range"},
		{"twice", base, []btf.ID{2, 2}, "btf: new id 2 for types 1 and 2"},
		{"the base's", split, []btf.ID{2, 3}, "btf: new id 2 of type 3 out of range"},
		{"unknown kind", opaque, []btf.ID{1, 2, 3}, "btf: 1 types are of unknown kinds and cannot be renumbered"},
	} {
		if _, err := btf.Permute(c.b, c.ids); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	got, err := btf.Permute(split, []btf.ID{4, 3})
	if err != nil {
		t.Fatal(err)
	}
	if text, want := btftest.Text(got), "[3] CONST '(anon)' type_id=4\n[4] PTR '(anon)' type_id=2\n"; text != want {
		t.Errorf("got\n%s", text)
	}
}

// TestSortCorpus sorts real BTF: the result is in order, means the same, and is
// as valid to a kernel as it was.
func TestSortCorpus(t *testing.T) {
	referee := btftest.NewReferee()
	corpusBlobs(t, func(t *testing.T, name string, data []byte, base *btf.BTF) {
		b, err := btf.Parse(data, base)
		if err != nil {
			t.Fatal(err)
		}
		sorted, err := btf.SortByName(b)
		if err != nil {
			t.Fatal(err)
		}
		blob := btf.Append(nil, &sorted.Types, sorted.Strs, sorted.Order)
		if got, err := btf.Parse(blob, base); err != nil || got.NumOwn() != b.NumOwn() {
			t.Fatal("as it is written:", got, err)
		}
		var last []byte
		for id := sorted.First(); int(id) < sorted.NumTypes(); id++ {
			if n := sorted.Name(id); bytes.Compare(n, last) < 0 {
				t.Fatalf("type %d: %q comes behind %q", id, n, last)
			} else {
				last = n
			}
		}
		if b.NumOwn() > 20000 {
			return // to compare a whole kernel takes seconds
		}
		// What pahole has twice is still there twice.
		if d := referee.Compare(b, sorted); len(d.Missing)+len(d.Extra) > 0 {
			t.Error(d)
		}
		for _, rules := range []btf.Rules{{}, {Load: true}, {TagsFirst: true, NoTagFlag: true, NarrowInfo: true}} {
			was, is := btf.Validate(b, rules), btf.Validate(sorted, rules)
			if (was == nil) != (is == nil) {
				t.Errorf("%+v: sorted %v, before %v", rules, is, was)
			}
		}
	})
}

// TestPermuteRandomly takes a BTF to another order and back.
func TestPermuteRandomly(t *testing.T) {
	b := btftest.MustParse(t, sortBase, nil)
	for shift := range b.NumOwn() {
		ids, back := make([]btf.ID, b.NumOwn()), make([]btf.ID, b.NumOwn())
		for i := range ids {
			ids[i] = btf.ID((i*5+shift)%len(ids) + 1)
			back[ids[i]-1] = btf.ID(i + 1)
		}
		there, err := btf.Permute(b, ids)
		if err != nil {
			t.Fatal(err)
		}
		again, err := btf.Permute(there, back)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(again.Types.Rows, b.Types.Rows) || !slices.Equal(again.Types.Items, b.Types.Items) {
			t.Errorf("shift %d: there and back is another:\n%s", shift, btftest.Text(again))
		}
	}
}
