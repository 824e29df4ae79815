package encoder

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btfids"
	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/elfio"
)

func TestChangedFunctions(t *testing.T) {
	const (
		gone      = dwarfconv.FuncOptimizedParams
		reordered = dwarfconv.FuncReorderedParams
		wrongReg  = dwarfconv.FuncUnexpectedReg
		changed   = dwarfconv.FuncSignatureChanged
	)
	long := "f.isra." + strings.Repeat("0", maxName)
	for _, c := range []struct {
		name  string
		typ   elf.Type // ET_EXEC where 0
		syms  []testSym
		units [][]testFunc
		want  string // "" where it is as without the feature
		plain string // without the feature
	}{
		{name: "by the name of its symbol",
			syms:  []testSym{fn("f.isra.0", 0x10)},
			units: [][]testFunc{{{name: "f", params: "1 b", addr: 0x10, flags: reordered | gone, tags: "whole"}}},
			want:  "FUNC f.isra.0 0(1 b) linkage=0\nTAG whole f.isra.0@-1\n",
			plain: "skip f: optimized parameters\n"},
		{name: "the concrete instance behind the abstract one",
			syms:  []testSym{fn("f.constprop.0", 0x10)},
			units: [][]testFunc{{{name: "f", params: "1 a,1 b"}, {name: "f", params: "1 b", addr: 0x10, flags: reordered}}},
			want:  "FUNC f.constprop.0 0(1 b) linkage=0\n",
			plain: "skip f: reordered parameters\n"},
		{name: "any suffix but those of parts",
			syms:  []testSym{fn("f.llvm.77", 0x10), fn("g.cold", 0x20)},
			units: [][]testFunc{{{name: "f", addr: 0x10}, {name: "g", addr: 0x20}}},
			want:  "FUNC f.llvm.77 0() linkage=0\n",
			plain: "FUNC f 0() linkage=0\n"},
		{name: "in a wrong register",
			syms:  []testSym{fn("f.isra.0", 0x10)},
			units: [][]testFunc{{{name: "f", params: "1 b", addr: 0x10, flags: wrongReg}}},
			plain: "skip f: parameter in an unexpected register\n"},
		{name: "uncertain place",
			syms:  []testSym{fn("f.isra.0", 0x10)},
			units: [][]testFunc{{{name: "f", addr: 0x10, flags: dwarfconv.FuncUncertainLoc}}},
			plain: "skip f: uncertain place of a parameter (packed struct on the stack)\n"},
		{name: "a wrong register of a definition before",
			syms:  []testSym{fn("f.isra.0", 0x10)},
			units: [][]testFunc{{{name: "f", flags: wrongReg}}, {{name: "f", addr: 0x10}}},
			plain: "skip f: parameter in an unexpected register\n"},
		{name: "a wrong register of a definition behind the first",
			syms:  []testSym{fn("f.isra.0", 0x10)},
			units: [][]testFunc{{{name: "f", addr: 0x10}}, {{name: "f", flags: wrongReg}}},
			plain: "skip f: parameter in an unexpected register\n"},
		{name: "a wrong register of a definition behind another",
			syms:  []testSym{fn("f.isra.0", 0x10)},
			units: [][]testFunc{{{name: "f"}}, {{name: "f", addr: 0x10}}, {{name: "f", flags: wrongReg}}},
			want:  "FUNC f.isra.0 0() linkage=0\n",
			plain: "skip f: parameter in an unexpected register\n"},
		{name: "prototypes differ, as they must",
			syms:  []testSym{fn("f.isra.0", 0x10)},
			units: [][]testFunc{{{name: "f", params: "1 a,1 b"}}, {{name: "f", params: "1 a", addr: 0x10}}},
			want:  "FUNC f.isra.0 0(1 a) linkage=0\n",
			plain: "skip f: definitions with different prototypes\n"},
		{name: "several addresses, each with a name",
			syms:  []testSym{fn("f", 0x20), fn("f.isra.0", 0x10), fn("zz", 1)},
			units: [][]testFunc{{{name: "f", params: "1 a", addr: 0x20}, {name: "f", params: "1 a", addr: 0x10}}},
			want:  "FUNC f.isra.0 0(1 a) linkage=0\n",
			plain: "skip f: several addresses\n"},
		{name: "the first suffix at the address",
			syms:  []testSym{fn("f", 0x10), fn("f.isra.0", 0x10), fn("f.isra.1", 0x10)},
			units: [][]testFunc{{{name: "f", addr: 0x10}}},
			want:  "FUNC f.isra.0 0() linkage=0\n",
			plain: "FUNC f 0() linkage=0\n"},
		{name: "a symbol that no kernel takes for a name",
			syms:  []testSym{fn(long, 0x10)},
			units: [][]testFunc{{{name: "f", addr: 0x10}}},
			want:  "skip f: name is no identifier\n",
			plain: "FUNC f 0() linkage=0\n"},
		{name: "no suffix: clang's changed signature",
			syms:  []testSym{fn("f", 0x10)},
			units: [][]testFunc{{{name: "f", params: "1 b", addr: 0x10, flags: gone | changed}}},
			want:  "FUNC f 0(1 b) linkage=0\n",
			plain: "skip f: optimized parameters\n"},
		{name: "no suffix: the rules hold as ever",
			syms:  []testSym{fn("f", 0x10)},
			units: [][]testFunc{{{name: "f", addr: 0x10, flags: reordered}}},
			plain: "skip f: reordered parameters\n"},
		{name: "a module's function at offset 0: the abstract instance, which has no address, is not taken for it", typ: elf.ET_REL,
			syms:  []testSym{fn("f", 0)},
			units: [][]testFunc{{{name: "f", params: "1 b", flags: gone | changed}, {name: "f", params: "1 a,1 b"}}},
			want:  "skip f: definitions with different prototypes\n",
			plain: "skip f: optimized parameters\n"},
		{name: "a module: no symbol is compared", typ: elf.ET_REL,
			syms:  []testSym{fn("f.isra.0", 0x10)},
			units: [][]testFunc{{{name: "f", params: "1 a", addr: 0x10}}},
			plain: "FUNC f 0(1 a) linkage=0\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			typ := c.typ
			if typ == 0 {
				typ = elf.ET_EXEC
			}
			if c.want == "" {
				c.want = c.plain
			}
			for _, on := range []bool{true, false} {
				policy, want := DefaultFeatures().FuncPolicy(), c.plain
				if on {
					policy.TrueSignature, want = true, c.want
				}
				store, syms := newFakeStore(t, testTypes), newSymbols()
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
				if got := store.out.String(); got != want {
					t.Errorf("feature %v: got\n%swant\n%s", on, got, want)
				}
			}
		})
	}
}

// TestMemberNames: a parameter of which a member is left is called by both,
// unless the kernel would refuse that name.
func TestMemberNames(t *testing.T) {
	store, syms := newFakeStore(t, testTypes), newSymbols()
	syms.addFunc(&elfio.Symbol{Name: []byte("f"), Value: 0x10, Section: 1}, true)
	syms.finish()
	fs := newFunctions()
	fs.reset(FuncPolicy{TrueSignature: true}, syms, store.strs)
	u := unitOf(store.strs, []testFunc{{name: "f", params: "1 pair,2 other,1 pair,4 " + strings.Repeat("x", maxName-2)}})
	u.Params[0].Member = store.strs.Intern([]byte("first"))
	u.Params[3].Member = u.Params[0].Member
	fs.addUnit(u, identity(store.b.NumTypes()))
	if err := fs.emit(store); err != nil {
		t.Fatal(err)
	}
	want := "FUNC f 0(1 pair__first, 2 other, 1 pair, 4 " + strings.Repeat("x", maxName-2) + ") linkage=0\n"
	if got := store.out.String(); got != want {
		t.Errorf("got %swant %s", got, want)
	}
}

// TestChangedKfunc: a kfunc is called by its own name, so that a changed copy
// of it is none.
func TestChangedKfunc(t *testing.T) {
	store, syms := newFakeStore(t, testTypes), newSymbols()
	syms.full = true
	syms.addFunc(&elfio.Symbol{Name: []byte("f.isra.0"), Value: 0x10, Section: 1}, true)
	syms.finish()
	syms.groups[0].kfunc, syms.groups[0].kflags = true, btfids.FlagFastcall|btfids.FlagArenaRet
	fs := newFunctions()
	fs.reset(FuncPolicy{TrueSignature: true, Attributes: true, Kfuncs: true, DeclTags: true}, syms, store.strs)
	fs.addUnit(unitOf(store.strs, []testFunc{{name: "f", ret: 4, addr: 0x10}}), identity(store.b.NumTypes()))
	if err := fs.emit(store); err != nil {
		t.Fatal(err)
	}
	if got, want := store.out.String(), "FUNC f.isra.0 4() linkage=0\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestArenaErrors: flags that do not fit the prototype are an error, as they
// are to pahole; BTF would say something else than the kernel does.
func TestArenaErrors(t *testing.T) {
	for _, c := range []struct {
		ret    btf.ID
		params string
		flags  uint32
		want   string
	}{
		{4, "4 a,9 b", btfids.FlagArenaRet | btfids.FlagArenaArg1 | btfids.FlagArenaArg2, ""},
		{4, "1 a", 0, ""},
		{0, "", btfids.FlagArenaRet, "kfunc f with KF_ARENA_RET: return value is void, not a pointer"},
		{12, "", btfids.FlagArenaRet, "kfunc f with KF_ARENA_RET: return value is TYPEDEF, not a pointer"},
		{4, "2 a", btfids.FlagArenaRet | btfids.FlagArenaArg1, "kfunc f with KF_ARENA_ARG1: parameter is INT, not a pointer"},
		{4, "4 a", btfids.FlagArenaArg2, "kfunc f with KF_ARENA_ARG2: there is no such parameter"},
		{4, "4 a,...", btfids.FlagArenaArg2, "kfunc f with KF_ARENA_ARG2: parameter is void, not a pointer"},
	} {
		store, syms := newFakeStore(t, testTypes), newSymbols()
		syms.addFunc(&elfio.Symbol{Name: []byte("f"), Value: 0x10, Section: 1}, true)
		syms.finish()
		syms.groups[0].kfunc, syms.groups[0].kflags = true, c.flags
		for _, on := range []bool{true, false} {
			fs := newFunctions()
			fs.reset(FuncPolicy{Attributes: on, Kfuncs: true}, syms, store.strs)
			fs.addUnit(unitOf(store.strs, []testFunc{{name: "f", ret: c.ret, params: c.params}}), identity(store.b.NumTypes()))
			got := ""
			if err := fs.emit(store); err != nil {
				got = err.Error()
			}
			if on && got != c.want || !on && got != "" {
				t.Errorf("%d(%s) %#x, feature %v: error %q, want %q", c.ret, c.params, c.flags, on, got, c.want)
			}
		}
	}
}
