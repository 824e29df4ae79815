package diff_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/report/diff"
)

// run compares one module.
func run(c *diff.Comparer, old, new *btf.BTF) *diff.Report {
	read := func(path string, isNew bool) (*diff.Input, error) {
		b := old
		if isNew {
			b = new
		}
		return &diff.Input{Path: path, BTF: b, Bytes: uint64(len(b.Strs)), Exports: exports}, nil
	}
	return diff.Run(c, []diff.Pair{{Name: "m", Old: "old", New: "new"}}, 1, read, func() {})
}

func exports() map[string]bool { return map[string]bool{"exported": true} }

// compare returns what a report says of one module, without the first and the
// last line.
func compare(t *testing.T, old, new *btf.BTF, v diff.View) string {
	t.Helper()
	var w strings.Builder
	if err := run(diff.NewComparer(old.Base, new.Base), old, new).WriteText(&w, v); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(w.String(), "\n"), "\n")
	if len(lines) == 1 {
		return ""
	}
	return strings.Join(lines[1:len(lines)-2], "\n")
}

const numbers = `
[1] INT 'int' size=4 encoding=SIGNED
[2] INT 'long' size=8 encoding=SIGNED
[3] PTR '(anon)' type_id=1
`

// cases are types behind numbers on both sides and what there is to say of them.
var cases = []struct {
	name, old, new, want string
	all                  bool // what is affected and unnamed, too
}{
	{
		name: "numbers do not count",
		old:  "[4] TYPEDEF 'a' type_id=5\n[5] TYPEDEF 'b' type_id=1",
		new:  "[4] TYPEDEF 'b' type_id=1\n[5] TYPEDEF 'a' type_id=4",
	},
	{
		name: "added and removed",
		old:  "[4] STRUCT 'a' size=4\n'x' type_id=1\n[5] FUNC_PROTO '(anon)' ret_type_id=1\n'p' type_id=3\n[6] FUNC 'f' type_id=5",
		new:  "[4] UNION 'b' size=8\n'x' type_id=2\n[5] ENUM 'e' size=4\n'A' val=1\n[6] TYPEDEF 't' type_id=1\n[7] FWD 'w' fwd_kind=union",
		want: `
    removed  struct a, 4 bytes
    removed  int f(int *p)
    added    union b, 8 bytes
    added    union w, only declared
    added    enum e, 4 bytes
    added    typedef int t`,
	},
	{
		name: "members",
		old:  "[4] STRUCT 's' size=24\n'a' type_id=1\n'gone' type_id=1 bits_offset=32\n'b' type_id=2 bits_offset=64\n'c' type_id=2 bits_offset=128",
		new:  "[4] STRUCT 's' size=40\n'a' type_id=2\n'come' type_id=3 bits_offset=64\n'b' type_id=2 bits_offset=128\n'c' type_id=2 bits_offset=192\n'd' type_id=1 bits_offset=256",
		want: `
    changed  struct s
        size: 24 bytes -> 40 bytes
        - member gone: int at 4
        member a: int -> long
        + member come: int * at 8
        2 members, b to c: at 8 -> at 16
        + member d: int at 32`,
	},
	{
		name: "a member has another name, another moves and changes",
		old:  "[4] STRUCT 's' size=16\n'a' type_id=1\n'b' type_id=1 bits_offset=32\n'c' type_id=1 bits_offset=64",
		new:  "[4] STRUCT 's' size=16\n'z' type_id=1\n'b' type_id=2 bits_offset=64\n'c' type_id=1 bits_offset=32",
		want: `
    changed  struct s
        member z: int a at 0 -> int z at 0
        member b: int at 4 -> long at 8
        member c: at 8 -> at 4`,
	},
	{
		name: "bit-fields",
		old:  "[4] STRUCT 's' size=4\n'a' type_id=1 bits_offset=0 bitfield_size=3\n'b' type_id=1 bits_offset=3 bitfield_size=1",
		new:  "[4] STRUCT 's' size=4\n'a' type_id=1 bits_offset=0 bitfield_size=4\n'b' type_id=1 bits_offset=4 bitfield_size=1",
		want: `
    changed  struct s
        member a: int:3 -> int:4
        member b: at 0:3 -> at 0:4`,
	},
	{
		name: "in nameless structs",
		old: "[4] STRUCT 's' size=16\n'(anon)' type_id=5\n'in' type_id=6 bits_offset=64\n'far' type_id=7 bits_offset=96\n[5] UNION '(anon)' size=8\n'u' type_id=1\n'v' type_id=1\n" +
			"[6] STRUCT '(anon)' size=4\n'w' type_id=1\n[7] PTR '(anon)' type_id=8\n[8] STRUCT '(anon)' size=4\n'x' type_id=1",
		new: "[4] STRUCT 's' size=16\n'(anon)' type_id=5\n'in' type_id=6 bits_offset=64\n'far' type_id=7 bits_offset=96\n[5] UNION '(anon)' size=8\n'u' type_id=1\n'v' type_id=2\n" +
			"[6] STRUCT '(anon)' size=4\n'w' type_id=3\n[7] PTR '(anon)' type_id=8\n[8] STRUCT '(anon)' size=4\n'x' type_id=1\n'y' type_id=1",
		want: `
    changed  struct s
        member v: int -> long
        member in.w: int -> int *
        + member far->y: int at 0`,
	},
	{
		name: "functions",
		old: "[4] FUNC_PROTO '(anon)' ret_type_id=1\n'a' type_id=1\n'b' type_id=1\n'c' type_id=1\n[5] FUNC 'f' type_id=4\n" +
			"[6] FUNC_PROTO '(anon)' ret_type_id=0\n'a' type_id=1\n'(anon)' type_id=0\n[7] FUNC 'g' type_id=6\n[8] FUNC_PROTO '(anon)' ret_type_id=0\n'x' type_id=1\n'y' type_id=1\n[9] FUNC 'h' type_id=8",
		new: "[4] FUNC_PROTO '(anon)' ret_type_id=2\n'a' type_id=2\n'c' type_id=1\n[5] FUNC 'f' type_id=4\n" +
			"[6] FUNC_PROTO '(anon)' ret_type_id=0\n'a' type_id=1\n'n' type_id=1\n[7] FUNC 'g' type_id=6 linkage=global\n[8] FUNC_PROTO '(anon)' ret_type_id=0\n'y' type_id=1\n'x' type_id=1\n[9] FUNC 'h' type_id=8",
		want: `
    changed  long f(long a, int c)
        return type: int -> long
        - parameter 2: int b
        parameter 1: int a -> long a
    changed  void g(int a, int n)
        linkage: static -> global
        parameter 2: ... -> int n
    changed  void h(int y, int x)
        int y: parameter 2 -> parameter 1
        int x: parameter 1 -> parameter 2`,
	},
	{
		name: "tags of types, and const",
		old:  "[4] STRUCT 's' size=16\n'a' type_id=5\n'b' type_id=7 bits_offset=64\n[5] PTR '(anon)' type_id=6\n[6] TYPE_TAG 'user' type_id=1\n[7] PTR '(anon)' type_id=8\n[8] CONST '(anon)' type_id=1\n[9] TYPEDEF 't' type_id=5",
		new:  "[4] STRUCT 's' size=16\n'a' type_id=5\n'b' type_id=7 bits_offset=64\n[5] PTR '(anon)' type_id=6\n[6] TYPE_TAG 'rcu' type_id=1\n[7] CONST '(anon)' type_id=3\n[8] TYPEDEF 't' type_id=5",
		want: `
    changed  struct s
        member a: int __user * -> int __rcu *
        member b: const int * -> int *const
    changed  typedef t
        type: int __user * -> int __rcu *`,
	},
	{
		name: "enums",
		old:  "[4] ENUM 'e' size=4\n'A' val=0\n'B' val=1\n'C' val=2\n'D' val=3\n[5] ENUM '(anon)' size=4\n'X' val=0",
		new:  "[4] ENUM 'e' size=4 encoding=SIGNED\n'A' val=0\n'NEW' val=1\n'B' val=2\n'C' val=3\n'LAST' val=-1\n[5] ENUM '(anon)' size=4\n'X' val=0\n'Y' val=1",
		want: `
    changed  enum e
        values: unsigned -> signed
        - enumerator D: 3
        + enumerator NEW: 1
        2 enumerators, B to C: 1 -> 2
        + enumerator LAST: -1
    changed  enum { X, ... }
        + enumerator Y: 1`,
	},
	{
		name: "enum becomes an enum of 64 bits",
		old:  "[4] ENUM 'e' size=4\n'A' val=1",
		new:  "[4] ENUM64 'e' size=8\n'A' val=4294967297ULL",
		want: `
    changed  enum e
        size: 4 bytes -> 8 bytes
        enumerator A: 1 -> 4294967297`,
	},
	{
		name: "numbers, typedefs, variables, sections and tags",
		old: "[4] INT 'n' size=4\n[5] TYPEDEF 't' type_id=1\n[6] VAR 'v' type_id=1, linkage=static\n[7] DATASEC '.data' size=4\ntype_id=6 offset=0 size=4\n" +
			"[8] STRUCT 's' size=4\n'm' type_id=1\n[9] DECL_TAG 'old' type_id=8 component_idx=0",
		new: "[4] INT 'n' size=8 encoding=SIGNED\n[5] TYPEDEF 't' type_id=3\n[6] VAR 'v' type_id=2, linkage=global\n[7] DATASEC '.data' size=16\ntype_id=6 offset=8 size=8\n" +
			"[8] STRUCT 's' size=4\n'm' type_id=1\n[9] DECL_TAG 'new' type_id=8 component_idx=-1",
		want: `
    removed  tag old of member m of struct s
    added    tag new of struct s
    changed  typedef t
        type: int -> int *
    changed  n
        size: 4 bytes -> 8 bytes
        encoding: 32 bits -> 64 bits, signed
    changed  variable v
        linkage: static -> global
        type: int -> long
    changed  section .data
        size: 4 bytes -> 16 bytes
        variable v: 4 bytes at 0 -> 8 bytes at 8`,
	},
	{
		name: "a declaration is completed",
		old:  "[4] FWD 's' fwd_kind=struct\n[5] PTR '(anon)' type_id=4\n[6] TYPEDEF 'p' type_id=5",
		new:  "[4] STRUCT 's' size=4\n'm' type_id=1\n[5] PTR '(anon)' type_id=4\n[6] TYPEDEF 'p' type_id=5",
		want: `
    changed  struct s
        definition: only declared -> 4 bytes
    affected 1 type by struct s`,
	},
	{
		name: "what is affected, by the shortest way", all: true,
		old: "[4] STRUCT 's' size=4\n'm' type_id=1\n[5] PTR '(anon)' type_id=4\n[6] STRUCT 'user' size=8\n's' type_id=5\n[7] PTR '(anon)' type_id=6\n" +
			"[8] FUNC_PROTO '(anon)' ret_type_id=0\n'n' type_id=1\n'u' type_id=7\n[9] FUNC 'f' type_id=8",
		new: "[4] STRUCT 's' size=8\n'm' type_id=2\n[5] PTR '(anon)' type_id=4\n[6] STRUCT 'user' size=8\n's' type_id=5\n[7] PTR '(anon)' type_id=6\n" +
			"[8] FUNC_PROTO '(anon)' ret_type_id=0\n'n' type_id=1\n'u' type_id=7\n[9] FUNC 'f' type_id=8",
		want: `
    changed  struct s
        size: 4 bytes -> 8 bytes
        member m: int -> long
    affected struct user, 8 bytes
        struct user -> s -> struct s
    affected void f(int n, struct user *u)
        f() -> parameter 2 u -> struct user -> s -> struct s`,
	},
	{
		name: "two of one name change places",
		old:  "[4] STRUCT 'p' size=4\n'x' type_id=1\n[5] STRUCT 'p' size=8\n'y' type_id=2\n[6] STRUCT 's' size=8\n'p' type_id=5",
		new:  "[4] STRUCT 'p' size=4\n'x' type_id=1\n[5] STRUCT 'p' size=8\n'y' type_id=2\n[6] STRUCT 's' size=8\n'p' type_id=4",
		want: `
    changed  struct s
        member p: struct p, 8 bytes -> struct p, 4 bytes`,
	},
	{
		name: "two of one name, one of which changes",
		old:  "[4] STRUCT 'p' size=4\n'x' type_id=1\n[5] STRUCT 'p' size=8\n'y' type_id=2",
		new:  "[4] STRUCT 'p' size=8\n'y' type_id=3\n[5] STRUCT 'p' size=4\n'x' type_id=1",
		want: `
    changed  struct p
        member y: long -> int *`,
	},
	{
		name: "what has no name and nothing refers to", all: true,
		old: "[4] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=4\n[5] PTR '(anon)' type_id=4",
		new: "[4] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=5\n[5] CONST '(anon)' type_id=4",
		want: `
    unnamed  + const int [5]
    unnamed  - int (*)[4]`,
	},
}

func TestCases(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			old, new := btftest.MustParse(t, numbers+c.old, nil), btftest.MustParse(t, numbers+c.new, nil)
			got := compare(t, old, new, diff.View{All: c.all})
			if got != strings.TrimPrefix(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestCircle has types that no name leads to, and that refer to each other.
func TestCircle(t *testing.T) {
	const circle = "[4] PTR '(anon)' type_id=5\n[5] %s '(anon)' type_id=4"
	old := btftest.MustParse(t, numbers+fmt.Sprintf(circle, "CONST"), nil)
	new := btftest.MustParse(t, numbers+fmt.Sprintf(circle, "VOLATILE"), nil)
	if got, want := compare(t, old, new, diff.View{}), "    unnamed  2 types"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
