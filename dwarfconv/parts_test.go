// SPDX-License-Identifier: BSD-2-Clause

package dwarfconv

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

// convertSections returns the conversion of all units, as text, and the counts.
func convertSections(t *testing.T, sec *Sections, opts Options) (string, Stats, error) {
	t.Helper()
	strs, c := btf.NewStrings(nil), NewConverter()
	if err := c.Reset(sec, strs, opts); err != nil {
		return "", Stats{}, err
	}
	var sb strings.Builder
	for {
		u, err := c.Next()
		if u == nil || err != nil {
			return sb.String(), c.Stats(), err
		}
		sb.WriteString(textOf(t, u, strs))
	}
}

// TestReach: a partial unit is a part of what imports it.
func TestReach(t *testing.T) {
	const text = `
		unit v4
		rust: partial_unit
		  structure_type name="Vec<u8>" byte_size=4
		unit v4
		list: partial_unit
		  structure_type name="list_head" byte_size=4
		unit v4
		both: partial_unit
		  imported_unit import=ref_addr:list
		  structure_type name="both" byte_size=4
		unit v4
		compile_unit language=28
		  imported_unit import=ref_addr:rust
		  imported_unit import=ref_addr:both
		  structure_type name="(u8, u8)" byte_size=2
		unit v4
		compile_unit language=12
		  imported_unit import=ref_addr:both
		  structure_type name="c" byte_size=4
	`
	rustless, onlyRust := all, all
	rustless.LangExclude = []dwarf.Lang{dwarf.LangRust}
	onlyRust.LangOnly = []dwarf.Lang{dwarf.LangRust}
	for _, test := range []struct {
		name string
		opts Options
		want string
	}{
		{"all", all, "Vec_u8_ list_head both _u8__u8_ c"},
		{"C", rustless, "list_head both c"},
		{"Rust", onlyRust, "Vec_u8_ list_head both _u8__u8_"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _, err := convertSections(t, sectionsOf(dwarftest.Build(t, dwarftest.Options{}, text)), test.opts)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(structNames(got), " "); got != test.want {
				t.Errorf("structs %s, want %s", got, test.want)
			}
		})
	}
}

func structNames(text string) (names []string) {
	for line := range strings.Lines(text) {
		if _, rest, ok := strings.Cut(line, "STRUCT '"); ok {
			name, _, _ := strings.Cut(rest, "'")
			names = append(names, strings.ReplaceAll(name, ", ", "_"))
		}
	}
	return names
}

const typeUnit = `
	unit
	compile_unit language=12
	  pointer_type type=ref_sig8:0x1122334455667788
	  structure_type declaration signature=ref_sig8:0x1122334455667788
	  structure_type name="holder" byte_size=4
	    member name="s" type=decl data_member_location=0
	  decl: structure_type declaration signature=ref_sig8:0x1122334455667788
	unit type
	cut: type_unit language=12
	  sig: structure_type name="s" byte_size=4
	    member name="a" type=i data_member_location=0
	  i: base_type name="int" byte_size=4 encoding=5
`

const typeUnitWant = `[1] PTR '(anon)' type_id=3
[2] STRUCT 'holder' size=4 vlen=1
	's' type_id=3 bits_offset=0
[3] STRUCT 's' size=4 vlen=1
	'a' type_id=4 bits_offset=0
[4] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
`

// TestTypeUnits: a type is where its signature is, in .debug_types too.
func TestTypeUnits(t *testing.T) {
	for _, version := range []int{4, 5} {
		b := dwarftest.Build(t, dwarftest.Options{Version: version}, typeUnit)
		sec := sectionsOf(b)
		if version == 4 {
			cut := b.Label["cut"] - 23 // the header
			sec.Info, sec.Types = b.Info[:cut:cut], b.Info[cut:]
		}
		got, _, err := convertSections(t, sec, all)
		if err != nil || got != typeUnitWant {
			t.Errorf("version %d: %v\n%s", version, err, got)
		}
	}
}

// TestTypeUnitErrors: errors name the section and count from its start.
func TestTypeUnitErrors(t *testing.T) {
	b := dwarftest.Build(t, dwarftest.Options{Version: 4}, typeUnit)
	cut := b.Label["cut"] - 23
	for _, test := range []struct {
		name   string
		change func(types []byte)
		want   string
	}{
		{"no abbreviation", func(types []byte) { types[b.Label["i"]-cut] = 0x7f }, ".debug_types: offset 0x"},
		{"type outside", func(types []byte) { types[19] = 0xff }, ".debug_types: offset 0x13: type at 0xff of a unit of 0x"},
		{"cut short", func(types []byte) { types[0] = 0xff }, ".debug_types: offset 0x0: unit of 0xff bytes, "},
		{"other signature", func(types []byte) { types[11]++ }, ".debug_info: offset 0x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sec := sectionsOf(b)
			sec.Info, sec.Types = b.Info[:cut:cut], append([]byte(nil), b.Info[cut:]...)
			test.change(sec.Types)
			if _, _, err := convertSections(t, sec, all); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// TestSupplement: units, references and strings of a supplementary file, of
// which only what the module imports or refers to is taken.
func TestSupplement(t *testing.T) {
	sup := dwarftest.Build(t, dwarftest.Options{Version: 5}, `
		unit v5 partial
		partial_unit
		  structure_type name="of another module" byte_size=4
		unit v5 partial
		partial_unit
		  i: base_type name=strp:"number" byte_size=4 encoding=5
		unit v5 partial
		root: partial_unit
		  s: structure_type name=strp:"shared" byte_size=4
		    member name=strp:"member" type=ref_addr:i data_member_location=0
	`)
	name := strings.Index(string(sup.Str), "member")
	main := dwarftest.Build(t, dwarftest.Options{Version: 4}, fmt.Sprintf(`
		unit
		compile_unit language=12
		  imported_unit import=GNU_ref_alt:%d
		  d: variable name=GNU_strp_alt:%d type=GNU_ref_alt:%d declaration external
		  pointer_type type=ref_sup4:%d
		  variable specification=d location=[03 00 00 00 00 00 00 00 10]
		  structure_type name=strp:"own" byte_size=4
	`, sup.Label["root"], name, sup.Label["s"], sup.Label["s"]))
	sec := sectionsOf(main)
	sec.Sup, sec.SupName = sectionsOf(sup), "x.debug"
	got, stats, err := convertSections(t, sec, all)
	want := `[1] PTR '(anon)' type_id=4
[2] STRUCT 'own' size=4 vlen=0
[3] INT 'number' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[4] STRUCT 'shared' size=4 vlen=1
	'member' type_id=3 bits_offset=0
var member type_id=4 addr=0x1000000000000000 external=true
`
	if err != nil || got != want {
		t.Errorf("%v\n%swant\n%s", err, got, want)
	}
	if stats.Units != 3 || stats.Excluded != 1 {
		t.Errorf("%d units and %d left out, want 3 and 1", stats.Units, stats.Excluded)
	}
	sec.Sup.Info = sec.Sup.Info[:len(sec.Sup.Info)-1]
	if _, _, err := convertSections(t, sec, all); err == nil || !strings.HasPrefix(err.Error(), "x.debug: .debug_info: offset 0x") {
		t.Errorf("error %v", err)
	}
}

// TestSplit: a skeleton stands for the unit with its ID, whose addresses are in
// the skeleton's table.
func TestSplit(t *testing.T) {
	for _, test := range []struct {
		name, skeleton, split string
	}{
		{"DWARF 5", `
			unit v5 skeleton
			skeleton_unit dwo_name="x.dwo" comp_dir="/tk" addr_base=sec_offset:8
			unit v5
			compile_unit language=12
			  subprogram name="whole" low_pc=addrx:0x77
		`, `
			unit v5 split
			compile_unit language=12
			  subprogram name=strx1:"f" low_pc=addrx:0x10
		`},
		{"GNU's DWARF 4", `
			unit v4
			compile_unit GNU_dwo_name="x.dwo" comp_dir="/tk" GNU_dwo_id=data8:1 GNU_addr_base=sec_offset:8
			unit v4
			compile_unit language=12
			  subprogram name="whole" low_pc=addr:0x77
		`, `
			unit v4
			compile_unit language=12 GNU_dwo_id=data8:1
			  subprogram name="f" low_pc=GNU_addr_index:0x10
		`},
	} {
		t.Run(test.name, func(t *testing.T) {
			sec := sectionsOf(dwarftest.Build(t, dwarftest.Options{}, test.skeleton))
			split := dwarftest.Build(t, dwarftest.Options{}, test.split)
			sec.Addr = append(make([]byte, 8), 0x40, 0, 0, 0, 0, 0, 0, 0)
			var asked []SplitRef
			closed := 0
			open := func(ref SplitRef) (*Sections, func(), error) {
				asked = append(asked, ref)
				s := sectionsOf(split)
				s.Split = true
				return s, func() { closed++ }, nil
			}
			sec.OpenSplit = open
			got, stats, err := convertSections(t, sec, all)
			if err != nil || !strings.Contains(got, "func f\n") || !strings.Contains(got, "func whole\n") {
				t.Errorf("%v\n%s", err, got)
			}
			if want := (SplitRef{"x.dwo", "/tk", 1}); len(asked) != 1 || asked[0] != want || closed != 1 {
				t.Errorf("asked for %v, %d closed", asked, closed)
			}
			if stats.Units != 2 || stats.Excluded != 0 {
				t.Errorf("%d units and %d left out, want 2 and 0", stats.Units, stats.Excluded)
			}
			sec.OpenSplit = nil
			if _, _, err := convertSections(t, sec, all); err == nil || !strings.Contains(err.Error(), "split DWARF is not read here") {
				t.Errorf("error %v", err)
			}
			sec.OpenSplit = func(SplitRef) (*Sections, func(), error) { return nil, nil, errors.New("gone") }
			if _, _, err := convertSections(t, sec, all); err == nil || err.Error() != "gone" {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestDeclarationsOfUnits: the name of a declaration is an index of its own
// unit's, whatever units come behind it.
func TestDeclarationsOfUnits(t *testing.T) {
	b := dwarftest.Build(t, dwarftest.Options{}, `
		unit v5
		compile_unit str_offsets_base=sec_offset:8
		  d: variable name=strx1:"declared" type=ref_addr:i declaration external
		  variable specification=d location=[03 00 00 00 00 00 00 00 10]
		unit v5
		compile_unit str_offsets_base=sec_offset:12
		  i: base_type name=strx1:"int" byte_size=4 encoding=5
		  base_type name=strx1:"long" byte_size=8 encoding=5
	`)
	b.StrOffsets = append(b.StrOffsets, 0, 0, 0, 0)
	got, _, err := convertSections(t, sectionsOf(b), all)
	if err != nil || !strings.Contains(got, "var declared ") {
		t.Errorf("%v\n%s", err, got)
	}
}

// TestGNUList: lists of .debug_loc.dwo have the kinds of entries of DWARF 5 and
// other lengths.
func TestGNUList(t *testing.T) {
	for _, test := range []struct {
		name string
		list string
		reg  int8
	}{
		{"base, start and length", "\x01\x05" + "\x03\x02\x10\x00\x00\x00\x01\x00\x55" + "\x00", 5},
		{"start and end", "\x02\x02\x83\x01\x01\x00\x54" + "\x00", 4},
		{"end", "\x00\x03\x02\x10\x00\x00\x00\x01\x00\x55", noReg},
		{"cut short", "\x03\x02\x10\x00\x00\x00\x02\x00\x55", noReg},
	} {
		l := locator{abi: ABI{AddrSize: 8}, order: dwarftestOrder, loc: []byte(test.list), gnuSplit: true, budget: 100}
		got := l.locate(&rawParam{form: locList}, &rawUnit{version: 4, addrSize: 8}, 4)
		if got.reg != test.reg {
			t.Errorf("%s: register %d, want %d", test.name, got.reg, test.reg)
		}
	}
}
