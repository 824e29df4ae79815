package btftest_test

import (
	"slices"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/corpus"
)

const intBase = `
[1] INT 'int' size=4 encoding=SIGNED
[2] PTR '(anon)' type_id=3
[3] STRUCT 'list' size=8
	'next' type_id=2
`

func TestReferee(t *testing.T) {
	for _, c := range []struct {
		name, want, got                string
		missing, extra, dup, dupInBase []string
	}{
		{
			name: "numbers do not count",
			want: "[4] TYPEDEF 'a' type_id=5\n[5] TYPEDEF 'b' type_id=1",
			got:  "[4] TYPEDEF 'b' type_id=1\n[5] TYPEDEF 'a' type_id=4",
		},
		{
			name:    "what is referred to counts, at any depth",
			want:    "[4] PTR '(anon)' type_id=5\n[5] CONST '(anon)' type_id=6\n[6] FWD 'x' fwd_kind=struct",
			got:     "[4] PTR '(anon)' type_id=5\n[5] CONST '(anon)' type_id=6\n[6] FWD 'x' fwd_kind=union",
			missing: []string{"[4] PTR '(anon)' type_id=5", "[5] CONST '(anon)' type_id=6", "[6] FWD 'x' fwd_kind=struct"},
			extra:   []string{"[4] PTR '(anon)' type_id=5", "[5] CONST '(anon)' type_id=6", "[6] FWD 'x' fwd_kind=union"},
		},
		{
			name: "a cycle unrolled is the same cycle",
			want: "[4] PTR '(anon)' type_id=5\n[5] STRUCT 'n' size=8\n'p' type_id=4",
			got: "[4] PTR '(anon)' type_id=5\n[5] STRUCT 'n' size=8\n'p' type_id=6\n" +
				"[6] PTR '(anon)' type_id=7\n[7] STRUCT 'n' size=8\n'p' type_id=4",
			dup: []string{"[6] PTR '(anon)' type_id=7", "[7] STRUCT 'n' size=8 vlen=1"},
		},
		{
			name:      "a cycle that the base has",
			got:       "[4] STRUCT 'list' size=8\n'next' type_id=5\n[5] PTR '(anon)' type_id=4",
			dupInBase: []string{"[4] STRUCT 'list' size=8 vlen=1", "[5] PTR '(anon)' type_id=4"},
		},
		{
			name: "what got has in its base is not missing",
			want: "[4] STRUCT 'list' size=8\n'next' type_id=2",
		},
		{
			name: "an array's index type is not compared, its length is",
			want: "[4] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=2\n[5] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=3",
			got:  "[4] ARRAY '(anon)' type_id=1 index_type_id=3 nr_elems=2\n[5] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=3",
		},
		{
			name: "every word of a shape counts",
			want: "[4] INT 'i' size=4\n[5] FUNC 'f' type_id=2\n[6] ENUM 'e' size=4\n'A' val=1\n[7] DECL_TAG 't' type_id=3 component_idx=0\n" +
				"[8] ENUM64 'e' size=8\n'B' val=4294967296\n[9] DATASEC 'd' size=4\ntype_id=10 offset=0 size=4\n[10] VAR 'v' type_id=1",
			got: "[4] INT 'i' size=4 encoding=BOOL\n[5] FUNC 'f' type_id=2 linkage=global\n[6] ENUM 'e' size=4\n'A' val=2\n[7] DECL_TAG 't' type_id=3 component_idx=1\n" +
				"[8] ENUM64 'e' size=8\n'B' val=0\n[9] DATASEC 'd' size=4\ntype_id=10 offset=0 size=8\n[10] VAR 'v' type_id=1",
			missing: []string{"[4] INT 'i' size=4 bits_offset=0 nr_bits=32 encoding=(none)", "[5] FUNC 'f' type_id=2 linkage=static",
				"[6] ENUM 'e' encoding=UNSIGNED size=4 vlen=1", "[7] DECL_TAG 't' type_id=3 component_idx=0",
				"[8] ENUM64 'e' encoding=UNSIGNED size=8 vlen=1", "[9] DATASEC 'd' size=4 vlen=1"},
			extra: []string{"[4] INT 'i' size=4 bits_offset=0 nr_bits=32 encoding=BOOL", "[5] FUNC 'f' type_id=2 linkage=global",
				"[6] ENUM 'e' encoding=UNSIGNED size=4 vlen=1", "[7] DECL_TAG 't' type_id=3 component_idx=1",
				"[8] ENUM64 'e' encoding=UNSIGNED size=8 vlen=1", "[9] DATASEC 'd' size=4 vlen=1"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := btftest.MustParse(t, intBase, nil)
			d := btftest.Compare(btftest.MustParse(t, c.want, base), btftest.MustParse(t, c.got, base))
			for _, l := range []struct {
				what      string
				got, want []string
			}{{"missing", d.Missing, c.missing}, {"extra", d.Extra, c.extra}, {"dup", d.Dup, c.dup}, {"dup in base", d.DupInBase, c.dupInBase}} {
				if !slices.Equal(l.got, l.want) {
					t.Errorf("%s: got %q, want %q", l.what, l.got, l.want)
				}
			}
			if d.Empty() != (len(c.missing)+len(c.extra)+len(c.dup)+len(c.dupInBase) == 0) {
				t.Errorf("Empty is %v", d.Empty())
			}
		})
	}
}

func TestKindAndName(t *testing.T) {
	for line, want := range map[string][2]string{
		"[7] FUNC 'f' type_id=6 linkage=static":      {"FUNC", "f"},
		"[12] DATASEC '.data..percpu' size=4 vlen=1": {"DATASEC", ".data..percpu"},
		"[3] PTR '(anon)' type_id=0":                 {"PTR", "(anon)"},
	} {
		if kind, name := btftest.KindAndName(line); kind != want[0] || name != want[1] {
			t.Errorf("%s: %q %q", line, kind, name)
		}
	}
}

// TestRefereeOnKernel counts what pahole HEAD leaves over a whole kernel; the
// corpus states the numbers, found by an independent tool.
func TestRefereeOnKernel(t *testing.T) {
	if testing.Short() {
		t.Skip("1,138 modules")
	}
	data := corpus.Read(t, "vmlinux.btf")
	base, err := btf.Parse(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := btftest.NewReferee()
	var modules, withDup, dup, dupInBase int
	corpus.Modules(t, func(name string, data []byte) {
		b, err := btf.Parse(data, base)
		if err != nil {
			t.Fatal(name, err)
		}
		d := r.Compare(b, b)
		if len(d.Missing)+len(d.Extra) > 0 {
			t.Errorf("%s differs from itself: %v", name, d)
		}
		modules++
		dup += len(d.Dup)
		dupInBase += len(d.DupInBase)
		if len(d.DupInBase) > 0 {
			withDup++
		}
	})
	if modules != 1138 || withDup != 80 || dup != 4 || dupInBase != 431 {
		t.Errorf("%d modules, %d with duplicates of the base, dup=%d dup_in_base=%d; want 1138, 80, 4, 431", modules, withDup, dup, dupInBase)
	}
}
