package btfids

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

const kernelText = `
[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] STRUCT 'bpf_prog_aux' size=4 vlen=0
[3] PTR '(anon)' type_id=2
[4] CONST '(anon)' type_id=2
[5] PTR '(anon)' type_id=4
[6] CONST '(anon)' type_id=5
[7] PTR '(anon)' type_id=0
[8] FUNC_PROTO '(anon)' ret_type_id=1 vlen=1
	'x' type_id=1
[9] FUNC 'in_base' type_id=8 linkage=static`

func TestTransform(t *testing.T) {
	base := btftest.MustParse(t, kernelText, nil)
	for _, c := range []struct {
		name, in string
		kfuncs   []Kfunc
		want     string // what is added or changed
		warn     []string
	}{
		{
			name:   "tags, in order of ids",
			in:     "[10] FUNC 'b' type_id=8 linkage=static\n[11] FUNC 'a' type_id=8 linkage=static",
			kfuncs: []Kfunc{{Name: "a", Flags: FlagFastcall}, {Name: "b"}},
			want: `
[12] DECL_TAG 'bpf_kfunc' type_id=10 component_idx=-1
[13] DECL_TAG 'bpf_kfunc' type_id=11 component_idx=-1
[14] DECL_TAG 'bpf_fastcall' type_id=11 component_idx=-1`,
		},
		{
			name:   "twice with the same flags",
			in:     "[10] FUNC 'a' type_id=8 linkage=static",
			kfuncs: []Kfunc{{Name: "a", Flags: 4, Set: "x"}, {Name: "a", Flags: 4, Set: "y"}},
			want:   "[11] DECL_TAG 'bpf_kfunc' type_id=10 component_idx=-1",
		},
		{
			name:   "not there, or the base's",
			in:     "[10] FUNC 'a' type_id=8 linkage=static",
			kfuncs: []Kfunc{{Name: "gone", Set: "s"}, {Name: "in_base", Set: "s"}, {Set: "s", Entry: 2}, {Name: "a", Set: "s"}},
			want:   "[11] DECL_TAG 'bpf_kfunc' type_id=10 component_idx=-1",
			warn: []string{
				"resolve_btfids: no BTF func for kfunc gone in s",
				"resolve_btfids: no BTF func for kfunc in_base in s",
				"resolve_btfids: no BTF ID symbol for s entry 2",
			},
		},
		{
			name: "arena by flags, the prototype shared",
			in: `
[10] FUNC_PROTO '(anon)' ret_type_id=7 vlen=3
	'p' type_id=7
	'q' type_id=7
	'(anon)' type_id=0
[11] FUNC 'a' type_id=10 linkage=static
[12] FUNC 'b' type_id=10 linkage=static`,
			kfuncs: []Kfunc{{Name: "a", Flags: FlagArenaRet | FlagArenaArg2}},
			want: `
[11] FUNC 'a' type_id=18 linkage=static
[13] DECL_TAG 'bpf_kfunc' type_id=11 component_idx=-1
[14] TYPE_TAG 'address_space(1)' type_id=0 kind_flag=1
[15] PTR '(anon)' type_id=14
[16] TYPE_TAG 'address_space(1)' type_id=0 kind_flag=1
[17] PTR '(anon)' type_id=16
[18] FUNC_PROTO '(anon)' ret_type_id=15 vlen=3
	'p' type_id=7
	'q' type_id=17
	'(anon)' type_id=0`,
		},
		{
			name: "arena by names, and what is marked already",
			in: `
[10] TYPE_TAG 'address_space(1)' type_id=0 kind_flag=1
[11] PTR '(anon)' type_id=10
[12] FUNC_PROTO '(anon)' ret_type_id=11 vlen=4
	'p__arena' type_id=11
	'q__arena__nullable' type_id=7
	'r__arena' type_id=3
	's_arena' type_id=7
[13] FUNC 'a' type_id=12 linkage=static`,
			kfuncs: []Kfunc{{Name: "a", Flags: FlagArenaRet | FlagArenaArg1}},
			want: `
[13] FUNC 'a' type_id=19 linkage=static
[14] DECL_TAG 'bpf_kfunc' type_id=13 component_idx=-1
[15] TYPE_TAG 'address_space(1)' type_id=0 kind_flag=1
[16] PTR '(anon)' type_id=15
[17] TYPE_TAG 'address_space(1)' type_id=2 kind_flag=1
[18] PTR '(anon)' type_id=17
[19] FUNC_PROTO '(anon)' ret_type_id=11 vlen=4
	'p__arena' type_id=11
	'q__arena__nullable' type_id=16
	'r__arena' type_id=18
	's_arena' type_id=7`,
		},
		{
			name: "nothing to mark",
			in: `
[10] TYPE_TAG 'address_space(1)' type_id=0 kind_flag=1
[11] PTR '(anon)' type_id=10
[12] FUNC_PROTO '(anon)' ret_type_id=11 vlen=0
[13] FUNC 'a' type_id=12 linkage=static`,
			kfuncs: []Kfunc{{Name: "a", Flags: FlagArenaRet | FlagArenaArg1}},
			want:   "[14] DECL_TAG 'bpf_kfunc' type_id=13 component_idx=-1",
		},
		{
			name: "implicit arguments, with tags",
			in: `
[10] FUNC_PROTO '(anon)' ret_type_id=1 vlen=3
	'x' type_id=1
	'aux' type_id=6
	'y' type_id=1
[11] DECL_TAG 'on the function' type_id=12 component_idx=-1
[12] FUNC 'a' type_id=10 linkage=static
[13] DECL_TAG 'on x' type_id=12 component_idx=0 kind_flag=1
[14] DECL_TAG 'on aux' type_id=12 component_idx=1`,
			kfuncs: []Kfunc{{Name: "a", Flags: FlagImplicitArgs | FlagFastcall}},
			want: `
[12] FUNC 'a' type_id=21 linkage=static
[14] DECL_TAG 'on aux' type_id=17 component_idx=1
[15] DECL_TAG 'bpf_kfunc' type_id=12 component_idx=-1
[16] DECL_TAG 'bpf_fastcall' type_id=12 component_idx=-1
[17] FUNC 'a_impl' type_id=10 linkage=static
[18] DECL_TAG 'on the function' type_id=17 component_idx=-1
[19] DECL_TAG 'on x' type_id=17 component_idx=0 kind_flag=1
[20] DECL_TAG 'bpf_fastcall' type_id=17 component_idx=-1
[21] FUNC_PROTO '(anon)' ret_type_id=1 vlen=1
	'x' type_id=1`,
		},
		{
			name: "implicit arguments, the second function declared, and an arena",
			in: `
[10] STRUCT 'btf_struct_meta' size=4 vlen=0
[11] PTR '(anon)' type_id=10
[12] FUNC_PROTO '(anon)' ret_type_id=0 vlen=2
	'p__arena' type_id=7
	'meta' type_id=11
[13] FUNC 'a' type_id=12 linkage=static
[14] FUNC 'a_impl' type_id=12 linkage=static
[15] DECL_TAG 'on p' type_id=13 component_idx=0
[16] DECL_TAG 'on meta' type_id=13 component_idx=1`,
			kfuncs: []Kfunc{{Name: "a", Flags: FlagImplicitArgs}},
			want: `
[13] FUNC 'a' type_id=21 linkage=static
[16] DECL_TAG 'on meta' type_id=14 component_idx=1
[17] DECL_TAG 'bpf_kfunc' type_id=13 component_idx=-1
[18] FUNC_PROTO '(anon)' ret_type_id=0 vlen=1
	'p__arena' type_id=7
[19] TYPE_TAG 'address_space(1)' type_id=0 kind_flag=1
[20] PTR '(anon)' type_id=19
[21] FUNC_PROTO '(anon)' ret_type_id=0 vlen=1
	'p__arena' type_id=20`,
		},
		{
			name: "no implicit arguments among the arguments",
			in: `
[10] STRUCT 'bpf_prog_aux2' size=4 vlen=0
[11] PTR '(anon)' type_id=10
[12] TYPEDEF 'bpf_prog_aux' type_id=1
[13] PTR '(anon)' type_id=12
[14] FUNC_PROTO '(anon)' ret_type_id=0 vlen=4
	'a' type_id=11
	'b' type_id=13
	'c' type_id=2
	'd' type_id=7
[15] FUNC 'a' type_id=14 linkage=static`,
			kfuncs: []Kfunc{{Name: "a", Flags: FlagImplicitArgs}},
			want: `
[15] FUNC 'a' type_id=18 linkage=static
[16] DECL_TAG 'bpf_kfunc' type_id=15 component_idx=-1
[17] FUNC 'a_impl' type_id=14 linkage=static
[18] FUNC_PROTO '(anon)' ret_type_id=0 vlen=4
	'a' type_id=11
	'b' type_id=13
	'c' type_id=2
	'd' type_id=7`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := btftest.MustParse(t, c.in, base)
			before := text(in)
			got, warnings, err := Transform(in, c.kfuncs)
			if err != nil {
				t.Fatal(err)
			}
			if want := changed(t, before, c.want); text(got) != want {
				t.Errorf("got\n%s\nwant\n%s", text(got), want)
			}
			var warn []string
			for _, w := range warnings {
				warn = append(warn, w.Error())
			}
			if !slices.Equal(warn, c.warn) {
				t.Errorf("warnings %q, want %q", warn, c.warn)
			}
			if text(in) != before {
				t.Error("the input was changed")
			}
			if err := btf.CheckDeclTags(got); err != nil {
				t.Error(err)
			}
			if _, err := btf.Parse(btf.Append(nil, &got.Types, got.Strs, got.Order), base); err != nil {
				t.Error(err)
			}
		})
	}
}

// text is btftest.Text with the kind_flag of tags, for which bpftool has no words.
func text(b *btf.BTF) string {
	var out strings.Builder
	for line := range strings.Lines(btftest.Text(b)) {
		var id btf.ID
		if _, err := fmt.Sscanf(line, "[%d]", &id); err == nil {
			if info := b.Row(id).Info; info.KindFlag() && (info.Kind() == btf.KindTypeTag || info.Kind() == btf.KindDeclTag) {
				line = strings.TrimSuffix(line, "\n") + " kind_flag=1\n"
			}
		}
		out.WriteString(line)
	}
	return out.String()
}

// changed returns a text with the types of another one in the place of those
// with their ids, or behind.
func changed(t *testing.T, text, with string) string {
	t.Helper()
	split := func(s string) []string {
		s = strings.TrimSpace(s)
		if s == "" {
			return nil
		}
		return strings.Split(strings.ReplaceAll(s, "\n[", "\n\x00["), "\n\x00")
	}
	id := func(s string) string { return s[:strings.Index(s, "]")] }
	all := split(text)
	for _, s := range split(with) {
		s = strings.TrimSpace(s)
		i := slices.IndexFunc(all, func(old string) bool { return id(old) == id(s) })
		if i < 0 {
			all = append(all, s)
		} else {
			all[i] = s
		}
	}
	return strings.Join(all, "\n") + "\n"
}

func TestTransformNothing(t *testing.T) {
	base := btftest.MustParse(t, kernelText, nil)
	b := btftest.MustParse(t, "[10] FUNC 'a' type_id=8 linkage=static", base)
	for _, kfuncs := range [][]Kfunc{nil, {{Name: "in_base"}}} {
		if got, _, err := Transform(b, kfuncs); err != nil || got != b {
			t.Errorf("%v: %p, %v, want the same BTF", kfuncs, got, err)
		}
	}
}

func TestTransformErrors(t *testing.T) {
	base := btftest.MustParse(t, kernelText, nil)
	long := strings.Repeat("x", maxName-4)
	for _, c := range []struct {
		name, in string
		kfuncs   []Kfunc
		want     string
	}{
		{
			"flags that differ", "[10] FUNC 'a' type_id=8 linkage=static",
			[]Kfunc{{Name: "a", Flags: 1}, {Name: "a", Flags: 5}},
			"kfunc a has inconsistent flags across BTF ID sets: 0x1 != 0x5",
		},
		{
			"arena that is none", "[10] FUNC 'a' type_id=8 linkage=static",
			[]Kfunc{{Name: "a", Flags: FlagArenaArg1}},
			"kfunc a: parameter 1 is INT, not a pointer",
		},
		{
			"void arena", "[10] FUNC_PROTO '(anon)' ret_type_id=0 vlen=0\n[11] FUNC 'a' type_id=10 linkage=static",
			[]Kfunc{{Name: "a", Flags: FlagArenaRet}},
			"kfunc a: return value is void, not a pointer",
		},
		{
			"no prototype", "[10] FUNC 'a' type_id=1 linkage=static",
			[]Kfunc{{Name: "a", Flags: FlagImplicitArgs}},
			"kfunc a: type [1] is no prototype",
		},
		{
			"long name", "[10] FUNC '" + long + "' type_id=8 linkage=static",
			[]Kfunc{{Name: long, Flags: FlagImplicitArgs}},
			"kfunc " + long + ": function name is too long: " + long + "_impl",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := btftest.MustParse(t, c.in, base)
			_, _, err := Transform(in, c.kfuncs)
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}
