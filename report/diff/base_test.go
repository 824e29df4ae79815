package diff_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/report/diff"
)

const devices = numbers + `
[4] STRUCT 'dev' size=8
	'cfg' type_id=5
[5] PTR '(anon)' type_id=6
[6] STRUCT 'cfg' size=4
	'a' type_id=1
`

// TestBases has modules on two bases.
func TestBases(t *testing.T) {
	const other = numbers + `
[4] STRUCT 'cfg' size=8
	'a' type_id=2
[5] PTR '(anon)' type_id=4
[6] STRUCT 'dev' size=8
	'cfg' type_id=5
`
	for _, c := range []struct{ name, oldBase, old, newBase, new, want string }{
		{
			name:    "a copy of the base's",
			oldBase: devices, old: "[7] STRUCT 'cfg' size=4\n'a' type_id=1\n[8] TYPEDEF 't' type_id=7",
			newBase: devices, new: "[7] TYPEDEF 't' type_id=6",
		},
		{
			name:    "a copy of a circle that the base has",
			oldBase: "[1] STRUCT 'l' size=8\n'n' type_id=2\n[2] PTR '(anon)' type_id=1", old: "[3] STRUCT 'l' size=8\n'n' type_id=4\n[4] PTR '(anon)' type_id=3\n[5] TYPEDEF 't' type_id=4",
			newBase: "[1] STRUCT 'l' size=8\n'n' type_id=2\n[2] PTR '(anon)' type_id=1", new: "[3] TYPEDEF 't' type_id=2",
		},
		{
			name:    "the base has a module's type now",
			oldBase: numbers, old: "[4] STRUCT 'cfg' size=4\n'a' type_id=1\n[5] TYPEDEF 't' type_id=4",
			newBase: devices, new: "[7] TYPEDEF 't' type_id=6",
		},
		{
			name:    "the base has a module's type now, but not the same",
			oldBase: numbers, old: "[4] STRUCT 'cfg' size=8\n'a' type_id=2\n[5] TYPEDEF 't' type_id=4",
			newBase: devices, new: "[7] TYPEDEF 't' type_id=6",
			want: `
    changed  struct cfg
        size: 8 bytes -> 4 bytes
        member a: long -> int
    affected 1 type by struct cfg`,
		},
		{
			name:    "the module has a base's type now, but not the same",
			oldBase: devices, old: "[7] TYPEDEF 't' type_id=6",
			newBase: numbers, new: "[4] STRUCT 'cfg' size=8\n'a' type_id=2\n[5] TYPEDEF 't' type_id=4",
			want: `
    changed  struct cfg
        size: 4 bytes -> 8 bytes
        member a: int -> long
    affected 1 type by struct cfg of the base`,
		},
		{
			name:    "what the base has changed affects",
			oldBase: devices, old: "[7] PTR '(anon)' type_id=4\n[8] FUNC_PROTO '(anon)' ret_type_id=0\n'd' type_id=7\n[9] FUNC 'exported' type_id=8\n[10] FUNC 'other' type_id=8",
			newBase: other, new: "[7] PTR '(anon)' type_id=6\n[8] FUNC_PROTO '(anon)' ret_type_id=0\n'd' type_id=7\n[9] FUNC 'exported' type_id=8\n[10] FUNC 'other' type_id=8",
			want: `
    affected void exported(struct dev *d) (exported)
        exported() -> parameter 1 d -> struct dev -> cfg -> struct cfg
    affected void other(struct dev *d)
        other() -> parameter 1 d -> struct dev -> cfg -> struct cfg`,
		},
		{
			name:    "only declared by the module, now the base's",
			oldBase: numbers, old: "[4] FWD 'cfg' fwd_kind=struct\n[5] PTR '(anon)' type_id=4\n[6] TYPEDEF 'p' type_id=5",
			newBase: devices, new: "[7] TYPEDEF 'p' type_id=5",
			want: `
    changed  struct cfg
        definition: only declared -> 4 bytes
    affected 1 type by struct cfg`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			oldBase := btftest.MustParse(t, c.oldBase, nil)
			newBase := oldBase
			if c.newBase != c.oldBase {
				newBase = btftest.MustParse(t, c.newBase, nil)
			}
			old, new := btftest.MustParse(t, c.old, oldBase), btftest.MustParse(t, c.new, newBase)
			all := c.name == "what the base has changed affects"
			if got := compare(t, old, new, diff.View{All: all}); "\n"+got != c.want && got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestCauses counts what a change in the base affects, over all modules.
func TestCauses(t *testing.T) {
	old := btftest.MustParse(t, devices, nil)
	new := btftest.MustParse(t, devices+"'b' type_id=1 bits_offset=32", nil)
	const module = `
[7] PTR '(anon)' type_id=4
[8] FUNC_PROTO '(anon)' ret_type_id=0
	'd' type_id=7
[9] FUNC 'exported' type_id=8
[10] FUNC 'other' type_id=8
[11] TYPEDEF 'dev_t' type_id=7
`
	r := run(diff.NewComparer(old, new), btftest.MustParse(t, module, old), btftest.MustParse(t, module, new))
	want := diff.Cause{Name: "struct cfg", InBase: true, Modules: 1, Types: 1, Functions: 2, Exported: 1}
	if len(r.Causes) != 1 || r.Causes[0] != want {
		t.Errorf("causes %+v, want %+v", r.Causes, want)
	}
	if !r.Has("affected") || r.Has("changed") || r.Has("added") || r.Has("removed") || r.Has("unnamed") || r.Has("size") {
		t.Errorf("total %+v", r.Total)
	}
}

// TestShuffled wants a report not to depend on how types are numbered.
func TestShuffled(t *testing.T) {
	for _, c := range cases {
		old, new := btftest.MustParse(t, numbers+c.old, nil), btftest.MustParse(t, numbers+c.new, nil)
		want := compare(t, old, new, diff.View{All: true})
		for seed := range uint64(20) {
			rnd := rand.New(rand.NewPCG(seed, 0))
			if got := compare(t, btftest.Shuffle(old, rnd), btftest.Shuffle(new, rnd), diff.View{All: true}); got != want {
				t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, want)
			}
			if got := compare(t, old, btftest.Shuffle(old, rnd), diff.View{All: true}); got != "" {
				t.Errorf("%s: shuffled it is another one:\n%s", c.name, got)
			}
		}
	}
}

// TestSwapped wants what one side has more to be what the other has less.
func TestSwapped(t *testing.T) {
	for _, c := range cases {
		old, new := btftest.MustParse(t, numbers+c.old, nil), btftest.MustParse(t, numbers+c.new, nil)
		a, b := run(diff.NewComparer(nil, nil), old, new), run(diff.NewComparer(nil, nil), new, old)
		for _, pair := range [][2]diff.Change{{diff.Added, diff.Removed}, {diff.Removed, diff.Added}, {diff.Changed, diff.Changed}, {diff.Unnamed, diff.Unnamed}, {diff.Affected, diff.Affected}} {
			if x, y := a.Total.Changes[pair[0]], b.Total.Changes[pair[1]]; x != y {
				t.Errorf("%s: %d %s, swapped %d %s", c.name, x, pair[0], y, pair[1])
			}
		}
	}
}
