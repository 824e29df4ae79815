package dwarf_test

import (
	"fmt"
	"testing"

	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

// wantBrief wants name, type and one value of every tag, in runs where it can.
var wantBrief = dwarf.Selection{
	Slot: func(a dwarf.Attr) int {
		switch a {
		case dwarf.AttrName:
			return slotName
		case dwarf.AttrType:
			return slotType
		case dwarf.AttrConstValue, dwarf.AttrDataMemberLoc:
			return slotConst
		}
		return -1
	},
	Tag: func(t dwarf.Tag) (uint8, uint32) {
		class := uint8(1)
		if t == dwarf.TagMember {
			class = 2
		}
		return class, 1<<slotName | 1<<slotType | 1<<slotConst
	},
	Brief: func(class uint8) (dwarf.BriefSlots, bool) {
		return dwarf.BriefSlots{Name: slotName, Type: slotType, Val: slotConst}, true
	},
}

// walkBrief returns what the DIEs of a unit say, at most run of them at once, and
// how many were brief; run 0 reads all with Read.
func walkBrief(s *sections, run int) (text []string, briefs int, err error) {
	u, err := dwarf.ReadUnit(s.info, 0, s.order)
	if err != nil {
		return nil, 0, err
	}
	var table dwarf.AbbrevTable
	enc := u.Encoding(s.order)
	if err := table.Compile(s.abbrev, u.AbbrevOff, enc, &wantBrief); err != nil {
		return nil, 0, err
	}
	var r dwarf.Reader
	r.Reset(s.info, &u, 0, enc, &table)
	out := make([]dwarf.Brief, run)
	for {
		for class := uint8(1); class <= 2; class++ {
			for _, b := range out[:r.ReadBriefs(class, out)] {
				text = append(text, fmt.Sprintf("%d: %#x %#x %#x", class, b.Name, b.Type, b.Val))
				briefs++
			}
		}
		a, ok := r.Next()
		if !ok {
			return text, briefs, r.Err()
		}
		if a == nil {
			continue
		}
		if !r.Read(a) {
			return text, briefs, r.Err()
		}
		var v [numTestSlots]uint64
		for i := range v {
			if a.Has>>i&1 != 0 {
				v[i] = r.V[i]
			}
		}
		if a.Has>>slotName&1 != 0 && r.K[slotName] == dwarf.KindStr {
			v[slotName]++
		}
		text = append(text, fmt.Sprintf("%d: %#x %#x %#x", a.Class, v[slotName], v[slotType], v[slotConst]))
	}
}

const briefSample = `
	compile_unit name=string:"sample" language=29
	  i: base_type name=strp:"int"
	  s: structure_type name=strp:"s"
	    member name=strp:"first" type=i data_member_location=data1:0 decl_line=data2:7
	    member name=strp:"second" type=s data_member_location=data2:0x1234
	    member name=strp:"third" type=i data_member_location=udata:300
	    member name=string:"c" type=i data_member_location=data1:9
	    member decl_line=data1:1 type=s data_member_location=implicit_const:16
	    member name=strp:"wide" type=ref8:i data_member_location=data4:0x12345678
	    member name=strp:"wide" type=ref_udata:i data_member_location=data8:0x123456789a
	    member name=strp:"block" type=i data_member_location=block1:[23 04]
	  enumeration_type
	    enumerator name=strp:"E" const_value=sdata:-77
	    enumerator name=strp:"F" const_value=data8:0x1234567890
	    enumerator name=strp:"G" const_value=data1:255
	    enumerator name=strp:"H" const_value=implicit_const:-1
	  subroutine_type type=i
	    formal_parameter type=i
	    formal_parameter
	    formal_parameter name=strp:"p" type=i
	  pointer_type byte_size=implicit_const:8 type=s
	  const_type
	  label name=strp:"the end is far enough from here for eight bytes"
	  label name=string:"the end"
`

// TestBriefs compares runs with DIEs read one by one.
func TestBriefs(t *testing.T) {
	for _, o := range []dwarftest.Options{{Version: 5}, {Version: 4, CodeStep: 70}, {Version: 5, Is64: true}, {Version: 5, Big: true}} {
		b := dwarftest.Build(t, o, briefSample)
		s := &sections{b.Info, b.Abbrev, b.Str, b.LineStr, b.StrOffsets, b.Order}
		want, _, err := walkBrief(s, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range []int{1, 2, 32} {
			got, briefs, err := walkBrief(s, run)
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%+v, runs of %d:\n%q\none by one:\n%q", o, run, got, want)
			}
			if few := o.Is64 || o.Big || o.CodeStep > 1 || run < 32; !few && briefs < 12 {
				t.Errorf("%+v: %d DIEs are brief", o, briefs)
			}
		}
	}
}

// TestBriefsTruncated ends the unit at every byte.
func TestBriefsTruncated(t *testing.T) {
	b := dwarftest.Build(t, dwarftest.Options{Version: 5}, briefSample)
	for n := range b.Info {
		info := append([]byte(nil), b.Info[:n]...)
		if n > 4 {
			b.Order.PutUint32(info, uint32(n-4))
		}
		s := &sections{info, b.Abbrev, b.Str, b.LineStr, b.StrOffsets, b.Order}
		want, _, wantErr := walkBrief(s, 0)
		got, _, err := walkBrief(s, 32)
		if fmt.Sprint(got, err) != fmt.Sprint(want, wantErr) {
			t.Fatalf("%d bytes:\n%q, %v\none by one:\n%q, %v", n, got, err, want, wantErr)
		}
	}
}
