package dwarfconv

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// packedTypes has the structs of the cases from id 10 on.
const packedTypes = `
[1] INT 'char' size=1
[2] INT 'int' size=4 encoding=SIGNED
[3] INT 'long' size=8 encoding=SIGNED
[4] PTR '(anon)' type_id=0
[5] ARRAY '(anon)' type_id=2 index_type_id=2 nr_elems=3
[6] TYPEDEF 'long_t' type_id=7
[7] CONST '(anon)' type_id=3
[8] ENUM 'e' size=4
	'A' val=0
[9] ARRAY '(anon)' type_id=1 index_type_id=2 nr_elems=0
`

func TestIsPacked(t *testing.T) {
	for _, c := range []struct {
		name, text string
		packed     bool
	}{
		{"natural", `
[10] STRUCT 's' size=16
	'a' type_id=3
	'b' type_id=4 bits_offset=64`, false},
		{"hole", `
[10] STRUCT 's' size=8
	'a' type_id=1
	'b' type_id=2 bits_offset=32`, false},
		{"member out of place", `
[10] STRUCT 's' size=5
	'a' type_id=1
	'b' type_id=2 bits_offset=8`, true},
		{"pointer out of place", `
[10] STRUCT 's' size=12
	'a' type_id=2
	'b' type_id=4 bits_offset=32`, true},
		{"through typedef and const", `
[10] STRUCT 's' size=12
	'a' type_id=2
	'b' type_id=6 bits_offset=32`, true},
		{"array of ints out of place", `
[10] STRUCT 's' size=13
	'a' type_id=1
	'b' type_id=5 bits_offset=8`, true},
		{"odd size", `
[10] STRUCT 's' size=5
	'a' type_id=2
	'b' type_id=1 bits_offset=32`, true},
		{"padding", `
[10] STRUCT 's' size=8
	'a' type_id=2
	'b' type_id=1 bits_offset=32`, false},
		{"chars only", `
[10] STRUCT 's' size=3
	'a' type_id=1
	'b' type_id=1 bits_offset=8
	'c' type_id=1 bits_offset=16`, false},
		{"empty", `
[10] STRUCT 's' size=0`, false},
		{"flexible array", `
[10] STRUCT 's' size=4
	'a' type_id=8
	'b' type_id=9 bits_offset=32`, false},
		{"struct within", `
[10] STRUCT 's' size=12
	'a' type_id=2
	'b' type_id=11 bits_offset=32
[11] STRUCT 'in' size=8
	'x' type_id=3`, true},
		{"union within", `
[10] STRUCT 's' size=16
	'a' type_id=3
	'b' type_id=11 bits_offset=64
[11] UNION 'in' size=8
	'x' type_id=3
	'y' type_id=1`, false},
		{"bit-fields fill their unit", `
[10] STRUCT 's' size=8
	'a' type_id=2 bits_offset=0 bitfield_size=3
	'b' type_id=2 bits_offset=3 bitfield_size=29
	'c' type_id=2 bits_offset=32`, false},
		{"bits left over are no hole", `
[10] STRUCT 's' size=13
	'a' type_id=2 bits_offset=0 bitfield_size=3
	'b' type_id=1 bits_offset=32
	'c' type_id=3 bits_offset=40`, true},
		{"bytes behind a bit-field's unit are a hole", `
[10] STRUCT 's' size=16
	'a' type_id=2 bits_offset=0 bitfield_size=3
	'b' type_id=3 bits_offset=64`, false},
		{"bit-fields at the end", `
[10] STRUCT 's' size=8
	'a' type_id=2
	'b' type_id=2 bits_offset=32 bitfield_size=5`, false},
		{"struct in itself, which is no C", `
[10] STRUCT 's' size=8
	'a' type_id=10`, false},
	} {
		b := btftest.MustParse(t, packedTypes+c.text, nil)
		l := layout{types: &b.Types, addrSize: 8}
		if got := l.isPacked(&b.Types.Rows[10]); got != c.packed {
			t.Errorf("%s: packed %v, want %v", c.name, got, c.packed)
		}
	}
}

func TestParamSize(t *testing.T) {
	b := btftest.MustParse(t, packedTypes+`
[10] STRUCT 's' size=24
[11] FUNC_PROTO '(anon)' ret_type_id=6
[12] FWD 'f' fwd_kind=struct
[13] TYPEDEF 'loop' type_id=13`, nil)
	l := layout{types: &b.Types, addrSize: 8}
	for id, want := range map[btf.ID]int{0: 0, 1: 1, 4: 8, 5: 4, 6: 8, 8: 4, 10: 24, 11: 8, 12: 0, 13: 0, 99: 0} {
		if got := l.paramSize(id); got != want {
			t.Errorf("paramSize(%d) = %d, want %d", id, got, want)
		}
	}
}
