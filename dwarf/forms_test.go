package dwarf_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

// TestForms reads a value of every form, given in the abbreviation and by
// DW_FORM_indirect, in both byte orders and both sizes of DWARF. The attribute behind it
// shows that the reader stands where the value ends.
func TestForms(t *testing.T) {
	none := uint64(1 << 63) // a position: not compared
	for _, c := range []struct {
		value string
		kind  dwarf.Kind
		want  uint64
		n     uint32 // bytes of a block
	}{
		{"addr:0x1122", dwarf.KindAddr, 0x1122, 0},
		{"data1:0xfe", dwarf.KindConst, 0xfe, 0},
		{"data2:0xfedc", dwarf.KindConst, 0xfedc, 0},
		{"data4:0xfedcba98", dwarf.KindConst, 0xfedcba98, 0},
		{"data8:0x7edcba9876543210", dwarf.KindConst, 0x7edcba9876543210, 0},
		{"flag:1", dwarf.KindConst, 1, 0},
		{"udata:300", dwarf.KindConst, 300, 0},
		{"sdata:-300", dwarf.KindSigned, 0xfffffffffffffed4, 0},
		{"flag_present", dwarf.KindConst, 1, 0},
		{"strp:0x11", dwarf.KindStr, 0x11, 0},
		{"line_strp:0x11", dwarf.KindLineStr, 0x11, 0},
		{"strp_sup:0x11", dwarf.KindStrSup, 0x11, 0},
		{"GNU_strp_alt:0x11", dwarf.KindStrSup, 0x11, 0},
		{`string:"text"`, dwarf.KindInline, none, 0},
		{`strx:"a"`, dwarf.KindStrx, 0, 0},
		{`strx1:"a"`, dwarf.KindStrx, 0, 0},
		{`strx2:"a"`, dwarf.KindStrx, 0, 0},
		{`strx3:"a"`, dwarf.KindStrx, 0, 0},
		{`strx4:"a"`, dwarf.KindStrx, 0, 0},
		{`GNU_str_index:"a"`, dwarf.KindStrx, 0, 0},
		{"addrx:5", dwarf.KindAddrx, 0, 0},
		{"addrx1:5", dwarf.KindAddrx, 0, 0},
		{"addrx2:5", dwarf.KindAddrx, 0, 0},
		{"addrx3:5", dwarf.KindAddrx, 0, 0},
		{"addrx4:5", dwarf.KindAddrx, 0, 0},
		{"GNU_addr_index:5", dwarf.KindAddrx, 0, 0},
		{"ref1:root", dwarf.KindRef, none, 0},
		{"ref2:root", dwarf.KindRef, none, 0},
		{"ref4:root", dwarf.KindRef, none, 0},
		{"ref8:root", dwarf.KindRef, none, 0},
		{"ref_udata:root", dwarf.KindRef, none, 0},
		{"ref_addr:root", dwarf.KindRef, none, 0},
		{"ref_sig8:0x1122334455667788", dwarf.KindRefSig, 0x1122334455667788, 0},
		{"ref_sup4:0x11", dwarf.KindRefSup, 0x11, 0},
		{"ref_sup8:0x11", dwarf.KindRefSup, 0x11, 0},
		{"GNU_ref_alt:0x11", dwarf.KindRefSup, 0x11, 0},
		{"sec_offset:0x11", dwarf.KindSecOffset, 0x11, 0},
		{"loclistx:300", dwarf.KindLoclistx, 300, 0},
		{"rnglistx:300", dwarf.KindRnglistx, 300, 0},
		{"exprloc:[01 02 03]", dwarf.KindBlock, none, 3},
		{"block:[01 02 03]", dwarf.KindBlock, none, 3},
		{"block1:[01 02 03]", dwarf.KindBlock, none, 3},
		{"block2:[01 02 03]", dwarf.KindBlock, none, 3},
		{"block4:[01 02 03]", dwarf.KindBlock, none, 3},
		{"data16:[01 02 03]", dwarf.KindBlock, none, 16},
	} {
		for _, o := range []dwarftest.Options{{}, {Big: true}, {Is64: true}, {Is64: true, Big: true}, {AddrSize: 4}} {
			for _, indirect := range []string{"", "indirect-"} {
				value := c.value
				if indirect != "" && !strings.Contains(value, ":") {
					continue // flag_present by itself: the text has no form for it
				}
				t.Run(fmt.Sprintf("%s%s %+v", indirect, value, o), func(t *testing.T) {
					s := dwarftest.Build(t, o, "root: compile_unit\n  variable const_value="+indirect+value+" byte_size=data2:0x1234\n")
					es := readForms(t, s)
					if es.kind != c.kind || c.want != none && es.v != c.want || es.n != c.n || es.behind != 0x1234 {
						t.Errorf("kind %v, value %#x, %d bytes, behind it %#x; want kind %v, %#x, %d bytes", es.kind, es.v, es.n, es.behind, c.kind, c.want, c.n)
					}
					if want := uint64(s.Label["root"]); c.kind == dwarf.KindRef && es.v != want {
						t.Errorf("reference to %#x, want %#x", es.v, want)
					}
				})
			}
		}
	}
}

type formRead struct {
	kind      dwarf.Kind
	v, behind uint64
	n         uint32
}

// readForms reads the only child of the root.
func readForms(t *testing.T, s *dwarftest.Sections) (got formRead) {
	t.Helper()
	u, err := dwarf.ReadUnit(s.Info, 0, s.Order)
	if err != nil {
		t.Fatal(err)
	}
	var table dwarf.AbbrevTable
	enc := u.Encoding(s.Order)
	if err := table.Compile(s.Abbrev, u.AbbrevOff, enc, &wantAll); err != nil {
		t.Fatal(err)
	}
	var r dwarf.Reader
	r.Reset(s.Info, &u, 0, enc, &table)
	for range 2 {
		a, ok := r.Next()
		if !ok || a == nil || !r.Read(a) {
			t.Fatal(r.Err())
		}
	}
	got = formRead{r.K[slotConst], r.V[slotConst], r.V[slotByteSize], 0}
	if got.kind == dwarf.KindBlock {
		got.n = r.Len[slotConst]
	}
	return got
}

// TestBadForms: values that are not there, or that name their form wrongly, end the
// unit with the offset of the DIE.
func TestBadForms(t *testing.T) {
	// Abbreviation 1 is a variable with DW_AT_const_value in the form.
	abbrev := func(form ...byte) []byte { return append(append([]byte{1, 0x34, 0, 0x1c}, form...), 0, 0, 0) }
	for _, c := range []struct {
		name, die string
		abbrev    []byte
	}{
		{"code without an end", "\x80\x80", abbrev(0x0b)},
		{"code not declared", "\x85\x01", abbrev(0x0b)},
		{"data4 cut", "\x01\x01\x02", abbrev(0x06)},
		{"udata without an end", "\x01\x80", abbrev(0x0f)},
		{"string without an end", "\x01ab", abbrev(0x08)},
		{"block4 without a length", "\x01\x01\x02", abbrev(0x04)},
		{"block2 without a length", "\x01\x01", abbrev(0x03)},
		{"block without a length", "\x01\x80", abbrev(0x09)},
		{"block longer than the unit", "\x01\x05\x01", abbrev(0x09)},
		{"data16 cut", "\x01\x05\x01", abbrev(0x1e)},
		{"indirect without a form", "\x01", abbrev(0x16)},
		{"indirect form without an end", "\x01\x80", abbrev(0x16)},
		{"indirect to itself", "\x01\x16\x0b\x01", abbrev(0x16)},
		{"indirect to implicit_const", "\x01\x21\x0b\x01", abbrev(0x16)},
		{"indirect to no form", "\x01\x7f\x01", abbrev(0x16)},
		{"indirect to a large form", "\x01\x80\x80\x04\x01", abbrev(0x16)},
		{"indirect, value cut", "\x01\x06\x01", abbrev(0x16)},
	} {
		info := append([]byte{0, 0, 0, 0, 5, 0, 1, 8, 0, 0, 0, 0}, c.die...)
		info[0] = byte(len(info) - 4)
		for _, skip := range []bool{false, true} {
			s := &sections{info: info, abbrev: c.abbrev, order: dwarftest.Build(t, dwarftest.Options{}, "compile_unit").Order}
			_, err := walkBlind(s, skip)
			if e, ok := err.(*dwarf.DecodeError); !ok || e.Section != ".debug_info" || e.Offset < 12 || e.Offset > uint64(len(info)) {
				t.Errorf("%s, skip %v: error %v", c.name, skip, err)
			}
		}
	}
}
