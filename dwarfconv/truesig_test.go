package dwarfconv

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

// trueTypes are funcTypes and some more.
const trueTypes = funcTypes + `
[11] STRUCT 'mixed' size=16
	'low' type_id=1
	'high' type_id=1 bits_offset=32
	'ptr' type_id=3 bits_offset=64
[12] STRUCT 'bits' size=16
	'a' type_id=2 bits_offset=0 bitfield_size=3
	'b' type_id=2 bits_offset=64
[13] STRUCT 'nameless' size=16
	'(anon)' type_id=10
[14] TYPEDEF 'mixed_t' type_id=11
[15] CONST '(anon)' type_id=14
[16] UNION 'wide' size=24
	'm' type_id=5
`

// convertTrue converts raw with or without Options.TrueSignature. A parameter
// of which one member is left is called name__member.
func convertTrue(t *testing.T, raw string, abi ABI, clang, trueSig bool) string {
	t.Helper()
	types := btftest.MustParse(t, trueTypes, nil)
	rows, sec := parseRaw(t, raw)
	var f funcConverter
	f.reset(abi, sec, trueSig)
	u := Unit{Types: types.Types}
	f.convert(rows, fakeWalk{clang}, &u)
	for i := range u.Params {
		if p := &u.Params[i]; p.Member != 0 {
			member, _ := types.Str(p.Member)
			funcNames = append(funcNames, funcNames[p.Name]+"__"+string(member))
			p.Name = btf.StrOff(len(funcNames) - 1)
		}
	}
	return funcsText(&u)
}

func TestTrueSignature(t *testing.T) {
	for _, c := range []struct {
		name, raw, want string
		gcc             bool
		without         string // without the feature, where that is worth a look
	}{
		{name: "no location", raw: `
			10 sub foo pc=0x40 cc=3
			11 param a type=1
			12 param b type=1 loc=55`,
			want:    "0 foo(1 b) @0x40: optimized_params signature_changed",
			without: "0 foo(1 a, 1 b) @0x40: unexpected_reg optimized_params signature_changed"},
		{name: "a constant", raw: `
			10 sub foo pc=0x40 cc=3
			11 param a type=1 loc=309f
			12 param b type=1 loc=55`,
			want:    "0 foo(1 b) @0x40: optimized_params signature_changed",
			without: "0 foo(1 a, 1 b) @0x40: unexpected_reg optimized_params signature_changed"},
		{name: "the value of a constant attribute", raw: `
			10 sub foo pc=0x40 cc=3
			11 param a type=1 const
			12 param b type=1 loc=55`,
			want: "0 foo(1 b) @0x40: optimized_params signature_changed"},
		{name: "unused, but the next one shows that its register is kept", raw: `
			10 sub foo pc=0x40 cc=3
			11 param a type=1
			12 param b type=1 loc=54`,
			want: "0 foo(1 a, 1 b) @0x40: optimized_params signature_changed"},
		{name: "nothing is left, varargs", raw: `
			10 sub foo type=1 pc=0x40 cc=3 varargs
			11 param a type=1`,
			want: "1 foo( ...) @0x40: optimized_params signature_changed"},
		{name: "tags go with their parameters", raw: `
			10 sub foo pc=0x40 cc=3
			tag whole 4294967295
			11 param a type=1
			tag gone 0
			12 param b type=1 loc=55
			tag second 1`,
			want:    "0 foo(1 b) @0x40: optimized_params signature_changed #whole@-1 #second@0",
			without: "0 foo(1 a, 1 b) @0x40: unexpected_reg optimized_params signature_changed #whole@-1 #gone@0 #second@1"},
		{name: "signature not changed", raw: `
			10 sub foo pc=0x40
			11 param a type=1
			12 param b type=1 loc=54`,
			want: "0 foo(1 a, 1 b) @0x40: optimized_params"},

		{name: "both registers of a struct", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=4 loc=559308549308
			12 param b type=1 loc=51`,
			want: "0 foo(4 p, 1 b) @0x40: signature_changed"},
		{name: "first member", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=4 loc=559308
			12 param b type=1 loc=54`,
			want:    "0 foo(2 p__a, 1 b) @0x40: signature_changed",
			without: "0 foo(4 p, 1 b) @0x40: signature_changed"},
		{name: "second member", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=4 loc=9308559308
			12 param b type=1 loc=54`,
			want: "0 foo(2 p__b, 1 b) @0x40: signature_changed"},
		{name: "member in the middle of a register", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=11 loc=9304559304`,
			want: "0 foo(1 p__high) @0x40: signature_changed"},
		{name: "through typedef and const", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=15 loc=9308559308`,
			want: "0 foo(3 p__ptr) @0x40: signature_changed"},
		{name: "a bit-field at the offset", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=12 loc=9308559308`,
			want: "0 foo(2 p__b) @0x40: signature_changed"},
		{name: "the member shows in a later entry", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=4 loc=559308/559308`,
			want: "0 foo(2 p__a) @0x40: signature_changed"},
		{name: "the other register shows in a later entry", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=4 loc=559308/9308549308`,
			want: "0 foo(4 p) @0x40: signature_changed"},
		{name: "two members in one register", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=11 loc=559304559304
			12 param b type=1 loc=51`,
			want: "0 foo(11 p, 1 b) @0x40: signature_changed"},
		{name: "the next one shows that both registers are kept", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=4 loc=559308
			12 param b type=1 loc=51`,
			want: "0 foo(4 p, 1 b) @0x40: signature_changed"},
		{name: "no member at the offset", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=4 loc=9304559304`,
			want: "0 foo(4 p) @0x40: signature_changed"},
		{name: "member without name", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=13 loc=559308`,
			want: "0 foo(13 p) @0x40: signature_changed"},
		{name: "a union has no only member", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=9 loc=559308`,
			want: "0 foo(9 p) @0x40: signature_changed"},
		{name: "name and type are the origin's", raw: `
			10 sub foo inline=1 cc=3
			11 param p type=4
			20 sub - origin=10 pc=0x40
			21 param - origin=11 loc=559308`,
			want: "0 foo(4 p): inline\n0 foo(4 p) @0x40: signature_changed"},
		{name: "member in a wrong register", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=4 loc=509308`,
			want: "0 foo(4 p) @0x40: signature_changed"},
		{name: "scalar in a wrong register behind a member", raw: `
			10 sub foo pc=0x40 cc=3
			11 param p type=4 loc=559308
			12 param b type=1 loc=50`,
			want:    "0 foo(2 p__a, 1 b) @0x40: unexpected_reg signature_changed",
			without: "0 foo(4 p, 1 b) @0x40: signature_changed"},

		{name: "struct in memory", raw: `
			10 sub foo pc=0x40 cc=3
			11 param m type=5 loc=9108
			12 param b type=1 loc=55`,
			want: "0 foo(5 m, 1 b) @0x40: signature_changed"},
		{name: "scalar on the stack", raw: `
			10 sub foo pc=0x40 cc=3
			11 param a type=1 loc=9108
			12 param b type=1 loc=54`,
			want: "0 foo(1 a, 1 b) @0x40: unexpected_reg signature_changed"},
		{name: "unknown place", raw: `
			10 sub foo pc=0x40 cc=3
			11 param a type=1 loc=760806`,
			want: "0 foo(1 a) @0x40: unexpected_reg signature_changed"},
		{name: "more than there are registers", raw: `
			10 sub foo pc=0x40 cc=3
			11 param a type=4 loc=559308549308
			12 param b type=4 loc=519308529308
			13 param c type=4 loc=589308599308
			14 param d type=1 loc=9108
			15 param e type=4 loc=559308
			16 param f type=1`,
			want: "0 foo(4 a, 4 b, 4 c, 1 d, 4 e) @0x40: optimized_params signature_changed"},

		{name: "GCC: reordered and gone", gcc: true, raw: `
			10 sub - origin=20 pc=0x40
			11 param - origin=22 loc=55
			12 param - origin=21
			20 sub foo inline=1
			21 param a type=1
			22 param b type=1`,
			want: "0 foo(1 b) @0x40: reordered_params optimized_params\n0 foo(1 a, 1 b): unexpected_reg optimized_params inline"},
		{name: "GCC: gone in order", gcc: true, raw: `
			10 sub foo pc=0x40
			11 param a type=1 loc=55
			12 param b type=1`,
			want: "0 foo(1 a, 1 b) @0x40: optimized_params"},
		{name: "GCC: nothing of clang's", gcc: true, raw: `
			10 sub foo pc=0x40 cc=3
			11 param a type=1
			12 param p type=4 loc=549308`,
			want: "0 foo(1 a, 4 p) @0x40: optimized_params"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := convertTrue(t, c.raw, amd64ABI, !c.gcc, true); got != c.want+"\n" {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
			if c.without == "" {
				return
			}
			if got := convertTrue(t, c.raw, amd64ABI, !c.gcc, false); got != c.without+"\n" {
				t.Errorf("without: got\n%swant\n%s", got, c.without)
			}
		})
	}
}

// TestTrueSignatureOneReg: where an aggregate never takes two registers,
// pieces say nothing.
func TestTrueSignatureOneReg(t *testing.T) {
	got := convertTrue(t, `
		10 sub foo pc=0x40 cc=3
		11 param p type=4 loc=529308`, ABIFor(emS390, 8), true, true)
	if want := "0 foo(4 p) @0x40: signature_changed\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPieces(t *testing.T) {
	for _, c := range []struct {
		expr   string
		fields [2]uint64
		off    int // of the only one, -1
	}{
		{"559308", [2]uint64{1, 0}, 0},
		{"9308559308", [2]uint64{0, 1}, 8},
		{"559308549308", [2]uint64{1, 1}, -1},
		{"559304549304", [2]uint64{1 | 1<<4, 0}, -1},
		{"5593089308", [2]uint64{1, 1}, -1}, // a piece without location ends it
		{"930c559304", [2]uint64{0, 1 << 4}, 12},
		{"9380808080808080808001559308", [2]uint64{}, -1}, // 1<<63 bytes
		{"93ffffffffffffffffff01559308", [2]uint64{}, -1},
		{"55", [2]uint64{}, -1},
	} {
		var p pieces
		p.scan(unhex(t, c.expr), &amd64Unit, 8)
		off, ok := p.only(8)
		if p.fields != c.fields || ok != (c.off >= 0) || ok && off != c.off {
			t.Errorf("%s: got %#x, %d, %v; want %#x, %d", c.expr, p.fields, off, ok, c.fields, c.off)
		}
	}
}

func TestTrueSignatureAllocs(t *testing.T) {
	types := btftest.MustParse(t, trueTypes, nil)
	raw, sec := parseRaw(t, strings.ReplaceAll(sixParams, "\t", "")+`
		20 sub bar pc=0x40 cc=3
		21 param a type=4 loc=559308
		22 param b type=1
		23 param c type=1 loc=54`)
	var f funcConverter
	u := Unit{Types: types.Types}
	walk := unitFacts(fakeWalk{clang: true})
	n := testing.AllocsPerRun(100, func() {
		u.Funcs, u.Params, u.Tags = u.Funcs[:0], u.Params[:0], u.Tags[:0]
		f.reset(amd64ABI, sec, true)
		f.convert(raw, walk, &u)
	})
	if n != 0 {
		t.Errorf("%v allocations per unit", n)
	}
}

// changedText is a function that clang marks, as it stands in DWARF: p is left
// its second member, gone is not passed.
const changedText = `
	compile_unit producer="clang version 22"
	  i: base_type name="long" byte_size=8 encoding=5
	  s: structure_type name="pair" byte_size=16
	    member name="a" type=i data_member_location=0
	    member name="b" type=i data_member_location=8
	  subprogram name="f" low_pc=addr:0x10 calling_convention=3 type=i
	    formal_parameter name="p" type=s location=[93 08 55 93 08]
	    formal_parameter name="gone" type=i
	    formal_parameter name="n" type=i location=[54]
	      LLVM_annotation name="btf_decl_tag" const_value="of n"
`

func TestTrueSignatureFromDWARF(t *testing.T) {
	for _, trueSig := range []bool{false, true} {
		opts, strs, c := all, btf.NewStrings(nil), NewConverter()
		opts.TrueSignature = trueSig
		if err := c.Reset(sectionsOf(dwarftest.Build(t, dwarftest.Options{}, changedText)), strs, opts); err != nil {
			t.Fatal(err)
		}
		u, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		f, got := u.Funcs[0], ""
		for _, p := range u.Params[f.First : f.First+f.N] {
			got += fmt.Sprintf("%s/%s:%d ", strs.Bytes(p.Name), strs.Bytes(p.Member), p.Type)
		}
		got += f.Flags.String() + tagText(u.Tags, strs)
		want := "p/:2 gone/:1 n/:1 optimized_params signature_changed of n@2"
		if trueSig {
			want = "p/b:1 n/:1 optimized_params signature_changed of n@1"
		}
		if got != want {
			t.Errorf("feature %v: got %q, want %q", trueSig, got, want)
		}
	}
}
