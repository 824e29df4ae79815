package splitdedup

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// addSplit deduplicates split BTF once more.
func addSplit(t testing.TB, in *btf.BTF, collide bool) *btf.BTF {
	t.Helper()
	r := newRun(t, in.Base, collide)
	types := r.rename(in)
	if _, err := r.m.AddSplit(types, in.Start); err != nil {
		t.Fatal(err)
	}
	return r.finish(t)
}

// TestAddSplit: what is twice in split BTF is there once, and what the base has too
// is the base's.
func TestAddSplit(t *testing.T) {
	base := textBase(t, intAndNode+`
		[4] FUNC_PROTO '(anon)' ret_type_id=1
			'n' type_id=3
		[5] FWD 'open' fwd_kind=struct
		[6] PTR '(anon)' type_id=5
	`)
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"nothing to do", `
			[7] STRUCT 'mine' size=16 vlen=2
				'next' type_id=8 bits_offset=0
				'node' type_id=3 bits_offset=64
			[8] PTR '(anon)' type_id=7
			[9] ARRAY '(anon)' type_id=8 index_type_id=1 nr_elems=3`, `
			[7] STRUCT 'mine' size=16 vlen=2
				'next' type_id=8 bits_offset=0
				'node' type_id=3 bits_offset=64
			[8] PTR '(anon)' type_id=7
			[9] ARRAY '(anon)' type_id=8 index_type_id=1 nr_elems=3`},
		{"twice", `
			[7] FUNC 'a' type_id=9 linkage=static
			[8] DECL_TAG 'bpf_kfunc' type_id=7 component_idx=-1
			[9] FUNC_PROTO '(anon)' ret_type_id=0
			[10] DECL_TAG 'bpf_kfunc' type_id=7 component_idx=-1
			[11] FUNC_PROTO '(anon)' ret_type_id=0
			[12] FUNC 'a' type_id=11 linkage=static`, `
			[7] FUNC_PROTO '(anon)' ret_type_id=0
			[8] FUNC 'a' type_id=7 linkage=static
			[9] DECL_TAG 'bpf_kfunc' type_id=8 component_idx=-1`},
		{"the base's", `
			[7] FUNC 'f' type_id=8 linkage=static
			[8] FUNC_PROTO '(anon)' ret_type_id=1
				'n' type_id=9
			[9] PTR '(anon)' type_id=2`, `
			[7] FUNC 'f' type_id=4 linkage=static`},
		{"a base's declaration completed", `
			[7] STRUCT 'open' size=4
				'x' type_id=1 bits_offset=0
			[8] PTR '(anon)' type_id=7
			[9] PTR '(anon)' type_id=6`, `
			[7] STRUCT 'open' size=4
				'x' type_id=1 bits_offset=0
			[8] PTR '(anon)' type_id=7
			[9] PTR '(anon)' type_id=6`},
	} {
		for _, collide := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				got := btftest.Text(addSplit(t, btftest.MustParse(t, c.in, base), collide))
				if want := btftest.Text(btftest.MustParse(t, c.want, base)); got != want {
					t.Errorf("collide %v: got\n%s\nwant\n%s", collide, got, want)
				}
			})
		}
	}
}
