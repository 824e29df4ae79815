package encoder

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarfconv"
)

const varTypes = `
[1] INT 'int' size=4 encoding=SIGNED
[2] PTR '(anon)' type_id=0
[3] ARRAY '(anon)' type_id=9 index_type_id=1 nr_elems=5
[4] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=0
[5] STRUCT 's' size=24
	'a' type_id=3
[6] FWD 'f' fwd_kind=struct
[7] TYPEDEF 't' type_id=8
[8] CONST '(anon)' type_id=5
[9] VOLATILE '(anon)' type_id=7
[10] STRUCT 'empty' size=1
[11] ARRAY '(anon)' type_id=12 index_type_id=1 nr_elems=65536
[12] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=65536
[13] TYPEDEF 'loop' type_id=13
[14] FUNC_PROTO '(anon)' ret_type_id=0
[15] ENUM 'e' size=2
[16] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=1073741825
`

func TestSizeOf(t *testing.T) {
	store := newFakeStore(t, varTypes)
	for id, want := range map[btf.ID]uint64{
		0: 0, 1: 4, 2: 8, 3: 120, 4: 0, 5: 24, 6: 0, 7: 24, 9: 24, 10: 0, 12: 1 << 18, 13: 0, 14: 8, 15: 2,
	} {
		if got := sizeOf(store, id, 8); got != want {
			t.Errorf("sizeOf(%d) = %d, want %d", id, got, want)
		}
	}
	if got := sizeOf(store, 11, 8); got <= math.MaxUint32 {
		t.Errorf("an array of 16 GiB has size %d", got)
	}
}

// testVar is a variable of DWARF: name, type, address, which in a relocatable
// file counts from the beginning of section sec, .data..percpu where that is
// empty.
type testVar struct {
	name     string
	typ      btf.ID
	sec      string
	addr     uint64
	external bool
	declared bool
	tags     string
}

// varUnit makes a unit of variables.
func varUnit(strs *btf.Strings, vars ...testVar) *dwarfconv.Unit {
	u := &dwarfconv.Unit{}
	for _, v := range vars {
		d := dwarfconv.Var{Name: strs.Intern([]byte(v.name)), Type: v.typ, Addr: v.addr, External: v.external, Declared: v.declared, TagFirst: int32(len(u.Tags))}
		for tag := range strings.FieldsSeq(v.tags) {
			u.Tags = append(u.Tags, dwarfconv.Tag{Value: strs.Intern([]byte(tag)), Component: -1})
			d.TagN++
		}
		u.Vars = append(u.Vars, d)
	}
	return u
}

func TestVariables(t *testing.T) {
	obj := func(name string, value, size uint64) testSym {
		return testSym{name: name, sec: percpuSection, value: value, size: size, typ: elf.STT_OBJECT}
	}
	all := DefaultFeatures()
	strict := Features{set: FeatureVar}
	for _, c := range []struct {
		name     string
		typ      elf.Type
		addr     uint64 // of the section
		features Features
		syms     []testSym
		vars     []testVar
		want     string
	}{
		{name: "vmlinux: by address, in order of offset", typ: elf.ET_EXEC, addr: 0x1000, features: all,
			syms: []testSym{obj("zero", 0x1000, 4)},
			vars: []testVar{
				{name: "late", typ: 5, addr: 0x1020, external: true, tags: "mine"},
				{name: "zero", typ: 1, addr: 0x1000},
				{name: "below", typ: 1, addr: 0xffc},
				{name: "above", typ: 1, addr: 0x1100},
				{name: "early", typ: 2, addr: 0x1008},
			},
			want: `VAR late 5 linkage=1
TAG mine late@-1
VAR zero 1 linkage=0
VAR early 2 linkage=0
DATASEC .data..percpu size=56
	zero offset=0 size=4
	early offset=8 size=8
	late offset=32 size=24
`},
		{name: "offset 0 needs a symbol", typ: elf.ET_EXEC, features: all,
			syms: []testSym{obj("other", 0, 4)},
			vars: []testVar{{name: "discarded", typ: 1}, {name: "other", typ: 1}},
			want: "VAR other 1 linkage=0\nDATASEC .data..percpu size=4\n\tother offset=0 size=4\n"},
		{name: "module: the address tells the section", typ: elf.ET_REL, features: all,
			syms: []testSym{obj("mine", 0, 4)},
			vars: []testVar{{name: "data", typ: 1, sec: ".data", addr: 0x10}, {name: "mine", typ: 1, addr: 0x10}, {name: "mine", typ: 1}},
			want: `VAR mine 1 linkage=0
VAR mine 1 linkage=0
DATASEC .data..percpu size=20
	mine offset=0 size=4
	mine offset=16 size=4
`},
		{name: "made up names, no name, no size", typ: elf.ET_EXEC, features: all,
			vars: []testVar{
				{name: "__UNIQUE_ID_x1", typ: 1, addr: 4}, {name: "__tpstrtab_x", typ: 1, addr: 4}, {name: "__exitcall_x", typ: 1, addr: 4},
				{name: "__gendwarfksyms_ptr_x", typ: 1, addr: 4}, {name: "__func_stack_frame_non_standard_x", typ: 1, addr: 4},
				{name: "", typ: 1, addr: 4}, {name: "flexible", typ: 4, addr: 4}, {name: "unknown", typ: 6, addr: 4},
				{name: "huge", typ: 11, addr: 4},
			}},
		{name: "bad name, by force", typ: elf.ET_EXEC, features: all,
			vars: []testVar{{name: "a$b", typ: 1, addr: 4}, {name: "typeless", addr: 4}, {name: "good", typ: 1, addr: 8}},
			want: "VAR good 1 linkage=0\nDATASEC .data..percpu size=12\n\tgood offset=8 size=4\n"},
		{name: "bad name", typ: elf.ET_EXEC, features: strict,
			vars: []testVar{{name: "a$b", typ: 1, addr: 4}, {name: "good", typ: 1, addr: 8}},
			want: "error: section .data..percpu: name of variable \"a$b\" is no identifier"},
		{name: "no type", typ: elf.ET_EXEC, features: strict,
			vars: []testVar{{name: "typeless", addr: 4}},
			want: "error: section .data..percpu: variable \"typeless\" has no type"},
		{name: "not asked for", typ: elf.ET_EXEC, features: Features{},
			vars: []testVar{{name: "good", typ: 1, addr: 8}}},

		{name: "weak and strong at one address", typ: elf.ET_EXEC, addr: 0x1000, features: all,
			vars: []testVar{
				{name: "weak", typ: 1, addr: 0x1010}, {name: "inside", typ: 1, addr: 0x100a}, {name: "big", typ: 5, addr: 0x1008},
				{name: "next", typ: 1, addr: 0x1020}, {name: "next", typ: 5, addr: 0x1020},
			},
			want: `VAR big 5 linkage=0
VAR next 1 linkage=0
DATASEC .data..percpu size=36
	big offset=8 size=24
	next offset=32 size=4
`},

		{name: "global_var: every section, in their order", typ: elf.ET_REL, features: Features{set: FeatureGlobalVar},
			syms: []testSym{
				obj("zero", 0, 4),
				{name: "first", sec: ".data", size: 4, typ: elf.STT_OBJECT}, {name: "elsewhere", sec: ".data", value: 4, size: 4, typ: elf.STT_OBJECT},
			},
			vars: []testVar{
				{name: "zero", typ: 1}, {name: "discarded", typ: 1},
				{name: "second", typ: 5, sec: ".data", addr: 0x20, external: true}, {name: "first", typ: 1, sec: ".data"},
				{name: "elsewhere", typ: 1, sec: ".data"}, {name: "zero", typ: 1, sec: ".data"},
				{name: "__UNIQUE_ID_x1", typ: 1, sec: ".data", addr: 0x40},
			},
			want: `VAR zero 1 linkage=0
VAR second 5 linkage=1
VAR first 1 linkage=0
DATASEC .data size=56
	first offset=0 size=4
	second offset=32 size=24
DATASEC .data..percpu size=4
	zero offset=0 size=4
`},
		{name: "global_var: a bad name", typ: elf.ET_REL, features: Features{set: FeatureGlobalVar},
			vars: []testVar{{name: "a$b", typ: 1, sec: ".data", addr: 4}},
			want: "error: section .data: name of variable \"a$b\" is no identifier"},
		{name: "global_var: notes are taken for .debug_info", typ: elf.ET_REL, features: Features{set: FeatureGlobalVar},
			vars: []testVar{{name: "_note_18", typ: 1, sec: ".note.Linux", addr: 4}},
			want: "VAR _note_18 1 linkage=0\nDATASEC .debug_info size=66056\n\t_note_18 offset=66052 size=4\n"},
		{name: "global_var: linked, an address in no section", typ: elf.ET_EXEC, addr: 0x30000, features: Features{set: FeatureGlobalVar},
			vars: []testVar{{name: "nowhere", typ: 1, addr: 0x40000}, {name: "here", typ: 1, addr: 0x30008}},
			want: "VAR here 1 linkage=0\nDATASEC .data..percpu size=12\n\there offset=8 size=4\n"},

		{name: "1.24: names and sizes of symbols", typ: elf.ET_REL, features: Pahole124(),
			syms: []testSym{obj("seq.12", 0x10, 64), obj("seq", 0x58, 0), obj("seq", 0x60, 4)},
			vars: []testVar{{name: "seq", typ: 1, addr: 0x10}, {name: "seq", typ: 1, addr: 0x58}, {name: "seq", typ: 1, addr: 0x60, external: true}},
			want: `VAR seq.12 1 linkage=0
VAR seq 1 linkage=1
DATASEC .data..percpu size=100
	seq.12 offset=16 size=64
	seq offset=96 size=4
`},
		{name: "1.24: no symbol", typ: elf.ET_EXEC, features: Pahole124(),
			vars: []testVar{{name: "a", typ: 1, addr: 0x10}}},
		{name: "1.24: address 0", typ: elf.ET_EXEC, features: Pahole124(),
			syms: []testSym{obj("first", 0, 4)},
			vars: []testVar{{name: "first", typ: 1, external: true, declared: true}, {name: "discarded", typ: 1}, {name: "first", typ: 1}},
			want: "VAR first 1 linkage=0\nDATASEC .data..percpu size=4\n\tfirst offset=0 size=4\n"},
		{name: "1.24: address 0 of clang", typ: elf.ET_EXEC, features: Pahole124(),
			syms: []testSym{obj("first", 0, 4)},
			vars: []testVar{{name: "first", typ: 1, external: true}},
			want: "VAR first 1 linkage=1\nDATASEC .data..percpu size=4\n\tfirst offset=0 size=4\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := newFakeStore(t, varTypes)
			f := buildELF(t, c.typ, binary.LittleEndian, []testSec{
				{".data", 0x5000, make([]byte, 0x100)},
				{percpuSection, c.addr, make([]byte, 0x100)},
				{".note.Linux", 0x6000, make([]byte, 0x10)},
				{".debug_line", 0, make([]byte, 0x200)},
				{".debug_info", 0, make([]byte, 0x20000)},
			}, c.syms)
			f.Layout()
			syms := newSymbols()
			syms.everySection = c.features.Has(FeatureGlobalVar)
			if err := syms.read(f, c.features.FuncPolicy()); err != nil {
				t.Fatal(err)
			}
			vs := newVariables()
			vs.reset(c.features, syms, store.strs, addrSize(f))
			if c.typ == elf.ET_REL {
				for i, v := range c.vars {
					c.vars[i].addr += f.Addr(f.Index(cmp.Or(v.sec, percpuSection)))
				}
			}
			vs.addUnit(varUnit(store.strs, c.vars...), identity(store.b.NumTypes()))
			if err := vs.emit(store); err != nil {
				store.out.WriteString("error: " + err.Error())
			}
			if got := store.out.String(); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
