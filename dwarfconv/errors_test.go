package dwarfconv

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

func TestConvertErrors(t *testing.T) {
	for _, test := range []struct {
		name, text, want string
	}{
		{"reference out of the unit", `
			compile_unit
			  pointer_type type=ref4:0x7fffffff
		`, "reference 0x7fffffff leads out of the unit"},
		{"reference to a signature", `
			compile_unit
			  pointer_type type=ref_sig8:0x42
		`, "no unit has the type of signature 0x42"},
		{"supplementary file", `
			compile_unit
			  pointer_type type=ref_sup4:0x42
		`, "reference 0x42 to no DIE of a supplementary file"},
		{"supplementary file of dwz", `
			compile_unit
			  pointer_type type=GNU_ref_alt:0x42
		`, "reference 0x42 to no DIE of a supplementary file"},
		{"type is no reference", `
			compile_unit
			  pointer_type type=data4:5
		`, "should be a reference"},
		{"string index", `
			compile_unit str_offsets_base=sec_offset:0x100000
			  typedef name=strx:"t"
		`, "is outside .debug_str_offsets"},
		{"supplementary string", `
			compile_unit
			  typedef name=strp_sup:7
		`, "supplementary file's .debug_str offset 0x7 does not lead to a string"},
		{"string outside", `
			compile_unit
			  typedef name=strp:0x1000
		`, ".debug_str offset 0x1000 does not lead to a string"},
		{"string outside, in a run of members", `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="s" byte_size=12
			    member name=strp:"a" type=ref4:i data_member_location=data1:0
			    member name=strp:0x1000 type=ref4:i data_member_location=data1:4
			    member name=strp:"c" type=ref4:i data_member_location=data1:8
			  label name="more than eight bytes"
		`, "offset 0x2c: .debug_str offset 0x1000 does not lead to a string"},
		{"member far away, in a run of members", `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="s" byte_size=12
			    member name=strp:"a" type=ref4:i data_member_location=data1:0
			    member name=strp:"b" type=ref4:i data_member_location=data4:0x40000000
			    member name=strp:"c" type=ref4:i data_member_location=data1:8
			  label name="more than eight bytes"
		`, "offset 0x2f: member at bit 0x200000000 is beyond"},
		{"reference outside, in a run of members", `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="s" byte_size=12
			    member name=strp:"a" type=ref4:i data_member_location=data1:0
			    member name=strp:"b" type=ref4:0x7fffffff data_member_location=data1:4
			    member name=strp:"c" type=ref4:i data_member_location=data1:8
			  label name="more than eight bytes"
		`, "offset 0x2c: reference 0x7fffffff leads out of the unit"},
		{"sibling leads back", `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  inlined_subroutine sibling=i
			    label
		`, "is not behind its DIE and in its unit"},
		{"bit-field too wide", `
			compile_unit
			  structure_type name="s" byte_size=4
			    member bit_size=256 data_bit_offset=0
		`, "bit-field of 256 bits at bit 0"},
		{"bit-field too far", `
			compile_unit
			  structure_type name="s" byte_size=4
			    member bit_size=1 data_bit_offset=0x1000000
		`, "bit-field of 1 bits at bit 16777216"},
		{"member too far", `
			compile_unit
			  structure_type name="s" byte_size=4
			    member data_member_location=0x20000000
		`, "member at bit 0x100000000"},
		{"member location", `
			compile_unit
			  structure_type name="s" byte_size=4
			    member data_member_location=[23]
		`, "location of a member is no constant"},
		{"enumeration size", `
			compile_unit
			  enumeration_type byte_size=3
		`, "enumeration of 3 bytes"},
		{"unit without a unit DIE", `
			pointer_type
		`, "unit begins with tag 0xf"},
		{"too deep", "compile_unit\n" + deep(maxDepth+1), "DIEs are nested deeper than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := convertText(t, dwarftest.Options{}, all, test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if _, ok := err.(*dwarf.DecodeError); !ok {
				t.Errorf("error of type %T", err)
			}
		})
	}
}

// TestWideVlen converts types with more items than 16 bits of vlen count, which
// Linux reads since 7.1.
func TestWideVlen(t *testing.T) {
	const n = btf.MaxVlen + 1
	text := "compile_unit\n structure_type name=\"s\" byte_size=4\n" + strings.Repeat("  member\n", n) +
		" enumeration_type name=\"e\" byte_size=4\n" + strings.Repeat("  enumerator name=\"A\" const_value=1\n", n)
	got, _, err := convertText(t, dwarftest.Options{}, all, text)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"STRUCT 's' size=4 vlen=65536\n", "ENUM 'e' encoding=UNSIGNED size=4 vlen=65536\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
}

func deep(n int) string {
	var sb strings.Builder
	for i := range n {
		sb.WriteString(strings.Repeat(" ", i+1) + "lexical_block\n")
	}
	return sb.String()
}

func TestDangling(t *testing.T) {
	got, stats, err := convertText(t, dwarftest.Options{}, all, `
		compile_unit
		  pointer_type type=l
		  l: label
		  u: unspecified_type name="void"
		  const_type type=u
	`)
	want := "[1] PTR '(anon)' type_id=0\n[2] CONST '(anon)' type_id=0\n"
	if err != nil || got != want || stats.Dangling != 1 {
		t.Errorf("got\n%serror %v, %d dangling; want\n%sand 1", got, err, stats.Dangling, want)
	}
}

// TestReuse converts different modules with one Converter: nothing is left of
// the one before.
func TestReuse(t *testing.T) {
	c, strs := NewConverter(), btf.NewStrings(nil)
	run := func(test int) string {
		strs.Reset(nil)
		if err := c.Reset(sectionsOf(dwarftest.Build(t, convertTests[test].dwarf, convertTests[test].text)), strs, all); err != nil {
			t.Fatal(err)
		}
		u, err := c.Next()
		if err != nil || u == nil {
			t.Fatal(u, err)
		}
		return textOf(t, u, strs)
	}
	first := make([]string, len(convertTests))
	for i := range convertTests {
		first[i] = run(i)
	}
	for i := len(convertTests) - 1; i >= 0; i-- {
		if got := run(i); got != first[i] {
			t.Errorf("%s, second time:\n%sfirst:\n%s", convertTests[i].name, got, first[i])
		}
	}
}

// manyDIEs is a unit of n times 13 DIEs of the usual kinds.
func manyDIEs(n int) string {
	const block = ` p: pointer_type type=s
 s: structure_type name=strp:"some_struct" byte_size=8
   member name=strp:"first_member" type=i data_member_location=0
   member name="b" type=p bit_size=3 data_bit_offset=32
 enumeration_type byte_size=4 type=i
   enumerator name="E" const_value=-1
 array_type type=p
   subrange_type upper_bound=3
 subprogram name=strp:"function" low_pc=addr:0x1000 external type=i
   formal_parameter name="a" type=p location=[55]
   lexical_block
     variable name=strp:"local" type=i location=[91 00]
 variable name=strp:"global" type=i location=[03 00 00 00 00 00 00 00 00]
`
	return "compile_unit\n i: base_type name=\"int\" byte_size=4 encoding=5\n" + strings.Repeat(block, n)
}

// TestNoAllocsPerDIE converts a unit of many DIEs again and again.
func TestNoAllocsPerDIE(t *testing.T) {
	sec := sectionsOf(dwarftest.Build(t, dwarftest.Options{}, manyDIEs(200)))
	c, strs := NewConverter(), btf.NewStrings(nil)
	allocs := testing.AllocsPerRun(20, func() { convertAll(t, c, sec, strs) })
	// A few per module: buffers of Reset that escape, nothing per DIE.
	if dies := c.Stats().DIEs; allocs > 20 || dies != 2+200*13 {
		t.Errorf("%v allocations for %d DIEs", allocs, dies)
	}
}

func BenchmarkConvert(b *testing.B) {
	sec := sectionsOf(dwarftest.Build(b, dwarftest.Options{}, manyDIEs(2000)))
	c, strs := NewConverter(), btf.NewStrings(nil)
	b.SetBytes(int64(len(sec.Info)))
	b.ReportAllocs()
	for b.Loop() {
		convertAll(b, c, sec, strs)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(c.Stats().DIEs), "ns/DIE")
}

func convertAll(t testing.TB, c *Converter, sec *Sections, strs *btf.Strings) {
	strs.Reset(nil)
	if err := c.Reset(sec, strs, all); err != nil {
		t.Fatal(err)
	}
	for {
		u, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if u == nil {
			return
		}
	}
}

// TestOverlappingTables lets many units point into one abbreviation table.
func TestOverlappingTables(t *testing.T) {
	var abbrev []byte
	for code := byte(1); code < 100; code++ {
		abbrev = append(abbrev, code, 0x11, 0, 0, 0)
	}
	abbrev = append(abbrev, 0)
	var info []byte
	for off := 0; off < 500; off += 5 {
		info = append(info, 8, 0, 0, 0, 5, 0, 1, 8, byte(off), byte(off>>8), 0, 0)
	}
	c := NewConverter()
	err := c.Reset(&Sections{Info: info, Abbrev: abbrev, Order: dwarftestOrder}, btf.NewStrings(nil), all)
	if err == nil || !strings.Contains(err.Error(), "tables overlap too much") {
		t.Errorf("error %v", err)
	}
}

// TestManyAbbreviations lets two large tables be in use at once, and one after the
// other, which is all right.
func TestManyAbbreviations(t *testing.T) {
	var abbrev []byte
	var at [2]uint32
	for i := range at {
		at[i] = uint32(len(abbrev))
		for code := range dwarf.MaxAbbrevs * 2 / 3 {
			abbrev = append(binary.AppendUvarint(abbrev, uint64(code+1)), 0x11, 0, 0, 0)
		}
		abbrev = append(abbrev, 0)
	}
	for _, test := range []struct {
		order []int
		want  string
	}{
		{[]int{0, 0, 1, 1}, ""},
		{[]int{0, 1, 0}, "tables in use have more than 262144 abbreviations"},
	} {
		var info []byte
		for _, table := range test.order {
			info = append(binary.LittleEndian.AppendUint32(append(info, 9, 0, 0, 0, 4, 0), at[table]), 8, 1, 1)
		}
		c := NewConverter()
		err := c.Reset(&Sections{Info: info, Abbrev: abbrev, Order: dwarftestOrder}, btf.NewStrings(nil), all)
		for u := new(Unit); err == nil && u != nil; {
			u, err = c.Next()
		}
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: error %v, want %q", test.order, err, test.want)
		}
	}
}

// TestLateParam has a parameter behind a function that is declared inside its
// own.
func TestLateParam(t *testing.T) {
	s := dwarftest.Build(t, dwarftest.Options{}, `
		compile_unit
		  i: base_type name="int" byte_size=4 encoding=5
		  subprogram name="f" low_pc=addr:0
		    formal_parameter name="a" type=i
		    subprogram name="g" low_pc=addr:1
		      formal_parameter name="x" type=i
		      unspecified_parameters
		    b: formal_parameter name="b" type=i
		  subprogram name="h" low_pc=addr:2
		    formal_parameter name="y" type=i
	`)
	c, strs := NewConverter(), btf.NewStrings(nil)
	convertOne := func() *Unit {
		if err := c.Reset(sectionsOf(s), strs, all); err != nil {
			t.Fatal(err)
		}
		u, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	u := convertOne()
	got := ""
	for _, f := range u.Funcs {
		got += string(strs.Bytes(f.Name)) + "("
		for _, p := range u.Params[f.First : f.First+f.N] {
			got += string(strs.Bytes(p.Name)) + " "
		}
		got += ") "
	}
	if want := "f(a b ) g(x ) h(y ) "; got != want {
		t.Errorf("functions %s, want %s", got, want)
	}
	if i := c.raw.paramAt(uint32(s.Label["b"])); i != 1 {
		t.Errorf("parameter b has index %d, want 1", i)
	}
}

func FuzzConvert(f *testing.F) {
	for _, test := range convertTests {
		s, err := dwarftest.Assemble(test.dwarf, test.text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(s.Info, s.Abbrev, s.Str, test.dwarf.Big)
	}
	if s, err := dwarftest.Assemble(dwarftest.Options{}, changedText); err == nil {
		f.Add(s.Info, s.Abbrev, s.Str, false)
	}
	c, strs := NewConverter(), btf.NewStrings(nil)
	f.Fuzz(func(t *testing.T, info, abbrev, str []byte, big bool) {
		sec := &Sections{Info: info, Abbrev: abbrev, Str: str, LineStr: str, StrOffsets: str, Addr: str, Loclists: str, Loc: str}
		if sec.Order = dwarftestOrder; big {
			sec.Order = bigOrder
		}
		for _, trueSig := range []bool{false, true} {
			opts := all
			opts.TrueSignature = trueSig
			strs.Reset(nil)
			if c.Reset(sec, strs, opts) != nil {
				return
			}
			for {
				u, err := c.Next()
				if err != nil || u == nil {
					break
				}
				checkUnit(t, u, strs)
			}
		}
	})
}

// checkUnit checks what every consumer of a Unit relies on.
func checkUnit(t *testing.T, u *Unit, strs *btf.Strings) {
	n := uint32(len(u.Types.Rows))
	name := func(off btf.StrOff) {
		if int(off) >= len(strs.Own()) {
			t.Fatalf("name %#x of %#x", off, len(strs.Own()))
		}
	}
	id := func(what string, id uint32) {
		if id >= n {
			t.Fatalf("%s: type %d of %d", what, id, n)
		}
	}
	for i := 1; i < int(n); i++ {
		r := &u.Types.Rows[i]
		kind := r.Info.Kind()
		shape := btf.Shapes[kind]
		name(r.Name)
		if kind == btf.KindVoid || uint64(r.Aux)+uint64(r.NumItems()) > uint64(len(u.Types.Items)) && shape.HasItems {
			t.Fatalf("row %d: kind %v, items %d+%d of %d", i, kind, r.Aux, r.NumItems(), len(u.Types.Items))
		}
		if shape.TypeIsRef {
			id("row", r.Type)
		}
		last := uint32(0)
		for _, it := range u.Types.ItemsOf(r) {
			if shape.ItemTypeRef {
				id("item", it.Type)
			}
			if shape.ItemNameRef {
				id("index", it.Name)
			}
			if shape.ItemNameStr {
				name(btf.StrOff(it.Name))
			}
			off := it.Val
			if r.Info.KindFlag() {
				off &= 0xffffff
			}
			if kind == btf.KindStruct && off < last && off <= math.MaxInt32 {
				t.Fatalf("row %d: member at bit %d behind %d", i, off, last)
			}
			last = off
		}
	}
	for _, v := range u.Vars {
		name(v.Name)
		id("variable", uint32(v.Type))
	}
	for _, f := range u.Funcs {
		name(f.Name)
		id("function", uint32(f.Ret))
		for _, p := range u.Params[f.First : f.First+f.N] {
			name(p.Name)
			name(p.Member)
			id("parameter", uint32(p.Type))
		}
		for _, tag := range u.Tags[f.TagFirst : f.TagFirst+f.TagN] {
			name(tag.Value)
		}
	}
}

// TestManyTails has names that are the tails of one string: 200 of them ask for
// 100 times the memory of the file.
func TestManyTails(t *testing.T) {
	const n = 200
	text := "compile_unit\n"
	for i := range n {
		text += fmt.Sprintf("  base_type name=strp:%d byte_size=4 encoding=5\n", i)
	}
	s := dwarftest.Build(t, dwarftest.Options{}, text)
	s.Str = append(bytes.Repeat([]byte{'x'}, n), 0)
	for _, limit := range []int{n * n, n * n / 2} {
		strs := btf.NewStrings(nil)
		strs.Limit = limit
		c := NewConverter()
		if err := c.Reset(sectionsOf(s), strs, all); err != nil {
			t.Fatal(err)
		}
		_, err := c.Next()
		if full := limit < n*(n+3)/2; full != (err != nil) || full && !strings.Contains(err.Error(), "names up to this unit have more than") {
			t.Errorf("limit of %d bytes: error %v", limit, err)
		}
		if got := len(strs.Own()); got > limit {
			t.Errorf("limit of %d bytes: %d are kept", limit, got)
		}
	}
}
