package btftest_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// everyKind is a base with every kind.
const everyKind = `[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] PTR '(anon)' type_id=4
[3] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=7
[4] STRUCT 'node' size=16 vlen=3
	'next' type_id=2 bits_offset=0
	'lo' type_id=1 bits_offset=64 bitfield_size=3
	'(anon)' type_id=5 bits_offset=96
[5] UNION '(anon)' size=4 vlen=1
	'a' type_id=1 bits_offset=0
[6] ENUM 'e' encoding=SIGNED size=4 vlen=2
	'MINUS' val=-1
	'MAX' val=2147483647
[7] ENUM '(anon)' encoding=UNSIGNED size=4 vlen=1
	'ALL' val=4294967295
[8] FWD 'f' fwd_kind=union
[9] TYPEDEF 'node_t' type_id=4
[10] VOLATILE '(anon)' type_id=1
[11] CONST '(anon)' type_id=10
[12] RESTRICT '(anon)' type_id=2
[13] FUNC 'fn' type_id=14 linkage=static
[14] FUNC_PROTO '(anon)' ret_type_id=1 vlen=2
	'x' type_id=1
	'(anon)' type_id=0
[15] VAR 'v' type_id=1, linkage=global
[16] DATASEC '.data..percpu' size=8 vlen=1
	type_id=15 offset=4 size=4 (VAR 'v')
[17] FLOAT 'double' size=8
[18] DECL_TAG 'tag' type_id=13 component_idx=-1
[19] DECL_TAG 'tag' type_id=13 component_idx=0
[20] TYPE_TAG 'user' type_id=1
[21] ENUM64 'big' encoding=UNSIGNED size=8 vlen=1
	'HUGE' val=18446744073709551615ULL
[22] ENUM64 'sbig' encoding=SIGNED size=8 vlen=1
	'LOW' val=-9223372036854775808LL
`

func TestTextRoundTrip(t *testing.T) {
	base := btftest.MustParse(t, everyKind, nil)
	if got := btftest.Text(base); got != everyKind {
		t.Errorf("got\n%s", got)
	}
	const split = `[23] STRUCT 'node' size=16 vlen=1
	'mine' type_id=24 bits_offset=0
[24] PTR '(anon)' type_id=23
[25] TYPEDEF 'x' type_id=17
`
	b := btftest.MustParse(t, split, base)
	if got := btftest.Text(b); got != split {
		t.Errorf("got\n%s", got)
	}
	if want := "mine\x00"; string(b.Strs) != want {
		t.Errorf("own strings %q, want %q: the rest is the base's", b.Strs, want)
	}
	on := btftest.MustParse(t, "[26] FWD 'mine' fwd_kind=struct\n[27] FWD 'new' fwd_kind=struct", b)
	if string(on.Strs) != "new\x00" || on.StrStart != b.StrStart+5 {
		t.Errorf("own strings %q at %#x", on.Strs, on.StrStart)
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		back, err := btf.Parse(btf.Append(nil, &base.Types, base.Strs, order), nil)
		if err != nil {
			t.Fatal(order, err)
		}
		if got := btftest.Text(back); got != everyKind {
			t.Errorf("%v: got\n%s", order, got)
		}
	}
}

func TestTextShortForms(t *testing.T) {
	b := btftest.MustParse(t, `
		# an indented text, as tests have it
		[1] INT 'char' size=1
		[2] STRUCT 's' size=1
			'c' type_id=1
		[3] STRUCT 's' size=1 kind_flag=1
			'c' type_id=1
		[4] TYPE_TAG 'raw' type_id=1 kind_flag=1
		[5] INT 'odd' size=4 int_data=0x30000020
		[6] PTR '(anon)' type_id=1 name_off=1 info=0x82000005
	`, nil)
	want := `[1] INT 'char' size=1 bits_offset=0 nr_bits=8 encoding=(none)
[2] STRUCT 's' size=1 vlen=1
	'c' type_id=1 bits_offset=0
[3] STRUCT 's' size=1 vlen=1
	'c' type_id=1 bits_offset=0
[4] TYPE_TAG 'raw' type_id=1
[5] INT 'odd' size=4 bits_offset=0 nr_bits=32 encoding=(none)
[6] PTR 'char' type_id=1
`
	if got := btftest.Text(b); got != want {
		t.Errorf("got\n%s", got)
	}
	for id, flag := range map[btf.ID]bool{2: false, 3: true, 4: true, 6: true} {
		if b.Row(id).Info.KindFlag() != flag {
			t.Errorf("type %d: kind_flag is %v", id, !flag)
		}
	}
	if got := b.Row(6).Info.Vlen(); got != 5 {
		t.Errorf("vlen %d by info=, want 5", got)
	}
}

func TestTextErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[2] PTR '(anon)' type_id=0", "id 2, want 1"},
		{"[1] POINTER '(anon)' type_id=0", `unknown kind "POINTER"`},
		{"[1] PTR (anon) type_id=0", "name in quotes"},
		{"[1] PTR '(anon) type_id=0", "closing quote"},
		{"[1] PTR '(anon)' type=0", "unexpected type="},
		{"[1] PTR '(anon)' type_id=x", "type_id: "},
		{"[1] STRUCT 's' size=4 vlen=2\n'a' type_id=1", "vlen=2, but 1 items"},
		{"[1] PTR '(anon)' type_id=0\n'a' type_id=1", "PTR has no items"},
		{"'a' type_id=1", "before the first type"},
		{"[1] FLOAT 'f' size=4294967296", "does not fit"},
	} {
		if _, err := btftest.Parse(c.text, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.text, err, c.want)
		}
	}
}
