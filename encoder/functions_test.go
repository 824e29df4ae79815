package encoder

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"debug/elf"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btfids"
	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// fakeStore is the types of a BTF; what is added is only printed.
type fakeStore struct {
	b    *btf.BTF
	strs *btf.Strings
	out  strings.Builder
	next btf.ID
	fail error
	name map[btf.ID]string // of FUNCs and VARs that were added
}

func (s *fakeStore) Row(id btf.ID) *btf.Row       { return &s.b.Types.Rows[id] }
func (s *fakeStore) ItemsOf(id btf.ID) []btf.Item { return s.b.Types.ItemsOf(s.Row(id)) }
func (s *fakeStore) str(off uint32) string        { return string(s.strs.Bytes(btf.StrOff(off))) }
func (s *fakeStore) of(id uint32) string {
	if n, ok := s.name[btf.ID(id)]; ok {
		return n
	}
	return fmt.Sprint(id)
}

func (s *fakeStore) Add(r btf.Row, items []btf.Item) (btf.ID, error) {
	if s.fail != nil {
		return 0, s.fail
	}
	s.next++
	id, name := s.next, s.str(uint32(r.Name))
	switch r.Info.Kind() {
	case btf.KindFuncProto:
		p := fmt.Sprintf("%d(", r.Type)
		for i, it := range items {
			if i > 0 {
				p += ", "
			}
			p += strings.TrimSpace(fmt.Sprintf("%d %s", it.Type, s.str(it.Name)))
		}
		s.name[id] = p + ")"
	case btf.KindFunc:
		s.name[id] = name
		fmt.Fprintf(&s.out, "FUNC %s %s linkage=%d\n", name, s.of(r.Type), r.Info.Vlen())
	case btf.KindDeclTag:
		fmt.Fprintf(&s.out, "TAG %s %s@%d\n", name, s.of(r.Type), int32(r.Aux))
	case btf.KindVar:
		s.name[id] = name
		fmt.Fprintf(&s.out, "VAR %s %d linkage=%d\n", name, r.Type, r.Aux)
	case btf.KindDatasec:
		fmt.Fprintf(&s.out, "DATASEC %s size=%d\n", name, r.Type)
		for _, it := range items {
			fmt.Fprintf(&s.out, "\t%s offset=%d size=%d\n", s.of(it.Type), it.Val, it.Name)
		}
	}
	return id, nil
}

func newFakeStore(t *testing.T, text string) *fakeStore {
	b := btftest.MustParse(t, text, nil)
	strs := btf.NewStrings(nil)
	for _, s := range strings.Split(string(b.Strs[1:len(b.Strs)-1]), "\x00") {
		strs.Intern([]byte(s))
	}
	if string(strs.Own()) != string(b.Strs) {
		t.Fatal("names have other offsets")
	}
	return &fakeStore{b: b, strs: strs, next: btf.ID(b.NumTypes()) - 1, name: map[btf.ID]string{}}
}

const testTypes = `
[1] INT 'int' size=4 encoding=SIGNED
[2] INT 'long' size=8 encoding=SIGNED
[3] CONST '(anon)' type_id=1
[4] PTR '(anon)' type_id=1
[5] PTR '(anon)' type_id=3
[6] STRUCT 's' size=4
	'a' type_id=1
[7] FWD 's' fwd_kind=struct
[8] FWD 's' fwd_kind=union
[9] PTR '(anon)' type_id=6
[10] PTR '(anon)' type_id=7
[11] PTR '(anon)' type_id=8
[12] TYPEDEF 't' type_id=1
[13] TYPEDEF 't' type_id=2
[14] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=2
[15] ARRAY '(anon)' type_id=3 index_type_id=2 nr_elems=2
[16] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=3
[17] FUNC_PROTO '(anon)' ret_type_id=1 vlen=1
	'x' type_id=4
[18] FUNC_PROTO '(anon)' ret_type_id=1 vlen=1
	'y' type_id=5
[19] FUNC_PROTO '(anon)' ret_type_id=1 vlen=1
	'y' type_id=2
[20] FUNC_PROTO '(anon)' ret_type_id=1 vlen=2
	'y' type_id=4
	'(anon)' type_id=0
[21] INT 'int' size=4
[22] INT 'int' size=8 encoding=SIGNED
[23] ENUM 'e' size=4
	'A' val=0
[24] ENUM 'e' size=4
	'B' val=0
[25] ENUM64 'e' size=8
	'A' val=0
[26] VOLATILE '(anon)' type_id=1
[27] CONST '(anon)' type_id=27
[28] CONST '(anon)' type_id=28
[29] FLOAT 'double' size=8
[30] FLOAT 'double' size=4
[31] TYPE_TAG 'user' type_id=1
[32] PTR '(anon)' type_id=31
[33] UNION 's' size=4
	'a' type_id=1
[34] CONST '(anon)' type_id=6
[35] PTR '(anon)' type_id=34
`

func TestSameType(t *testing.T) {
	store := newFakeStore(t, testTypes)
	for _, c := range []struct {
		a, b btf.ID
		want bool
	}{
		{0, 0, true}, {0, 1, false}, {1, 1, true}, {1, 2, false},
		{1, 3, true}, {3, 1, true}, // const
		{4, 5, true},                                // const below a pointer
		{6, 7, true}, {9, 10, true}, {9, 11, false}, // forward declarations
		{7, 8, false}, {6, 33, false}, {8, 33, true},
		{9, 35, true},
		{12, 13, true}, {1, 12, false}, // typedefs by name
		{14, 15, true}, {14, 16, false}, {14, 4, false},
		{17, 18, true}, {17, 19, false}, {17, 20, false},
		{1, 21, false}, {1, 22, false},
		{23, 24, true}, {23, 25, false}, // enums by name
		{1, 26, false},
		{27, 28, false}, // cycles
		{29, 29, true}, {29, 30, false},
		{4, 32, false},
	} {
		for range 2 {
			m := matcher{store: store, steps: maxMatchSteps}
			if got := m.same(c.a, c.b, 0); got != c.want {
				t.Errorf("same(%d, %d) = %v", c.a, c.b, got)
			}
			c.a, c.b = c.b, c.a
		}
	}
}

// TestSameTypeSteps: prototypes that nest with nothing but differing consts
// would be compared 3^19 times.
func TestSameTypeSteps(t *testing.T) {
	text := "[1] INT 'int' size=4\n[2] CONST '(anon)' type_id=1\n[3] CONST '(anon)' type_id=2\n"
	a, b := 2, 3
	for id := 4; id < 80; id += 4 {
		for i, to := range []int{a, b} {
			text += fmt.Sprintf("[%d] FUNC_PROTO '(anon)' ret_type_id=%d\n'x' type_id=%d\n'y' type_id=%d\n[%d] PTR '(anon)' type_id=%d\n",
				id+2*i, to, to, to, id+2*i+1, id+2*i)
		}
		a, b = id+1, id+3
	}
	store := newFakeStore(t, text)
	m := matcher{store: store, steps: maxMatchSteps}
	if m.same(btf.ID(a), btf.ID(b), 0) || m.steps > 0 {
		t.Errorf("%d steps left", m.steps)
	}
}

// testFunc is a definition in a test: name, return type, parameters as "type name",
// flags.
type testFunc struct {
	name   string
	ret    btf.ID
	params string
	addr   uint64
	flags  dwarfconv.FuncFlags
	tags   string
}

// unitOf makes a unit of functions whose local ids are the canonical ones.
func unitOf(strs *btf.Strings, funcs []testFunc) *dwarfconv.Unit {
	u := &dwarfconv.Unit{}
	for _, f := range funcs {
		d := dwarfconv.Func{
			Name: strs.Intern([]byte(f.name)), Ret: f.ret, First: int32(len(u.Params)), Addr: f.addr, HasAddr: f.addr != 0,
			Flags: f.flags, TagFirst: int32(len(u.Tags)),
		}
		for p := range strings.SplitSeq(f.params, ",") {
			var typ btf.ID
			var name string
			if p == "..." {
				d.Variadic = true
			} else if n, _ := fmt.Sscan(p, &typ, &name); n == 2 {
				u.Params = append(u.Params, dwarfconv.Param{Name: strs.Intern([]byte(name)), Type: typ})
				d.N++
			}
		}
		for tag := range strings.FieldsSeq(f.tags) {
			u.Tags = append(u.Tags, dwarfconv.Tag{Value: strs.Intern([]byte(tag)), Component: d.TagN - 1})
			d.TagN++
		}
		u.Funcs = append(u.Funcs, d)
	}
	return u
}

func identity(n int) []btf.ID {
	ids := make([]btf.ID, n)
	for i := range ids {
		ids[i] = btf.ID(i)
	}
	return ids
}

func TestChooseFunctions(t *testing.T) {
	const optimized = dwarfconv.FuncOptimizedParams
	// The last symbol of a file is special; zz keeps the others from it.
	withLast := func(syms ...testSym) []testSym { return append(syms, fn("zz", 1<<20)) }
	head := DefaultFeatures().FuncPolicy()
	for _, c := range []struct {
		name  string
		typ   elf.Type // ET_EXEC where 0
		syms  []testSym
		units [][]testFunc
		want  string
		v124  bool
	}{
		{name: "one definition",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f", ret: 1, params: "1 a,2 b", addr: 0x10, tags: "whole first"}}},
			want:  "FUNC f 1(1 a, 2 b) linkage=0\nTAG whole f@-1\nTAG first f@0\n"},
		{name: "varargs",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f", params: "1 a,..."}}},
			want:  "FUNC f 0(1 a, 0) linkage=0\n"},
		{name: "no symbol",
			syms:  withLast(),
			units: [][]testFunc{{{name: "f"}}}},
		{name: "no symbol table",
			units: [][]testFunc{{{name: "f"}}}},
		{name: "unnamed parameter",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f", flags: dwarfconv.FuncUnnamedParam}}},
			want:  "skip f: parameter without name\n"},
		{name: "unnamed in one unit only",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f", flags: dwarfconv.FuncUnnamedParam}}, {{name: "f", ret: 2}}},
			want:  "FUNC f 2() linkage=0\n"},
		{name: "no identifier",
			syms:  withLast(fn("f$g", 0x10)),
			units: [][]testFunc{{{name: "f$g"}}},
			want:  "skip f$g: name is no identifier\n"},
		{name: "in the order of names",
			syms:  withLast(fn("c", 3), fn("a", 1), fn("b", 2)),
			units: [][]testFunc{{{name: "b"}, {name: "c"}}, {{name: "a"}}},
			want:  "FUNC a 0() linkage=0\nFUNC b 0() linkage=0\nFUNC c 0() linkage=0\n"},
		{name: "equal but for names and const",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f", params: "4 a"}}, {{name: "f", params: "5 b"}}},
			want:  "FUNC f 0(4 a) linkage=0\n"},
		{name: "different prototypes",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f", params: "4 a"}}, {{name: "f", params: "4 a"}}, {{name: "f", params: "2 a"}}},
			want:  "skip f: definitions with different prototypes\n"},
		{name: "different return types",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f", ret: 1}}, {{name: "f"}}},
			want:  "skip f: definitions with different prototypes\n"},
		{name: "different prototypes, wrong register: not compared",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f", ret: 1}}, {{name: "f", flags: dwarfconv.FuncUnexpectedReg}}},
			want:  "skip f: parameter in an unexpected register\n"},
		{name: "uncertain place beats prototypes",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f", ret: 1}}, {{name: "f", flags: dwarfconv.FuncUncertainLoc}}},
			want:  "skip f: uncertain place of a parameter (packed struct on the stack)\n"},
		{name: "reordered in one unit",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f"}}, {{name: "f", flags: dwarfconv.FuncReorderedParams}}},
			want:  "skip f: reordered parameters\n"},
		{name: "several addresses",
			syms:  withLast(fn("f", 0x10), fn("f", 0x20)),
			units: [][]testFunc{{{name: "f", flags: dwarfconv.FuncReorderedParams}}},
			want:  "skip f: several addresses\n"},
		{name: "optimized parameters, and the symbol says so",
			syms:  withLast(fn("f.isra.0", 0x10)),
			units: [][]testFunc{{{name: "f", addr: 0x10, flags: optimized}}},
			want:  "skip f: optimized parameters\n"},
		{name: "optimized parameters in a module: no symbol is compared", typ: elf.ET_REL,
			syms:  withLast(fn("f.isra.0", 0x10)),
			units: [][]testFunc{{{name: "f", addr: 0x10, flags: optimized}}},
			want:  "FUNC f 0() linkage=0\n"},
		{name: "optimized parameters, callers do not care",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f", addr: 0x10, flags: optimized}}},
			want:  "FUNC f 0() linkage=0\n"},
		{name: "optimized parameters, clang says so",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f", addr: 0x10, flags: optimized | dwarfconv.FuncSignatureChanged}}},
			want:  "skip f: optimized parameters\n"},
		{name: "changed signature with all parameters",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f", addr: 0x10, flags: dwarfconv.FuncSignatureChanged}}},
			want:  "FUNC f 0() linkage=0\n"},
		{name: "the strong definition is at the symbol",
			syms:  withLast(fn("f", 0x10)),
			units: [][]testFunc{{{name: "f", params: "1 weak", addr: 0x90}}, {{name: "f", params: "1 strong", addr: 0x10}}},
			want:  "FUNC f 0(1 strong) linkage=0\n"},
		{name: "the intact copy is preferred",
			syms: withLast(fn("f.isra.0", 0x10), fn("f", 0x10)),
			units: [][]testFunc{
				{{name: "f", params: "1 gone", addr: 0x10, flags: optimized}},
				{{name: "f", params: "1 kept", addr: 0x10}},
			},
			want: "FUNC f 0(1 kept) linkage=0\n"},
		{name: "the last name may have several addresses",
			syms:  []testSym{fn("f", 0x10), fn("f", 0x20)},
			units: [][]testFunc{{{name: "f"}}},
			want:  "FUNC f 0() linkage=0\n"},

		{name: "1.24: the first definition wins", v124: true,
			syms: []testSym{fn("f", 0x10), fn("f", 0x20), fn("g", 0x30)},
			units: [][]testFunc{
				{{name: "f", params: "1 a", flags: dwarfconv.FuncUnexpectedReg | dwarfconv.FuncReorderedParams}},
				{{name: "f", params: "2 b"}, {name: "g"}},
			},
			want: "FUNC f 0(1 a) linkage=0\nFUNC g 0() linkage=0\n"},
		{name: "1.24: no suffixes", v124: true,
			syms:  []testSym{fn("f.isra.0", 0x10)},
			units: [][]testFunc{{{name: "f"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := newFakeStore(t, testTypes)
			typ, policy := c.typ, head
			if typ == 0 {
				typ = elf.ET_EXEC
			}
			if c.v124 {
				policy = Pahole124().FuncPolicy()
			}
			syms := newSymbols()
			if err := syms.read(buildELF(t, typ, binary.LittleEndian, []testSec{{".text", 0, make([]byte, 8)}}, c.syms), policy); err != nil {
				t.Fatal(err)
			}
			fs := newFunctions()
			fs.reset(policy, syms, store.strs)
			for _, u := range c.units {
				fs.addUnit(unitOf(store.strs, u), identity(store.b.NumTypes()))
			}
			if err := fs.emit(store); err != nil {
				t.Fatal(err)
			}
			for _, s := range fs.skips {
				fmt.Fprintf(&store.out, "skip %s: %s\n", s.Name, s.Reason)
			}
			if got := store.out.String(); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestInconsistentAllowed: without consistent_func the first definition stands.
func TestInconsistentAllowed(t *testing.T) {
	store := newFakeStore(t, testTypes)
	syms := newSymbols()
	syms.addFunc(&elfio.Symbol{Name: []byte("f"), Value: 0x10, Section: 1}, true)
	syms.finish()
	fs := newFunctions()
	fs.reset(FuncPolicy{}, syms, store.strs)
	fs.addUnit(unitOf(store.strs, []testFunc{{name: "f", ret: 1, tags: "dropped"}, {name: "f", ret: 2}}), identity(store.b.NumTypes()))
	if err := fs.emit(store); err != nil {
		t.Fatal(err)
	}
	if got, want := store.out.String(), "FUNC f 1() linkage=0\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestExternalWithoutSymbols: pahole 1.24 takes external functions where the
// file has no function symbols.
func TestExternalWithoutSymbols(t *testing.T) {
	store := newFakeStore(t, testTypes)
	fs := newFunctions()
	fs.reset(Pahole124().FuncPolicy(), newSymbols(), store.strs)
	u := unitOf(store.strs, []testFunc{{name: "f"}, {name: "g"}})
	u.Funcs[1].External = true
	fs.addUnit(u, identity(store.b.NumTypes()))
	if err := fs.emit(store); err != nil {
		t.Fatal(err)
	}
	if got, want := store.out.String(), "FUNC g 0() linkage=0\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEmitKfuncs(t *testing.T) {
	store := newFakeStore(t, testTypes)
	syms := newSymbols()
	for _, name := range []string{"a", "b", "c"} {
		syms.addFunc(&elfio.Symbol{Name: []byte(name), Value: 0x10, Section: 1}, true)
	}
	syms.finish()
	syms.groups[0].kfunc = true
	syms.groups[1].kfunc, syms.groups[1].kflags = true, btfids.FlagFastcall|1
	fs := newFunctions()
	fs.reset(DefaultFeatures().FuncPolicy(), syms, store.strs)
	fs.addUnit(unitOf(store.strs, []testFunc{{name: "a", tags: "own"}, {name: "b"}, {name: "c"}}), identity(store.b.NumTypes()))
	if err := fs.emit(store); err != nil {
		t.Fatal(err)
	}
	const want = `FUNC a 0() linkage=0
TAG own a@-1
TAG bpf_kfunc a@-1
FUNC b 0() linkage=0
TAG bpf_kfunc b@-1
TAG bpf_fastcall b@-1
FUNC c 0() linkage=0
`
	if got := store.out.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	store.fail = fmt.Errorf("full")
	if err := fs.emit(store); err != store.fail {
		t.Errorf("got error %v, want the store's", err)
	}
}

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{
		"": false, "a": true, "_a1": true, ".a.b": true, "1a": false, "a-b": false, "a$": false, "é": false, "a b": false,
		strings.Repeat("x", 127): true, strings.Repeat("x", 128): false,
	} {
		if got := validName([]byte(name)); got != want {
			t.Errorf("validName(%q) = %v", name, got)
		}
	}
}

func TestReasonString(t *testing.T) {
	seen := map[string]bool{}
	for r := range numReasons {
		if s := r.String(); s == "" || seen[s] {
			t.Errorf("reason %d: %q", r, s)
		} else {
			seen[s] = true
		}
	}
	if got := numReasons.String(); got != fmt.Sprintf("reason %d", numReasons) {
		t.Errorf("got %q", got)
	}
}
