package dwarfconv

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// funcTypes are the types of the cases below. A DIE of type n is at typeBase+n.
const funcTypes = `
[1] INT 'int' size=4 encoding=SIGNED
[2] INT 'long' size=8 encoding=SIGNED
[3] PTR '(anon)' type_id=1
[4] STRUCT 'pair' size=16
	'a' type_id=2
	'b' type_id=2 bits_offset=64
[5] STRUCT 'triple' size=24
	'a' type_id=2
	'b' type_id=2 bits_offset=64
	'c' type_id=2 bits_offset=128
[6] STRUCT 'packed' size=12
	'a' type_id=1
	'b' type_id=2 bits_offset=32
[7] CONST '(anon)' type_id=4
[8] TYPEDEF 'packed_t' type_id=6
[9] UNION 'u' size=16
	'a' type_id=2
	'b' type_id=4
[10] STRUCT '(anon)' size=12
	'a' type_id=1
	'b' type_id=2 bits_offset=32
`

const typeBase = 1 << 20

// fakeWalk is a walk whose types are funcTypes.
type fakeWalk struct{ clang bool }

func (w fakeWalk) typeAt(off uint32) btf.ID {
	if off <= typeBase {
		return 0
	}
	return btf.ID(off - typeBase)
}

func (w fakeWalk) isClang(int32) bool { return w.clang }

// parseRaw reads raw rows from text:
//
//	10 sub foo type=1 origin=20 spec=30 cc=3 inline=1 pc=0x40 decl ext varargs
//	11 param a type=1 origin=21 loc=55/91+10 const
//	tag value 0
//
// The numbers in front are the DIEs' offsets. A name of - is none. loc is a list
// of expressions in hex with / between.
func parseRaw(t *testing.T, text string) (*rawFuncs, *Sections) {
	t.Helper()
	raw := &rawFuncs{units: []rawUnit{amd64Unit}}
	sec := &Sections{Order: binary.LittleEndian}
	names := map[string]btf.StrOff{"-": 0}
	intern := func(s string) btf.StrOff {
		if _, ok := names[s]; !ok {
			names[s] = btf.StrOff(len(funcNames))
			funcNames = append(funcNames, s)
		}
		return names[s]
	}
	funcNames = []string{""}
	num := func(s string) uint64 {
		n, err := strconv.ParseUint(s, 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if f[0] == "tag" {
			s := &raw.subs[len(raw.subs)-1]
			s.tags++
			raw.tags = append(raw.tags, rawTag{value: intern(f[1]), component: int32(num(f[2]))})
			continue
		}
		off := uint32(num(f[0]))
		var p rawParam
		var s subprogram
		for _, a := range f[3:] {
			key, val, _ := strings.Cut(a, "=")
			switch key {
			case "type":
				p.typ = typeBase + uint32(num(val))
				s.typ = p.typ
			case "origin":
				p.origin = uint32(num(val))
				s.origin = p.origin
			case "spec":
				s.spec = uint32(num(val))
			case "cc":
				s.cc = uint8(num(val))
			case "inline":
				s.inline = uint8(num(val))
			case "pc":
				s.lowPC, s.flags = num(val), s.flags|subHasLowPC
			case "decl":
				s.flags |= subDeclaration
			case "ext":
				s.flags |= subExternal
			case "varargs":
				s.flags |= subVariadic
			case "const":
				p.constValue = true
			case "loc":
				p.form, p.locOff = locLists, uint64(len(sec.Loclists))
				sec.Loclists = append(sec.Loclists, loclists(t, strings.Split(val, "/")...)...)
			default:
				t.Fatalf("%q in %q", key, line)
			}
		}
		switch f[1] {
		case "sub":
			s.off, s.name, s.first, s.tag = off, intern(f[2]), int32(len(raw.params)), int32(len(raw.tags))
			raw.subs = append(raw.subs, s)
		case "param":
			p.off, p.name = off, intern(f[2])
			raw.params = append(raw.params, p)
			raw.subs[len(raw.subs)-1].n++
		default:
			t.Fatal(line)
		}
	}
	return raw, sec
}

// funcNames are the names of the case that parseRaw read last.
var funcNames []string

// funcsText prints functions one a line: 1 foo(1 a, ...) @0x40 ext: flags
func funcsText(u *Unit) string {
	var b strings.Builder
	for _, f := range u.Funcs {
		fmt.Fprintf(&b, "%d %s(", f.Ret, funcNames[f.Name])
		for i, p := range u.Params[f.First : f.First+f.N] {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%d %s", p.Type, funcNames[p.Name])
		}
		if f.Variadic {
			b.WriteString(" ...")
		}
		b.WriteString(")")
		if f.HasAddr {
			fmt.Fprintf(&b, " @%#x", f.Addr)
		}
		if f.External {
			b.WriteString(" ext")
		}
		if f.Flags != 0 {
			fmt.Fprintf(&b, ": %s", f.Flags)
		}
		for _, t := range u.Tags[f.TagFirst : f.TagFirst+f.TagN] {
			fmt.Fprintf(&b, " #%s@%d", funcNames[t.Value], t.Component)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestConvertFuncs(t *testing.T) {
	types := btftest.MustParse(t, funcTypes, nil)
	for _, c := range []struct {
		name      string
		raw, want string
		clang     bool
	}{
		{name: "plain definition", raw: `
			10 sub foo type=1 pc=0x40 ext
			11 param a type=1 loc=55
			12 param b type=3 loc=54`,
			want: "1 foo(1 a, 3 b) @0x40 ext"},
		{name: "varargs, void, tags", raw: `
			10 sub foo varargs
			tag whole 1
			11 param a type=1 loc=55
			tag first 0`,
			want: "0 foo(1 a ...) #whole@1 #first@0"},
		{name: "declaration", raw: `
			10 sub foo type=1 decl
			11 param a type=1`,
			want: ""},
		{name: "unnamed parameter", raw: `
			10 sub foo
			11 param - type=1 loc=55`,
			want: "0 foo(1 ): unnamed_param"},
		{name: "specification gives the name, not the type", raw: `
			10 sub foo type=1 decl
			11 param a type=1
			20 sub - spec=10 pc=0
			21 param b type=1 loc=55`,
			want: "0 foo(1 b) @0x0"},
		{name: "abstract and concrete instance", raw: `
			10 sub foo type=1 inline=1
			11 param a type=1
			12 param b type=3
			20 sub - origin=10 pc=0x40
			21 param - origin=11 loc=55
			22 param - origin=12 loc=54`,
			want: "1 foo(1 a, 3 b): inline\n1 foo(1 a, 3 b) @0x40"},
		{name: "abstract instance behind the concrete one", raw: `
			10 sub - origin=20 pc=0x40
			11 param - origin=21 loc=55
			20 sub foo type=1 inline=1
			21 param a type=1`,
			want: "1 foo(1 a) @0x40\n1 foo(1 a): inline"},
		{name: "no out-of-line copy", raw: `
			10 sub foo type=1 inline=1
			11 param a type=1`,
			want: "1 foo(1 a): optimized_params inline"},
		{name: "origin of an origin", raw: `
			10 sub foo type=1 inline=1
			11 param a type=1
			20 sub - origin=10
			21 param - origin=11
			30 sub - origin=20 pc=0x40
			31 param - origin=21 loc=55`,
			want: "1 foo(1 a): optimized_params inline\n1 foo(1 a)\n1 foo(1 a) @0x40"},
		{name: "no such origin", raw: `
			10 sub - origin=99
			11 param - origin=98 loc=55`,
			want: "0 (0 ): unnamed_param"},
		{name: "origin is itself", raw: `
			10 sub - origin=10
			11 param - origin=11 loc=55`,
			want: "0 (0 ): unnamed_param"},
		{name: "parameters in another order", raw: `
			10 sub foo inline=1
			11 param a type=1
			12 param b type=1
			20 sub - origin=10 pc=0x40
			21 param - origin=12 loc=55
			22 param - origin=11 loc=54`,
			want: "0 foo(1 a, 1 b): unexpected_reg inline\n0 foo(1 b, 1 a) @0x40: reordered_params"},
		{name: "removed parameter", raw: `
			10 sub foo inline=1
			11 param a type=1
			12 param b type=1
			20 sub - origin=10 pc=0x40
			21 param - origin=12 loc=55`,
			want: "0 foo(1 a, 1 b): unexpected_reg optimized_params inline\n0 foo(1 b) @0x40: reordered_params"},
		{name: "wrong register", raw: `
			10 sub foo
			11 param a type=1 loc=54`,
			want: "0 foo(1 a): unexpected_reg"},
		{name: "wrong register, but a struct", raw: `
			10 sub foo
			11 param a type=7 loc=55
			12 param b type=1 loc=50`,
			want: "0 foo(7 a, 1 b)"},
		{name: "a union is no struct", raw: `
			10 sub foo
			11 param a type=9 loc=55
			12 param b type=1 loc=50`,
			want: "0 foo(9 a, 1 b): unexpected_reg"},
		{name: "struct in two registers", raw: `
			10 sub foo
			11 param a type=9 loc=559308549308
			12 param b type=1 loc=51`,
			want: "0 foo(9 a, 1 b)"},
		{name: "constant", raw: `
			10 sub foo
			11 param a type=1 const
			12 param b type=1 loc=54`,
			want: "0 foo(1 a, 1 b): optimized_params"},
		{name: "no register at entry", raw: `
			10 sub foo
			11 param a type=1 loc=9110
			12 param b type=1 loc=54`,
			want: "0 foo(1 a, 1 b): optimized_params"},
		{name: "entry value proves the register", raw: `
			10 sub foo
			11 param a type=1 loc=9110/a301559f`,
			want: "0 foo(1 a)"},
		{name: "memory aggregate takes one place", raw: `
			10 sub foo
			11 param a type=5 loc=9110
			12 param b type=1 loc=54`,
			want: "0 foo(5 a, 1 b): optimized_params"},
		{name: "seventh parameter", raw: `
			10 sub foo
			11 param a type=1 loc=55
			12 param b type=1 loc=54
			13 param c type=1 loc=51
			14 param d type=1 loc=52
			15 param e type=1 loc=58
			16 param f type=1 loc=59
			17 param g type=1 loc=9108`,
			want: "0 foo(1 a, 1 b, 1 c, 1 d, 1 e, 1 f, 1 g)"},
		{name: "packed struct on the stack", raw: sixParams + `
			17 param g type=6 loc=9108`,
			want: "0 foo(1 a, 1 b, 1 c, 1 d, 1 e, 1 f, 6 g): uncertain_loc"},
		{name: "packed struct by typedef", raw: sixParams + `
			17 param g type=8 loc=9108`,
			want: "0 foo(1 a, 1 b, 1 c, 1 d, 1 e, 1 f, 8 g)"},
		{name: "packed struct without name", raw: sixParams + `
			17 param g type=10 loc=9108`,
			want: "0 foo(1 a, 1 b, 1 c, 1 d, 1 e, 1 f, 10 g)"},
		{name: "packed struct in registers", raw: `
			10 sub foo
			11 param g type=6 loc=55`,
			want: "0 foo(6 g)"},
		{name: "clang: windows of registers", clang: true, raw: `
			10 sub foo pc=0x40
			11 param a type=4 loc=9110
			12 param b type=9 loc=52
			13 param c type=1 loc=58`,
			want: "0 foo(4 a, 9 b, 1 c) @0x40"},
		{name: "clang: outside of the window", clang: true, raw: `
			10 sub foo pc=0x40
			11 param a type=1 loc=54`,
			want: "0 foo(1 a) @0x40: unexpected_reg"},
		{name: "clang: memory takes no register", clang: true, raw: `
			10 sub foo pc=0x40
			11 param b type=5 loc=9108
			12 param a type=2 loc=55`,
			want: "0 foo(5 b, 2 a) @0x40"},
		{name: "clang: no location says nothing", clang: true, raw: `
			10 sub foo pc=0x40
			11 param a type=1
			12 param b type=1 loc=54`,
			want: "0 foo(1 a, 1 b) @0x40: optimized_params"},
		{name: "clang: signature changed", clang: true, raw: `
			10 sub foo pc=0x40 cc=3
			11 param a type=1
			12 param b type=1 loc=55`,
			want: "0 foo(1 a, 1 b) @0x40: unexpected_reg optimized_params signature_changed"},
		{name: "clang: signature changed, says the origin", clang: true, raw: `
			10 sub foo inline=1 cc=3
			11 param a type=1
			20 sub - origin=10 pc=0x40
			21 param - origin=11 loc=55`,
			want: "0 foo(1 a): inline\n0 foo(1 a) @0x40: signature_changed"},
		{name: "GCC: DW_CC_nocall is not looked at", raw: `
			10 sub foo pc=0x40 cc=3
			11 param a type=1 loc=55`,
			want: "0 foo(1 a) @0x40"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want != "" {
				c.want += "\n"
			}
			raw, sec := parseRaw(t, c.raw)
			var f funcConverter
			f.reset(amd64ABI, sec, false)
			u := Unit{Types: types.Types}
			f.convert(raw, fakeWalk{c.clang}, &u)
			if got := funcsText(&u); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

const sixParams = `
	10 sub foo
	11 param a type=1 loc=55
	12 param b type=1 loc=54
	13 param c type=1 loc=51
	14 param d type=1 loc=52
	15 param e type=1 loc=58
	16 param f type=1 loc=59`

// TestConvertFuncsNoRegs: on a machine without known registers nothing is said
// about them.
func TestConvertFuncsNoRegs(t *testing.T) {
	types := btftest.MustParse(t, funcTypes, nil)
	raw, sec := parseRaw(t, `
		10 sub foo
		11 param a type=1 loc=50
		12 param b type=1 loc=51`)
	for _, machine := range []uint16{em386, emSPARCV9, emARC, 4} {
		var f funcConverter
		f.reset(ABIFor(machine, 8), sec, false)
		u := Unit{Types: types.Types}
		f.convert(raw, fakeWalk{}, &u)
		if got := u.Funcs[0].Flags; got != 0 {
			t.Errorf("machine %d: flags %q", machine, got)
		}
	}
}

// TestConvertFuncsMachines: parameters are where the machine's ABI has them, by GCC and
// by clang. Locations are DW_OP_regN, 50 for 0.
func TestConvertFuncsMachines(t *testing.T) {
	types := btftest.MustParse(t, funcTypes, nil)
	for _, c := range []struct {
		name    string
		machine uint16
		size    int
		raw     string // one parameter a line: type, location
		want    FuncFlags
	}{
		{"arm64", emAARCH64, 8, "1 50\n2 51", 0},
		{"arm64, wrong", emAARCH64, 8, "1 51", FuncUnexpectedReg},
		{"arm", emARM, 4, "1 50\n1 51\n1 52\n1 53\n1 9100", 0},
		{"arm, pairs", emARM, 4, "1 50\n2 529304539304\n1 9100", 0},
		{"arm, not in a pair", emARM, 4, "1 50\n2 519304529304", FuncUnexpectedReg},
		{"arm, the last one stays unused", emARM, 4, "1 50\n1 51\n1 52\n2 9100\n1 9108", 0},
		{"arm, union by value", emARM, 4, "9 509304519304529304539304\n1 9100", 0},
		{"s390x", emS390, 8, "1 52\n2 53\n1 54\n1 55\n1 56\n1 91a001", 0},
		{"s390x, wrong", emS390, 8, "1 53", FuncUnexpectedReg},
		{"riscv64", emRISCV, 8, "1 5a\n2 5b\n9 5c93085d9308\n1 5e", 0},
		{"riscv64, wrong", emRISCV, 8, "1 5b", FuncUnexpectedReg},
		{"riscv32, no pairs", emRISCV, 4, "1 5a\n2 5b93045c9304\n1 5d", 0},
		{"loongarch64", emLOONGARCH, 8, "1 54\n2 55", 0},
		{"loongarch64, wrong", emLOONGARCH, 8, "1 55", FuncUnexpectedReg},
		{"ppc64", emPPC64, 8, "1 53\n2 54\n9 5593085693 08\n1 57", 0},
		{"ppc64, wrong", emPPC64, 8, "1 54", FuncUnexpectedReg},
		{"ppc, pairs", emPPC, 4, "1 53\n2 559304569304\n1 57", 0},
		{"ppc, not in a pair", emPPC, 4, "1 53\n2 549304559304", FuncUnexpectedReg},
		{"mips64", emMIPS, 8, "1 54\n2 55\n1 56\n1 57\n1 58\n1 59\n1 5a\n1 5b\n1 9100", 0},
		{"mips64, wrong", emMIPS, 8, "1 55", FuncUnexpectedReg},
		{"mips", emMIPS, 4, "1 54\n1 55\n1 56\n1 57\n1 9110", 0},
		{"mips, pairs", emMIPS, 4, "1 54\n2 569304579304\n1 9110", 0},
		{"mips, not in a pair", emMIPS, 4, "1 54\n2 559304569304", FuncUnexpectedReg},
		{"sparc64 is not looked at", emSPARCV9, 8, "1 50\n1 51", 0},
		{"an unknown machine is not looked at", 4, 4, "1 50\n1 51", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := "10 sub foo pc=0x40\n"
			for i, line := range strings.Split(c.raw, "\n") {
				typ, loc, _ := strings.Cut(line, " ")
				raw += fmt.Sprintf("%d param p%d type=%s loc=%s\n", 11+i, i, typ, strings.ReplaceAll(loc, " ", ""))
			}
			for _, clang := range []bool{false, true} {
				parsed, sec := parseRaw(t, raw)
				var f funcConverter
				f.reset(ABIFor(c.machine, c.size), sec, false)
				u := Unit{Types: types.Types}
				f.convert(parsed, fakeWalk{clang}, &u)
				if got := u.Funcs[0].Flags; got != c.want {
					t.Errorf("clang %v: flags %q, want %q", clang, got, c.want)
				}
			}
		})
	}
}

func TestConvertFuncsAllocs(t *testing.T) {
	types := btftest.MustParse(t, funcTypes, nil)
	raw, sec := parseRaw(t, strings.ReplaceAll(sixParams, "\t", "")+`
		20 sub bar inline=1
		21 param a type=4
		30 sub - origin=20 pc=0x40
		31 param - origin=21 loc=559308549308`)
	var f funcConverter
	u := Unit{Types: types.Types}
	walk := unitFacts(fakeWalk{})
	n := testing.AllocsPerRun(100, func() {
		u.Funcs, u.Params, u.Tags = u.Funcs[:0], u.Params[:0], u.Tags[:0]
		f.reset(amd64ABI, sec, false)
		f.convert(raw, walk, &u)
	})
	if n != 0 {
		t.Errorf("%v allocations per unit", n)
	}
}

func TestFuncFlagsString(t *testing.T) {
	if got := (FuncInline | FuncUnnamedParam | FuncUncertainLoc).String(); got != "unnamed_param uncertain_loc inline" {
		t.Errorf("got %q", got)
	}
}
