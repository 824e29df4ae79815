package explain_test

import (
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/report/explain"
)

const numbers = `
[1] INT 'int' size=4 encoding=SIGNED
[2] INT 'long' size=8 encoding=SIGNED
[3] PTR '(anon)' type_id=1
`

// cases are types of a base behind numbers, those of a module behind these, a name
// and what is said of it; and what is said of the module's causes: types, bytes, and
// bytes of what comes to this cause alone.
var cases = []struct{ name, base, module, ask, want, causes string }{
	{
		name:   "a member is changed",
		base:   "[4] STRUCT 'cfg' size=4\n'a' type_id=1\n[5] PTR '(anon)' type_id=4\n[6] STRUCT 'dev' size=8\n'cfg' type_id=5",
		module: "[7] STRUCT 'cfg' size=8\n'a' type_id=2\n[8] PTR '(anon)' type_id=7\n[9] STRUCT 'dev' size=8\n'cfg' type_id=8",
		ask:    "dev",
		want: `[9] struct dev, 8 bytes
    [6] in the base: struct dev → cfg → struct cfg: size: 4 bytes in the base, 8 bytes here, and 1 more
        size: 4 bytes in the base, 8 bytes here
        member a: int in the base, long here
    struct cfg: nearest cause of 3 types of 60 bytes, the only one of 3 types of 60 bytes`,
		causes: "3 60 60 struct cfg: size: 4 bytes in the base, 8 bytes here, and 1 more",
	},
	{
		name: "declared in the base, complete in the module",
		base: "[4] FWD 'wdev' fwd_kind=struct\n[5] PTR '(anon)' type_id=4\n[6] STRUCT 'net' size=8\n'ieee' type_id=5\n" +
			"[7] PTR '(anon)' type_id=6\n[8] STRUCT 'buf' size=8\n'dev' type_id=7",
		module: "[9] STRUCT 'wdev' size=4\n'id' type_id=1\n[10] PTR '(anon)' type_id=9\n[11] STRUCT 'net' size=8\n'ieee' type_id=10\n" +
			"[12] PTR '(anon)' type_id=11\n[13] STRUCT 'buf' size=8\n'dev' type_id=12",
		ask: "struct buf",
		want: `[13] struct buf, 8 bytes
    [8] in the base: struct buf → dev → struct net → ieee → struct wdev: FWD in the base, complete here
    struct wdev: nearest cause of 5 types of 96 bytes, the only one of 5 types of 96 bytes`,
		causes: "5 96 96 struct wdev: FWD in the base, complete here",
	},
	{
		name:   "declared in the module, complete in the base",
		base:   "[4] STRUCT 'wdev' size=4\n'id' type_id=1",
		module: "[5] FWD 'wdev' fwd_kind=struct",
		ask:    "wdev",
		want: `[5] struct wdev, only declared
    [4] in the base: struct wdev: complete in the base, FWD here
    struct wdev: nearest cause of 1 type of 12 bytes, the only one of 1 type of 12 bytes`,
		causes: "1 12 12 struct wdev: complete in the base, FWD here",
	},
	{
		name:   "an enumerator has another value",
		base:   "[4] ENUM 'e' size=4\n'A' val=1\n'B' val=2\n[5] STRUCT 's' size=4\n'e' type_id=4",
		module: "[6] ENUM 'e' size=4\n'A' val=1\n'B' val=3\n[7] STRUCT 's' size=4\n'e' type_id=6",
		ask:    "s",
		want: `[7] struct s, 4 bytes
    [5] in the base: struct s → e → enum e: enumerator B: 2 in the base, 3 here
    enum e: nearest cause of 2 types of 52 bytes, the only one of 2 types of 52 bytes`,
		causes: "2 52 52 enum e: enumerator B: 2 in the base, 3 here",
	},
	{
		name:   "a declared enum",
		base:   "[4] ENUM 'e' size=4\n[5] TYPEDEF 't' type_id=4",
		module: "[6] ENUM 'e' size=4\n'A' val=1\n[7] TYPEDEF 't' type_id=6",
		ask:    "t",
		want: `[7] typedef enum e t
    [5] in the base: typedef t → enum e: FWD in the base, complete here
    enum e: nearest cause of 2 types of 32 bytes, the only one of 2 types of 32 bytes`,
		causes: "2 32 32 enum e: FWD in the base, complete here",
	},
	{
		name: "an array has another length, deep below, in what has no name",
		base: "[4] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=4\n[5] UNION '(anon)' size=16\n'w' type_id=4\n[6] STRUCT 't' size=16\n'u' type_id=5\n" +
			"[7] FUNC_PROTO '(anon)' ret_type_id=0\n'n' type_id=1\n't' type_id=8\n[8] PTR '(anon)' type_id=6\n[9] PTR '(anon)' type_id=7\n[10] STRUCT 'ops' size=8\n'get' type_id=9",
		module: "[11] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=2\n[12] UNION '(anon)' size=16\n'w' type_id=11\n[13] STRUCT 't' size=16\n'u' type_id=12\n" +
			"[14] FUNC_PROTO '(anon)' ret_type_id=0\n'n' type_id=1\n't' type_id=15\n[15] PTR '(anon)' type_id=13\n[16] PTR '(anon)' type_id=14\n[17] STRUCT 'ops' size=8\n'get' type_id=16",
		ask: "ops",
		want: `[17] struct ops, 8 bytes
    [10] in the base: struct ops → get → parameter 2 t → struct t: member u.w: int [4] in the base, int [2] here
    struct t: nearest cause of 7 types of 148 bytes, the only one of 7 types of 148 bytes`,
		causes: "7 148 148 struct t: member u.w: int [4] in the base, int [2] here",
	},
	{
		name: "typedefs of typedefs",
		base: "[4] TYPEDEF 'a' type_id=1\n[5] TYPEDEF 'b' type_id=4\n[6] TYPEDEF 'c' type_id=5",
		module: "[7] TYPEDEF 'a' type_id=2\n[8] TYPEDEF 'b' type_id=7\n[9] CONST '(anon)' type_id=8\n[10] TYPEDEF 'd' type_id=9\n" +
			"[11] TYPEDEF 'c' type_id=8",
		ask: "typedef c",
		want: `[11] typedef b c
    [6] in the base: typedef c → typedef b → typedef a: type: int in the base, long here
    typedef a: nearest cause of 4 types of 48 bytes, the only one of 4 types of 48 bytes`,
		causes: "4 48 48 typedef a: type: int in the base, long here",
	},
	{
		name: "a circle",
		base: "[4] STRUCT 'a' size=16\n'b' type_id=6\n's' type_id=8 bits_offset=64\n[5] STRUCT 'b' size=8\n'a' type_id=7\n[6] PTR '(anon)' type_id=5\n[7] PTR '(anon)' type_id=4\n" +
			"[8] PTR '(anon)' type_id=9\n[9] STRUCT 'end' size=4\n'x' type_id=1",
		module: "[10] STRUCT 'a' size=16\n'b' type_id=12\n's' type_id=14 bits_offset=64\n[11] STRUCT 'b' size=8\n'a' type_id=13\n[12] PTR '(anon)' type_id=11\n[13] PTR '(anon)' type_id=10\n" +
			"[14] PTR '(anon)' type_id=15\n[15] STRUCT 'end' size=4\n'y' type_id=1",
		ask: "b",
		want: `[11] struct b, 8 bytes
    [5] in the base: struct b → a → struct a → s → struct end: member y: int x at 0 in the base, int y at 0 here
    struct end: nearest cause of 6 types of 120 bytes, the only one of 6 types of 120 bytes`,
		causes: "6 120 120 struct end: member y: int x at 0 in the base, int y at 0 here",
	},
	{
		name:   "two of the base's, of which one is nearer",
		base:   "[4] STRUCT 'o' size=4\n'x' type_id=1\n[5] FWD 'p' fwd_kind=struct\n[6] PTR '(anon)' type_id=5\n[7] STRUCT 'o' size=8\n'p' type_id=6",
		module: "[8] STRUCT 'p' size=4\n'x' type_id=1\n[9] PTR '(anon)' type_id=8\n[10] STRUCT 'o' size=8\n'p' type_id=9",
		ask:    "o",
		want: `[10] struct o, 8 bytes
    [4] in the base: struct o: size: 4 bytes in the base, 8 bytes here, and 1 more
        size: 4 bytes in the base, 8 bytes here
        member p: int x at 0 in the base, struct p *p at 0 here
    [7] in the base: struct o → p → struct p: FWD in the base, complete here
    struct p: nearest cause of 3 types of 60 bytes, the only one of 3 types of 60 bytes`,
		causes: "3 60 60 struct p: FWD in the base, complete here",
	},
	{
		name: "two causes, and what is the module's own",
		base: "[4] FWD 'p' fwd_kind=struct\n[5] FWD 'q' fwd_kind=union\n[6] PTR '(anon)' type_id=4\n[7] PTR '(anon)' type_id=5\n" +
			"[8] STRUCT 'both' size=16\n'p' type_id=6\n'q' type_id=7 bits_offset=64\n[9] FWD 'r' fwd_kind=struct",
		module: "[10] STRUCT 'p' size=4\n'new' type_id=16\n[11] UNION 'q' size=4\n'y' type_id=1\n[12] PTR '(anon)' type_id=10\n[13] PTR '(anon)' type_id=11\n" +
			"[14] STRUCT 'both' size=16\n'p' type_id=12\n'q' type_id=13 bits_offset=64\n[15] PTR '(anon)' type_id=16\n[16] STRUCT 'new' size=4\n'x' type_id=1",
		ask: "new",
		want: `[16] struct new, 4 bytes
    the module's own: the base has none of that kind and name`,
		causes: "3 72 36 struct p: FWD in the base, complete here\n2 36 36 union q: FWD in the base, complete here",
	},
	{
		name:   "the base has it",
		base:   "[4] STRUCT 's' size=4\n'x' type_id=1",
		module: "[5] STRUCT 's' size=4\n'x' type_id=1",
		ask:    "s",
		want:   "[5] struct s, 4 bytes\n    the base has it in the same shape: [4]",
	},
	{
		name:   "only the base has one",
		base:   "[4] STRUCT 's' size=4\n'x' type_id=1",
		module: "[5] STRUCT 't' size=4\n'x' type_id=1",
		ask:    "s",
		want:   "[4] struct s, 4 bytes: the base's; the module has none of its own",
	},
	{
		name:   "functions",
		module: "[4] FUNC_PROTO '(anon)' ret_type_id=1\n[5] FUNC 'open' type_id=4",
		ask:    "open()",
		want:   "[5] int open(void)\n    the module's own: the base has none of that kind and name",
	},
	{
		name: "a function without BTF",
		ask:  "lost",
		want: `lost: a function without BTF: several addresses
    symbol lost: local, .text at 0x10, 1 byte
    symbol lost.isra.0: global, .init.text at 0x0, 1,000 bytes
    DIE 0x20: static, defined, inlined, in a.c
    DIE 0x30: static, defined, with code, in a.c
    DIE 0x40: external, declared, in b.c
    DIE 0x50: static, defined, without code, in \x1bc
    inlined at 2 places`,
	},
	{
		name:   "names that steer a terminal",
		base:   "[4] FWD 'x\x1b[2J' fwd_kind=struct",
		module: "[5] STRUCT 'x\x1b[2J' size=4\n'\x1b' type_id=1",
		ask:    "x\x1b[2J",
		want: `[5] struct x\x1b[2J, 4 bytes
    [4] in the base: struct x\x1b[2J: FWD in the base, complete here
    struct x\x1b[2J: nearest cause of 1 type of 24 bytes, the only one of 1 type of 24 bytes`,
		causes: `1 24 24 struct x\x1b[2J: FWD in the base, complete here`,
	},
}

func TestExplain(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			base := btftest.MustParse(t, numbers+c.base, nil)
			in := &explain.Input{Path: "m.ko", Source: explain.SourceDWARF, BTF: btftest.MustParse(t, c.module, base), Function: function}
			e := explain.New(base)
			asked, err := e.Name(in, c.ask)
			if err != nil {
				t.Fatal(err)
			}
			if got := text(t, asked, 0); got != c.want+"\n" {
				t.Errorf("got:\n%swant:\n%s", got, c.want)
			}
			r := e.Module(in)
			checkSums(t, r)
			if got := causes(text(t, r, 0)); got != c.causes {
				t.Errorf("causes:\n%s\nwant:\n%s", got, c.causes)
			}
		})
	}
}

// function knows of one function.
func function(name string) (*explain.Function, error) {
	if name != "lost" {
		return &explain.Function{}, nil
	}
	return &explain.Function{
		Reason: "several addresses",
		Symbols: []explain.Symbol{
			{Name: "lost", Section: ".text", Value: 0x10, Size: 1},
			{Name: "lost.isra.0", Section: ".init.text", Size: 1000, Global: true},
		},
		DIEs: []explain.DIE{
			{Offset: 0x20, Unit: "a.c", Abstract: true}, {Offset: 0x30, Unit: "a.c", HasCode: true},
			{Offset: 0x40, Unit: "b.c", Declared: true, External: true}, {Offset: 0x50, Unit: "\x1bc"},
		},
		Inlined: 2,
	}, nil
}

func text(t *testing.T, r *explain.Report, top int) string {
	t.Helper()
	var w strings.Builder
	if err := r.Text(&w, top); err != nil {
		t.Fatal(err)
	}
	return w.String()
}

// causes returns the table of causes without its head and its blanks.
func causes(report string) string {
	_, table, _ := strings.Cut(report, "  cause\n")
	var lines []string
	for line := range strings.Lines(table) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}
