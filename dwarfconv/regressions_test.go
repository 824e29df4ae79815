package dwarfconv

import (
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

// TestRegressions has input on which encoders went wrong, one case for each
// kind of mistake. docs/regressions.md says where and when. The cases that
// convertTests has anyway are not repeated.
func TestRegressions(t *testing.T) {
	rustless := all
	rustless.LangExclude = []dwarf.Lang{dwarf.LangRust}
	for _, c := range []struct {
		name       string
		dwarf      dwarftest.Options
		opts       Options
		text, want string
	}{
		{
			name: "a bit-field as wide as its type keeps the typedef",
			text: `
			compile_unit
			  u: base_type name="unsigned int" byte_size=4 encoding=7
			  t: typedef name="u32" type=u
			  structure_type name="s" byte_size=8
			    member name="full" type=t bit_size=32 data_bit_offset=0
			    member name="next" type=t data_member_location=4
			`,
			want: `
			[1] INT 'unsigned int' size=4 bits_offset=0 nr_bits=32 encoding=(none)
			[2] TYPEDEF 'u32' type_id=1
			[3] STRUCT 's' size=8 vlen=2
				'full' type_id=2 bits_offset=0 bitfield_size=32
				'next' type_id=2 bits_offset=32
			`,
		},
		{
			name:  "bit-fields by data_bit_offset, big endian",
			dwarf: dwarftest.Options{Big: true},
			text: `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="s" byte_size=8
			    member name="top" type=i bit_size=3 data_bit_offset=0
			    member name="low" type=i bit_size=5 data_bit_offset=59
			`,
			want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] STRUCT 's' size=8 vlen=2
				'top' type_id=1 bits_offset=0 bitfield_size=3
				'low' type_id=1 bits_offset=59 bitfield_size=5
			`,
		},
		{
			// struct { int a:7, b:30; } __packed: b ends behind its storage unit.
			name:  "a packed bit-field with a negative bit_offset",
			dwarf: dwarftest.Options{Version: 3},
			text: `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="s" byte_size=5
			    member name="a" type=i byte_size=4 bit_size=7 bit_offset=25 data_member_location=[23 00]
			    member name="b" type=i byte_size=4 bit_size=30 bit_offset=-5 data_member_location=[23 00]
			`,
			want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] STRUCT 's' size=5 vlen=2
				'a' type_id=1 bits_offset=0 bitfield_size=7
				'b' type_id=1 bits_offset=7 bitfield_size=30
			`,
		},
		{
			name:  "a bit-field by bit_offset has its storage behind typedef, const and volatile",
			dwarf: dwarftest.Options{Version: 4},
			text: `
			compile_unit
			  structure_type name="s" byte_size=2
			    member name="a" type=t bit_size=4 bit_offset=12 data_member_location=0
			  t: typedef name="t" type=c
			  c: const_type type=v
			  v: volatile_type type=u
			  u: base_type name="unsigned short" byte_size=2 encoding=7
			`,
			want: `
			[1] STRUCT 's' size=2 vlen=1
				'a' type_id=2 bits_offset=0 bitfield_size=4
			[2] TYPEDEF 't' type_id=3
			[3] CONST '(anon)' type_id=4
			[4] VOLATILE '(anon)' type_id=5
			[5] INT 'unsigned short' size=2 bits_offset=0 nr_bits=16 encoding=(none)
			`,
		},
		{
			name:  "a bit-field of a packed enum has the enum's size for storage",
			dwarf: dwarftest.Options{Version: 4},
			text: `
			compile_unit
			  e: enumeration_type name="e" byte_size=1
			    enumerator name="A" const_value=1
			  structure_type name="s" byte_size=1
			    member name="a" type=e bit_size=2 bit_offset=3 data_member_location=0
			`,
			want: `
			[1] ENUM 'e' encoding=UNSIGNED size=1 vlen=1
				'A' val=1
			[2] STRUCT 's' size=1 vlen=1
				'a' type_id=1 bits_offset=3 bitfield_size=2
			`,
		},
		{
			name: "sizes of a float",
			text: `
			compile_unit
			  base_type name="f2" byte_size=2 encoding=4
			  base_type name="f4" byte_size=4 encoding=4
			  base_type name="f8" byte_size=8 encoding=4
			  base_type name="f12" byte_size=12 encoding=4
			  base_type name="f16" byte_size=16 encoding=4
			  base_type name="f1" byte_size=1 encoding=4
			  base_type name="f10" byte_size=10 encoding=4
			  base_type name="f32" byte_size=32 encoding=4
			`,
			want: `
			[1] FLOAT 'f2' size=2
			[2] FLOAT 'f4' size=4
			[3] FLOAT 'f8' size=8
			[4] FLOAT 'f12' size=12
			[5] FLOAT 'f16' size=16
			[6] INT 'f1' size=1 bits_offset=0 nr_bits=8 encoding=(none)
			[7] INT '__SANITIZED_FAKE_INT__' size=4 bits_offset=0 nr_bits=32 encoding=(none)
			[8] INT '__SANITIZED_FAKE_INT__' size=4 bits_offset=0 nr_bits=32 encoding=(none)
			`,
		},
		{
			name: "sizes of an integer, chars are signed or unsigned",
			text: `
			compile_unit
			  base_type name="DW_ATE_unsigned_1" byte_size=0 encoding=7
			  base_type name="kasan" byte_size=1024 encoding=7
			  base_type name="_BitInt(256)" byte_size=32 encoding=5
			  base_type name="int12" byte_size=12 encoding=5
			  base_type name="signed char" byte_size=1 encoding=6
			  base_type name="char" byte_size=1 encoding=8
			`,
			want: `
			[1] INT '__SANITIZED_FAKE_INT__' size=4 bits_offset=0 nr_bits=32 encoding=(none)
			[2] INT '__SANITIZED_FAKE_INT__' size=4 bits_offset=0 nr_bits=32 encoding=(none)
			[3] INT '__SANITIZED_FAKE_INT__' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[4] INT '__SANITIZED_FAKE_INT__' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[5] INT 'signed char' size=1 bits_offset=0 nr_bits=8 encoding=SIGNED
			[6] INT 'char' size=1 bits_offset=0 nr_bits=8 encoding=(none)
			`,
		},
		{
			name: "an enumerator of 32 bits and one of 33",
			text: `
			compile_unit
			  enumeration_type name="top" byte_size=4
			    enumerator name="A" const_value=0xffffffff
			  enumeration_type name="bottom" byte_size=4
			    enumerator name="B" const_value=-2147483648
			  enumeration_type name="above" byte_size=4
			    enumerator name="C" const_value=0x100000000
			  enumeration_type name="below" byte_size=4
			    enumerator name="D" const_value=-2147483649
			`,
			want: `
			[1] ENUM 'top' encoding=UNSIGNED size=4 vlen=1
				'A' val=4294967295
			[2] ENUM 'bottom' encoding=SIGNED size=4 vlen=1
				'B' val=-2147483648
			[3] ENUM64 'above' encoding=UNSIGNED size=4 vlen=1
				'C' val=4294967296ULL
			[4] ENUM64 'below' encoding=SIGNED size=4 vlen=1
				'D' val=-2147483649LL
			`,
		},
		{
			name: "the index of an array is the unit's int, wherever it stands",
			text: `
			compile_unit
			  size: base_type name="sizetype" byte_size=8 encoding=7
			  c: base_type name="char" byte_size=1 encoding=6
			  array_type type=c
			    subrange_type type=size upper_bound=3
			  base_type name="int" byte_size=4 encoding=5
			  array_type type=c
			    subrange_type type=size count=4
			`,
			want: `
			[1] INT 'sizetype' size=8 bits_offset=0 nr_bits=64 encoding=(none)
			[2] INT 'char' size=1 bits_offset=0 nr_bits=8 encoding=SIGNED
			[3] ARRAY '(anon)' type_id=2 index_type_id=4 nr_elems=4
			[4] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[5] ARRAY '(anon)' type_id=2 index_type_id=4 nr_elems=4
			`,
		},
		{
			name: "no int without an array",
			text: `
			compile_unit
			  base_type name="char" byte_size=1 encoding=6
			`,
			want: `
			[1] INT 'char' size=1 bits_offset=0 nr_bits=8 encoding=SIGNED
			`,
		},
		{
			name: "units that refer to each other leave a language out too",
			opts: rustless,
			text: `
			unit
			compile_unit language=29
			  pointer_type type=ref_addr:i
			  pointer_type type=ref_addr:r
			unit
			compile_unit language=28
			  r: structure_type name="Rust" byte_size=4
			  subprogram name="_RNvC4rust" low_pc=addr:0x10
			  variable name="RUST" type=ref_addr:i location=[03 08 00 00 00 00 00 00 00]
			unit
			compile_unit language=29
			  i: base_type name="int" byte_size=4 encoding=5
			  variable name="c" type=i location=[03 08 00 00 00 00 00 00 00]
			`,
			want: `
			[1] PTR '(anon)' type_id=3
			[2] PTR '(anon)' type_id=0
			[3] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			var c type_id=3 addr=0x8 external=false
			`,
		},
		{
			name: "units with nothing in them",
			text: `
			unit
			compile_unit
			unit
			compile_unit
			  base_type name="int" byte_size=4 encoding=5
			unit
			compile_unit
			`,
			want: `
			unit
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			unit
			`,
		},
		{
			// DW_TAG_constant is 0x27, DW_TAG_dwarf_procedure 0x36,
			// DW_TAG_subrange_type may stand alone (Go).
			name: "tags of no type",
			text: `
			compile_unit
			  0x27 name="Pi" type=i const_value=3
			  0x36 location=[30]
			  subrange_type type=i
			  i: base_type name="int" byte_size=4 encoding=5
			  subroutine_type byte_size=8
			  imported_unit
			`,
			want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] FUNC_PROTO '(anon)' ret_type_id=0 vlen=0
			`,
		},
		{
			name: "parameters of a prototype keep their names",
			text: `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  subroutine_type type=i
			    formal_parameter name="n" type=i
			    unspecified_parameters
			`,
			want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] FUNC_PROTO '(anon)' ret_type_id=1 vlen=2
				'n' type_id=1
				'(anon)' type_id=0
			`,
		},
		{
			name: "names of no length are none",
			text: `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="" byte_size=4
			    member name="" type=u data_member_location=0
			  u: union_type name=strp:"" byte_size=4
			    member name="a" type=i
			  enumeration_type name="" byte_size=4
			    enumerator name="A" const_value=1
			`,
			want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] STRUCT '(anon)' size=4 vlen=1
				'(anon)' type_id=3 bits_offset=0
			[3] UNION '(anon)' size=4 vlen=1
				'a' type_id=1 bits_offset=0
			[4] ENUM '(anon)' encoding=UNSIGNED size=4 vlen=1
				'A' val=1
			`,
		},
		{
			name: "variables that LLVM put into one have places of their own",
			text: `
			compile_unit addr_base=sec_offset:8
			  i: base_type name="int" byte_size=4 encoding=5
			  variable name="first" type=i location=[a1 00] low_pc=addrx:0x1000
			  variable name="second" type=i location=[a1 00 23 04]
			  variable name="third" type=i location=[a1 00 23 88 01]
			  variable name="by_addr" type=i location=[03 00 20 00 00 00 00 00 00 23 04]
			  variable name="gnu" type=i location=[fb 00 23 0c]
			`,
			want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			var first type_id=1 addr=0x1000 external=false
			var second type_id=1 addr=0x1004 external=false
			var third type_id=1 addr=0x1088 external=false
			var by_addr type_id=1 addr=0x2004 external=false
			var gnu type_id=1 addr=0x100c external=false
			`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.opts.LangExclude == nil {
				c.opts = all
			}
			got, _, err := convertText(t, c.dwarf, c.opts, c.text)
			if err != nil {
				t.Fatal(err)
			}
			if want := trim(strings.Trim(c.want, "\n")); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}
