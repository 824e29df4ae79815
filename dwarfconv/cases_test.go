package dwarfconv

import (
	"encoding/binary"

	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

var (
	dwarftestOrder = binary.LittleEndian
	bigOrder       = binary.BigEndian
)

var convertTests = []struct {
	name  string
	dwarf dwarftest.Options
	opts  string
	text  string
	want  string
}{
	{
		name: "base types",
		text: `
			compile_unit language=29
			  base_type name="int" byte_size=4 encoding=5
			  base_type name="unsigned char" byte_size=1 encoding=8
			  base_type name="char" byte_size=1 encoding=6
			  base_type name="_Bool" byte_size=1 encoding=2
			  base_type name="double" byte_size=8 encoding=4
			  base_type name="__int128" byte_size=16 encoding=5
			  base_type name="DW_ATE_unsigned_24" byte_size=3 encoding=7
			  base_type name="huge" byte_size=64 encoding=7
			  base_type name="nothing" encoding=5
			  base_type name="bfloat" byte_size=3 encoding=4
			  base_type name="complex" byte_size=16 encoding=3
		`,
		want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] INT 'unsigned char' size=1 bits_offset=0 nr_bits=8 encoding=(none)
			[3] INT 'char' size=1 bits_offset=0 nr_bits=8 encoding=SIGNED
			[4] INT '_Bool' size=1 bits_offset=0 nr_bits=8 encoding=BOOL
			[5] FLOAT 'double' size=8
			[6] INT '__int128' size=16 bits_offset=0 nr_bits=128 encoding=SIGNED
			[7] INT '__SANITIZED_FAKE_INT__' size=4 bits_offset=0 nr_bits=32 encoding=(none)
			[8] INT '__SANITIZED_FAKE_INT__' size=4 bits_offset=0 nr_bits=32 encoding=(none)
			[9] INT '__SANITIZED_FAKE_INT__' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[10] INT '__SANITIZED_FAKE_INT__' size=4 bits_offset=0 nr_bits=32 encoding=(none)
			[11] INT 'complex' size=16 bits_offset=0 nr_bits=128 encoding=(none)
		`,
	},
	{
		name: "floats off",
		opts: "nofloats",
		text: `
			compile_unit
			  base_type name="double" byte_size=8 encoding=4
		`,
		want: `
			[1] INT 'double' size=8 bits_offset=0 nr_bits=64 encoding=(none)
		`,
	},
	{
		name: "modifiers",
		text: `
			compile_unit
			  p: pointer_type byte_size=8
			  const_type type=p
			  volatile_type type=v
			  v: restrict_type type=p
			  const_type
			  typedef name="t" type=a
			  a: atomic_type type=i
			  typedef type=i
			  i: base_type name="int" byte_size=4 encoding=5
			  reference_type type=a
			  u: unspecified_type name="decltype(nullptr)"
			  pointer_type type=u
		`,
		want: `
			[1] PTR '(anon)' type_id=0
			[2] CONST '(anon)' type_id=1
			[3] VOLATILE '(anon)' type_id=4
			[4] RESTRICT '(anon)' type_id=1
			[5] CONST '(anon)' type_id=0
			[6] TYPEDEF 't' type_id=7
			[7] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[8] PTR '(anon)' type_id=7
			[9] PTR '(anon)' type_id=0
		`,
	},
	{
		name: "struct",
		text: `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="s" byte_size=16
			    member name="a" type=i data_member_location=0
			    member type=un data_member_location=implicit_const:4
			    member name="c" type=i data_member_location=[23 08]
			    member name="static" type=i declaration external
			  un: union_type byte_size=4
			    member name="x" type=i
			    member name="y" type=i
			  structure_type name="fwd" declaration
			  union_type name="ufwd" declaration
			  structure_type byte_size=0
			  pointer_type type=anon
			  anon: structure_type declaration
		`,
		want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] STRUCT 's' size=16 vlen=3
				'a' type_id=1 bits_offset=0
				'(anon)' type_id=3 bits_offset=32
				'c' type_id=1 bits_offset=64
			[3] UNION '(anon)' size=4 vlen=2
				'x' type_id=1 bits_offset=0
				'y' type_id=1 bits_offset=0
			[4] FWD 'fwd' fwd_kind=struct
			[5] FWD 'ufwd' fwd_kind=union
			[6] STRUCT '(anon)' size=0 vlen=0
			[7] PTR '(anon)' type_id=0
		`,
	},
	{
		name: "types between members",
		text: `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="outer" byte_size=24
			    member name="a" type=i data_member_location=0
			    inner: structure_type name="inner" byte_size=12
			      member name="x" type=i data_member_location=0
			      arr: array_type type=i
			        subrange_type count=2
			      e: enumeration_type byte_size=4
			        enumerator name="A" const_value=1
			      member name="y" type=arr data_member_location=4
			    member name="b" type=inner data_member_location=4
			    fn: subroutine_type type=i
			      formal_parameter type=i
			      structure_type name="deep" byte_size=4
			        member name="z" type=i data_member_location=0
			      formal_parameter type=e
			      unspecified_parameters
			    member name="c" type=fn data_member_location=16
			    empty: subroutine_type
			      unspecified_parameters
		`,
		want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] STRUCT 'outer' size=24 vlen=3
				'a' type_id=1 bits_offset=0
				'b' type_id=3 bits_offset=32
				'c' type_id=6 bits_offset=128
			[3] STRUCT 'inner' size=12 vlen=2
				'x' type_id=1 bits_offset=0
				'y' type_id=4 bits_offset=32
			[4] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=2
			[5] ENUM '(anon)' encoding=UNSIGNED size=4 vlen=1
				'A' val=1
			[6] FUNC_PROTO '(anon)' ret_type_id=1 vlen=3
				'(anon)' type_id=1
				'(anon)' type_id=5
				'(anon)' type_id=0
			[7] STRUCT 'deep' size=4 vlen=1
				'z' type_id=1 bits_offset=0
			[8] FUNC_PROTO '(anon)' ret_type_id=0 vlen=1
				'(anon)' type_id=0
		`,
	},
	{
		name: "bit-fields by data_bit_offset",
		text: `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="s" byte_size=8
			    member name="a" type=i bit_size=3 data_bit_offset=0
			    member name="b" type=i bit_size=29 data_bit_offset=3
			    member name="c" type=i data_member_location=4
		`,
		want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] STRUCT 's' size=8 vlen=3
				'a' type_id=1 bits_offset=0 bitfield_size=3
				'b' type_id=1 bits_offset=3 bitfield_size=29
				'c' type_id=1 bits_offset=32
		`,
	},
	{
		name:  "bit-fields by bit_offset",
		dwarf: dwarftest.Options{Version: 4},
		text: `
			compile_unit
			  t: typedef name="t" type=i
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="s" byte_size=8
			    member name="a" type=i byte_size=4 bit_size=3 bit_offset=29 data_member_location=0
			    member name="b" type=i byte_size=4 bit_size=29 bit_offset=0 data_member_location=0
			    member name="c" type=t bit_size=4 bit_offset=28 data_member_location=4
		`,
		want: `
			[1] TYPEDEF 't' type_id=2
			[2] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[3] STRUCT 's' size=8 vlen=3
				'a' type_id=2 bits_offset=0 bitfield_size=3
				'b' type_id=2 bits_offset=3 bitfield_size=29
				'c' type_id=1 bits_offset=32 bitfield_size=4
		`,
	},
	{
		name:  "bit-fields by bit_offset, big endian",
		dwarf: dwarftest.Options{Version: 4, Big: true},
		text: `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="s" byte_size=8
			    member name="a" type=i byte_size=4 bit_size=3 bit_offset=0 data_member_location=0
			    member name="b" type=i bit_size=29 bit_offset=3 data_member_location=0
		`,
		want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] STRUCT 's' size=8 vlen=2
				'a' type_id=1 bits_offset=0 bitfield_size=3
				'b' type_id=1 bits_offset=3 bitfield_size=29
		`,
	},
	{
		name: "members out of order",
		text: `
			compile_unit language=28
			  i: base_type name="i32" byte_size=4 encoding=5
			  structure_type name="R" byte_size=12
			    member name="c" type=i data_member_location=8
			    member name="a" type=i data_member_location=0
			    member name="b" type=i data_member_location=4
			    member name="b2" type=i data_member_location=4
		`,
		want: `
			[1] INT 'i32' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] STRUCT 'R' size=12 vlen=4
				'a' type_id=1 bits_offset=0
				'b' type_id=1 bits_offset=32
				'b2' type_id=1 bits_offset=32
				'c' type_id=1 bits_offset=64
		`,
	},
	{
		name: "enums",
		text: `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  l: base_type name="long" byte_size=8 encoding=5
			  u: base_type name="unsigned long" byte_size=8 encoding=7
			  enumeration_type name="e" byte_size=4 type=i
			    enumerator name="A" const_value=0
			    enumerator name="B" const_value=255
			    enumerator name="C" const_value=0xffffffff
			  enumeration_type name="neg" byte_size=4 type=i
			    enumerator name="N" const_value=-1
			  enumeration_type name="slong" byte_size=8 type=l
			    enumerator name="S" const_value=-2
			    enumerator name="M" const_value=implicit_const:-3
			  enumeration_type name="ulong" byte_size=8 type=u
			    enumerator name="U" const_value=0xfffffffffffffffe
			  enumeration_type name="wide" byte_size=4
			    enumerator name="W" const_value=0x100000000
			  enumeration_type name="fwd" declaration
			  enumeration_type name="packed" byte_size=1
			    enumerator name="P" const_value=1
		`,
		want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] INT 'long' size=8 bits_offset=0 nr_bits=64 encoding=SIGNED
			[3] INT 'unsigned long' size=8 bits_offset=0 nr_bits=64 encoding=(none)
			[4] ENUM 'e' encoding=UNSIGNED size=4 vlen=3
				'A' val=0
				'B' val=255
				'C' val=4294967295
			[5] ENUM 'neg' encoding=SIGNED size=4 vlen=1
				'N' val=-1
			[6] ENUM64 'slong' encoding=SIGNED size=8 vlen=2
				'S' val=-2LL
				'M' val=-3LL
			[7] ENUM64 'ulong' encoding=UNSIGNED size=8 vlen=1
				'U' val=18446744073709551614ULL
			[8] ENUM64 'wide' encoding=UNSIGNED size=4 vlen=1
				'W' val=4294967296ULL
			[9] ENUM 'fwd' encoding=UNSIGNED size=4 vlen=0
			[10] ENUM 'packed' encoding=UNSIGNED size=1 vlen=1
				'P' val=1
		`,
	},
	{
		name: "enum64 off",
		opts: "noenum64",
		text: `
			compile_unit
			  l: base_type name="long" byte_size=8 encoding=5
			  enumeration_type name="slong" byte_size=8 type=l
			    enumerator name="S" const_value=-2
			    enumerator name="T" const_value=0x100000003
		`,
		want: `
			[1] INT 'long' size=8 bits_offset=0 nr_bits=64 encoding=SIGNED
			[2] ENUM 'slong' encoding=UNSIGNED size=8 vlen=2
				'S' val=4294967294
				'T' val=3
		`,
	},
	{
		name: "arrays",
		text: `
			compile_unit
			  c: base_type name="char" byte_size=1 encoding=6
			  array_type type=c
			    subrange_type upper_bound=9
			  array_type type=c
			    subrange_type upper_bound=1
			    subrange_type count=3
			  array_type type=c
			    subrange_type
			  array_type type=c
			    subrange_type upper_bound=[91 08]
			  array_type type=c
			    subrange_type upper_bound=-1
			  array_type type=c
		`,
		want: `
			[1] INT 'char' size=1 bits_offset=0 nr_bits=8 encoding=SIGNED
			[2] ARRAY '(anon)' type_id=1 index_type_id=8 nr_elems=10
			[3] ARRAY '(anon)' type_id=1 index_type_id=8 nr_elems=6
			[4] ARRAY '(anon)' type_id=1 index_type_id=8 nr_elems=0
			[5] ARRAY '(anon)' type_id=1 index_type_id=8 nr_elems=0
			[6] ARRAY '(anon)' type_id=1 index_type_id=8 nr_elems=0
			[7] ARRAY '(anon)' type_id=1 index_type_id=8 nr_elems=1
			[8] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
		`,
	},
	{
		name: "types in functions",
		text: `
			compile_unit
			  subprogram name="f" external prototyped
			    formal_parameter name="p" type=s
			    lexical_block
			      s: structure_type name="local" byte_size=4
			        member name="a" type=i data_member_location=0
			      inlined_subroutine sibling=i
			        formal_parameter
			        structure_type name="never" byte_size=1
			      i: base_type name="int" byte_size=4 encoding=5
			      variable name="v" type=i location=[91 00]
			    call_site
			      call_site_parameter
			  namespace name="n"
			    typedef name="in_namespace" type=i
		`,
		want: `
			[1] STRUCT 'local' size=4 vlen=1
				'a' type_id=2 bits_offset=0
			[2] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[3] TYPEDEF 'in_namespace' type_id=2
			func f
		`,
	},
	{
		name: "a type inside what is jumped over",
		text: `
			compile_unit
			  subprogram name="f"
			    inlined_subroutine sibling=end
			      s: structure_type name="found" byte_size=4
			    end: lexical_block
			  pointer_type type=s
		`,
		want: `
			[1] STRUCT 'found' size=4 vlen=0
			[2] PTR '(anon)' type_id=1
			func f
		`,
	},
	{
		name: "references across units",
		text: `
			unit v5
			compile_unit
			  pointer_type type=ref_addr:i
			  subprogram name="f" type=ref_addr:i
			unit v4 64
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			unit v5 partial
			partial_unit
			  structure_type name="s" byte_size=4
			    member name="a" type=ref_addr:i data_member_location=0
		`,
		want: `
			[1] PTR '(anon)' type_id=2
			[2] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[3] STRUCT 's' size=4 vlen=1
				'a' type_id=2 bits_offset=0
			func f
		`,
	},
	{
		name: "languages left out",
		opts: "norust",
		text: `
			unit
			compile_unit language=28
			  base_type name="u32" byte_size=4 encoding=7
			unit
			compile_unit language=29
			  base_type name="int" byte_size=4 encoding=5
			unit v5
			compile_unit language=0x8001
			  label name="l"
			  subprogram name="asm" type=v
			  v: unspecified_type
		`,
		want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			unit
			func asm
		`,
	},
	{
		name: "languages taken",
		opts: "onlyrust",
		text: `
			unit
			compile_unit language=28
			  base_type name="u32" byte_size=4 encoding=7
			unit
			compile_unit language=29
			  base_type name="int" byte_size=4 encoding=5
			unit
			compile_unit
			  base_type name="char" byte_size=1 encoding=6
			unit v5
			compile_unit language=22
			  base_type name="uint8" byte_size=1 encoding=7
		`,
		want: `
			[1] INT 'u32' size=4 bits_offset=0 nr_bits=32 encoding=(none)
			unit
			[1] INT 'uint8' size=1 bits_offset=0 nr_bits=8 encoding=(none)
		`,
	},
	{
		name: "names by their beginning",
		opts: "prefix",
		text: `
			unit v5
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="s" byte_size=16
			    member name="a" type=i data_member_location=0
			    member name="__hide117" type=i data_member_location=4
			    member name=string:"__hide_inline" type=i data_member_location=8
			    member name="__hideous" type=i data_member_location=12
			  typedef name="x__hide" type=i
			  typedef name="__hid" type=i
		`,
		want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] STRUCT 's' size=16 vlen=4
				'a' type_id=1 bits_offset=0
				'__hide' type_id=1 bits_offset=32
				'__hide' type_id=1 bits_offset=64
				'__hide' type_id=1 bits_offset=96
			[3] TYPEDEF 'x__hide' type_id=1
			[4] TYPEDEF '__hid' type_id=1
		`,
	},
	{
		name: "specifications",
		text: `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  d: class_type name="C" declaration
			  class_type specification=d byte_size=4
			    member name="m" type=i data_member_location=0
			  x: variable name="x" type=i external declaration
			  variable specification=x location=[03 10 00 00 00 00 00 00 00]
		`,
		want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] FWD 'C' fwd_kind=struct
			[3] STRUCT 'C' size=4 vlen=1
				'm' type_id=1 bits_offset=0
			var x type_id=1 addr=0x10 external=true
		`,
	},
	{
		name: "variables",
		text: `
			compile_unit addr_base=sec_offset:8
			  i: base_type name="int" byte_size=4 encoding=5
			  variable name="a" type=i external location=[03 20 00 00 00 00 00 00 00]
			  variable name="merged" type=i location=[03 20 00 00 00 00 00 00 00 23 08]
			  variable name="reg" type=i location=[54]
			  variable name="none" type=i
			  variable name="decl" type=i declaration
			  variable name="art" type=i artificial location=[03 20 00 00 00 00 00 00 00]
			  variable name="indexed" type=i location=[a1 01] low_pc=addrx:0x1000
			  variable name="indexed" type=i location=[a1 00] low_pc=addrx:0x2000
			  variable name="outside" type=i location=[a1 07]
			  variable name="short" type=i location=[03 20]
			  subprogram name="f"
			    variable name="static_local" type=i location=[03 20 00 00 00 00 00 00 00]
		`,
		want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			var a type_id=1 addr=0x20 external=true
			var merged type_id=1 addr=0x28 external=false
			var indexed type_id=1 addr=0x2000 external=false
			var indexed type_id=1 addr=0x1000 external=false
			func f
		`,
	},
	{
		name: "clang annotations",
		text: `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  pointer_type type=s
			    LLVM_annotation name="btf_type_tag" const_value="outer"
			    LLVM_annotation name="btf_type_tag" const_value="inner"
			    LLVM_annotation name="other" const_value="x"
			  s: structure_type name="s" byte_size=8
			    member name="a" type=i data_member_location=0
			    member name="b" type=i data_member_location=4
			      LLVM_annotation name="btf_decl_tag" const_value="member b"
			    LLVM_annotation name="btf_decl_tag" const_value="whole"
			  typedef name="t" type=i
			    LLVM_annotation name="btf_decl_tag" const_value="typedef"
			  variable name="v" type=i location=[03 00 00 00 00 00 00 00 00]
			    LLVM_annotation name="btf_decl_tag" const_value="var"
			  subprogram name="f" low_pc=addr:0x10
			    formal_parameter name="p" type=i
			      LLVM_annotation name="btf_decl_tag" const_value="param"
			    LLVM_annotation name="btf_decl_tag" const_value="func"
		`,
		want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] PTR '(anon)' type_id=6
			[3] STRUCT 's' size=8 vlen=2
				'a' type_id=1 bits_offset=0
				'b' type_id=1 bits_offset=32
			[4] TYPEDEF 't' type_id=1
			[5] TYPE_TAG 'outer' type_id=3
			[6] TYPE_TAG 'inner' type_id=5
			[7] DECL_TAG 'member b' type_id=3 component_idx=1
			[8] DECL_TAG 'whole' type_id=3 component_idx=-1
			[9] DECL_TAG 'typedef' type_id=4 component_idx=-1
			var v type_id=1 addr=0x0 external=false var@-1
			func f param@0 func@-1
		`,
	},
	{
		name: "gcc annotations",
		text: `
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  t2: GNU_annotation name="btf_type_tag" const_value="outer"
			  t1: GNU_annotation name="btf_type_tag" const_value="inner" GNU_annotation=t2
			  pointer_type type=i GNU_annotation=t1
			  pointer_type GNU_annotation=t1
			  ring: GNU_annotation name="btf_decl_tag" const_value="once"
			  structure_type name="s" byte_size=8 GNU_annotation=ring
			    member name="a" type=i data_member_location=0
			    member name="b" type=i data_member_location=4 GNU_annotation=d1
			  d1: GNU_annotation name="btf_decl_tag" const_value="d1" GNU_annotation=d2
			  d2: GNU_annotation name="btf_decl_tag" const_value="d2"
			  subprogram name="f" low_pc=addr:0x10 GNU_annotation=d2
			    formal_parameter name="p" type=i GNU_annotation=d1
		`,
		want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] PTR '(anon)' type_id=6
			[3] PTR '(anon)' type_id=8
			[4] STRUCT 's' size=8 vlen=2
				'a' type_id=1 bits_offset=0
				'b' type_id=1 bits_offset=32
			[5] TYPE_TAG 'outer' type_id=1
			[6] TYPE_TAG 'inner' type_id=5
			[7] TYPE_TAG 'outer' type_id=0
			[8] TYPE_TAG 'inner' type_id=7
			[9] DECL_TAG 'd1' type_id=4 component_idx=1
			[10] DECL_TAG 'd2' type_id=4 component_idx=1
			[11] DECL_TAG 'once' type_id=4 component_idx=-1
			func f d1@0 d2@0 d2@-1
		`,
	},
	{
		name: "annotations off",
		opts: "notags",
		text: `
			compile_unit
			  pointer_type type=s
			    LLVM_annotation name="btf_type_tag" const_value="t"
			  s: structure_type name="s" byte_size=0
			    LLVM_annotation name="btf_decl_tag" const_value="d"
		`,
		want: `
			[1] PTR '(anon)' type_id=2
			[2] STRUCT 's' size=0 vlen=0
		`,
	},
	{
		name:  "every form of string and reference, DWARF64, big endian",
		dwarf: dwarftest.Options{Is64: true, Big: true, CodeStep: 100},
		text: `
			compile_unit str_offsets_base=sec_offset:16 name=strx:"cu"
			  i: base_type name=strp:"int" byte_size=data4:4 encoding=udata:5
			  typedef name=line_strp:"line" type=ref1:i
			  typedef name=strx:"x" type=ref2:i
			  typedef name=strx1:"x1" type=ref8:i
			  typedef name=strx2:"x2" type=ref_udata:i
			  typedef name=strx3:"x3" type=ref4:i
			  typedef name=strx4:"x4" type=indirect-ref4:i
			  typedef name=indirect-strp:"strp" type=i decl_file=indirect-data2:1 frame_base=block2:[1 2] ranges=rnglistx:1
			  typedef name=string:"a longer name in place" type=i comp_dir=string:"skipped" location=block4:[1 2 3]
			  typedef name="sib" decl_line=data16:[1] location=block1:[] high_pc=sdata:-5 low_pc=addrx:5 type=i
		`,
		want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] TYPEDEF 'line' type_id=1
			[3] TYPEDEF 'x' type_id=1
			[4] TYPEDEF 'x1' type_id=1
			[5] TYPEDEF 'x2' type_id=1
			[6] TYPEDEF 'x3' type_id=1
			[7] TYPEDEF 'x4' type_id=1
			[8] TYPEDEF 'strp' type_id=1
			[9] TYPEDEF 'a longer name in place' type_id=1
			[10] TYPEDEF 'sib' type_id=1
		`,
	},
	{
		name:  "DWARF 2",
		dwarf: dwarftest.Options{Version: 2, AddrSize: 4},
		text: `
			unit v2
			compile_unit
			  structure_type name="s" byte_size=data1:8
			    member name="a" type=ref_addr:i data_member_location=block1:[23 00]
			    member name="b" type=ref_addr:i data_member_location=block1:[23 04]
			  variable name="v" type=ref_addr:i external=flag:1 location=block1:[03 10 20 00 00]
			unit v3
			compile_unit
			  i: base_type name="int" byte_size=data1:4 encoding=data1:5
		`,
		want: `
			[1] STRUCT 's' size=8 vlen=2
				'a' type_id=2 bits_offset=0
				'b' type_id=2 bits_offset=32
			[2] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			var v type_id=2 addr=0x2010 external=true
		`,
	},
}
