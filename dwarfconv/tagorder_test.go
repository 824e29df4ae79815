package dwarfconv

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

// TestTagStyles: what one source says with annotations reads the same in BTF,
// whether clang writes it (children in the order of the source) or GCC 16
// (chains of DIEs that stand anywhere). The ids of the types differ, so each
// case has one want for both.
func TestTagStyles(t *testing.T) {
	for _, c := range []struct{ name, llvm, gnu, want string }{
		{
			// struct s __tag(outer) __tag(inner) *p;
			name: "two tags of one pointer",
			llvm: `
				compile_unit
				  s: structure_type name="s" byte_size=0
				  pointer_type type=s
				    LLVM_annotation name="btf_type_tag" const_value="outer"
				    LLVM_annotation name="btf_type_tag" const_value="inner"`,
			gnu: `
				compile_unit
				  s: structure_type name="s" byte_size=0
				  pointer_type type=s GNU_annotation=inner
				  inner: GNU_annotation name="btf_type_tag" const_value="inner" GNU_annotation=outer
				  outer: GNU_annotation name="btf_type_tag" const_value="outer"`,
			want: `
			[1] STRUCT 's' size=0 vlen=0
			[2] PTR '(anon)' type_id=4
			[3] TYPE_TAG 'outer' type_id=1
			[4] TYPE_TAG 'inner' type_id=3`,
		},
		{
			// int __tag1 * __tag1 __tag2 *g;
			name: "tags of a pointer to a tagged pointer",
			llvm: `
				compile_unit
				  i: base_type name="int" byte_size=4 encoding=5
				  pointer_type type=p
				    LLVM_annotation name="btf_type_tag" const_value="tag1"
				    LLVM_annotation name="btf_type_tag" const_value="tag2"
				  p: pointer_type type=i
				    LLVM_annotation name="btf_type_tag" const_value="tag1"`,
			gnu: `
				compile_unit
				  i: base_type name="int" byte_size=4 encoding=5
				  pointer_type type=p GNU_annotation=tag2
				  p: pointer_type type=i GNU_annotation=tag1
				  tag1: GNU_annotation name="btf_type_tag" const_value="tag1"
				  tag2: GNU_annotation name="btf_type_tag" const_value="tag2" GNU_annotation=tag1`,
			want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] PTR '(anon)' type_id=5
			[3] PTR '(anon)' type_id=6
			[4] TYPE_TAG 'tag1' type_id=3
			[5] TYPE_TAG 'tag2' type_id=4
			[6] TYPE_TAG 'tag1' type_id=1`,
		},
		{
			// const below the tag: PTR, TYPE_TAG, CONST as older kernels demand.
			name: "tags stand before qualifiers",
			llvm: `
				compile_unit
				  i: base_type name="int" byte_size=4 encoding=5
				  c: const_type type=i
				  pointer_type type=c
				    LLVM_annotation name="btf_type_tag" const_value="user"`,
			gnu: `
				compile_unit
				  i: base_type name="int" byte_size=4 encoding=5
				  c: const_type type=i
				  pointer_type type=c GNU_annotation=u
				  u: GNU_annotation name="btf_type_tag" const_value="user"`,
			want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] CONST '(anon)' type_id=1
			[3] PTR '(anon)' type_id=4
			[4] TYPE_TAG 'user' type_id=2`,
		},
		{
			name: "struct, union, members, typedef",
			llvm: `
				compile_unit
				  i: base_type name="int" byte_size=4 encoding=5
				  structure_type name="s" byte_size=8
				    member name="a" type=i data_member_location=0
				    member name="b" type=i data_member_location=4
				      LLVM_annotation name="btf_decl_tag" const_value="first"
				      LLVM_annotation name="btf_decl_tag" const_value="second"
				    LLVM_annotation name="btf_decl_tag" const_value="whole"
				  union_type name="u" byte_size=4
				    member name="a" type=i
				      LLVM_annotation name="btf_decl_tag" const_value="of union"
				  typedef name="t" type=i
				    LLVM_annotation name="btf_decl_tag" const_value="of typedef"`,
			gnu: `
				compile_unit
				  t1: GNU_annotation name="btf_decl_tag" const_value="first" GNU_annotation=t2
				  t2: GNU_annotation name="btf_decl_tag" const_value="second"
				  i: base_type name="int" byte_size=4 encoding=5
				  structure_type name="s" byte_size=8 GNU_annotation=t3
				    member name="a" type=i data_member_location=0
				    member name="b" type=i data_member_location=4 GNU_annotation=t1
				  union_type name="u" byte_size=4
				    member name="a" type=i GNU_annotation=t4
				  typedef name="t" type=i GNU_annotation=t5
				  t3: GNU_annotation name="btf_decl_tag" const_value="whole"
				  t4: GNU_annotation name="btf_decl_tag" const_value="of union"
				  t5: GNU_annotation name="btf_decl_tag" const_value="of typedef"`,
			want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] STRUCT 's' size=8 vlen=2
				'a' type_id=1 bits_offset=0
				'b' type_id=1 bits_offset=32
			[3] UNION 'u' size=4 vlen=1
				'a' type_id=1 bits_offset=0
			[4] TYPEDEF 't' type_id=1
			[5] DECL_TAG 'first' type_id=2 component_idx=1
			[6] DECL_TAG 'second' type_id=2 component_idx=1
			[7] DECL_TAG 'whole' type_id=2 component_idx=-1
			[8] DECL_TAG 'of union' type_id=3 component_idx=0
			[9] DECL_TAG 'of typedef' type_id=4 component_idx=-1`,
		},
		{
			name: "functions, parameters, variables",
			llvm: `
				compile_unit
				  i: base_type name="int" byte_size=4 encoding=5
				  subprogram name="f" low_pc=addr:0x10
				    formal_parameter name="a" type=i
				    formal_parameter name="b" type=i
				      LLVM_annotation name="btf_decl_tag" const_value="param"
				    LLVM_annotation name="btf_decl_tag" const_value="func"
				  variable name="v" type=i location=[03 08 00 00 00 00 00 00 00]
				    LLVM_annotation name="btf_decl_tag" const_value="var"`,
			gnu: `
				compile_unit
				  i: base_type name="int" byte_size=4 encoding=5
				  p: GNU_annotation name="btf_decl_tag" const_value="param"
				  subprogram name="f" low_pc=addr:0x10 GNU_annotation=f
				    formal_parameter name="a" type=i
				    formal_parameter name="b" type=i GNU_annotation=p
				  f: GNU_annotation name="btf_decl_tag" const_value="func"
				  v: GNU_annotation name="btf_decl_tag" const_value="var"
				  variable name="v" type=i location=[03 08 00 00 00 00 00 00 00] GNU_annotation=v`,
			want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			var v type_id=1 addr=0x8 external=false var@-1
			func f param@1 func@-1`,
		},
		{
			name: "annotations of nothing, and of another name",
			llvm: `
				compile_unit
				  LLVM_annotation name="btf_decl_tag" const_value="stray"
				  i: base_type name="int" byte_size=4 encoding=5
				    LLVM_annotation name="btf_type_tag" const_value="of an int"
				  pointer_type type=i
				    LLVM_annotation name="btf_decl_tag" const_value="no type tag"
				  structure_type name="s" byte_size=0
				    LLVM_annotation name="btf_type_tag" const_value="no decl tag"
				    LLVM_annotation name="other" const_value="x"
				    LLVM_annotation name="btf_decl_tag"`,
			gnu: `
				compile_unit
				  GNU_annotation name="btf_decl_tag" const_value="stray"
				  i: base_type name="int" byte_size=4 encoding=5 GNU_annotation=t
				  pointer_type type=i GNU_annotation=d
				  structure_type name="s" byte_size=0 GNU_annotation=o
				  t: GNU_annotation name="btf_type_tag" const_value="of an int"
				  d: GNU_annotation name="btf_decl_tag" const_value="no type tag"
				  o: GNU_annotation name="other" const_value="x" GNU_annotation=e
				  e: GNU_annotation name="btf_decl_tag"`,
			want: `
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] PTR '(anon)' type_id=1
			[3] STRUCT 's' size=0 vlen=0`,
		},
	} {
		for style, text := range map[string]string{"llvm": c.llvm, "gnu": c.gnu} {
			t.Run(c.name+" "+style, func(t *testing.T) {
				got, _, err := convertText(t, dwarftest.Options{}, all, trim(text))
				if err != nil {
					t.Fatal(err)
				}
				if want := trim(c.want); got != want {
					t.Errorf("got\n%swant\n%s", got, want)
				}
			})
		}
	}
}

// TestTagChains: chains that do not end, lead to something else, or mix the
// two kinds.
func TestTagChains(t *testing.T) {
	got, _, err := convertText(t, dwarftest.Options{}, all, trim(`
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  pointer_type type=i GNU_annotation=i
			  pointer_type type=i GNU_annotation=a
			  structure_type name="s" byte_size=0 GNU_annotation=a
			  a: GNU_annotation name="btf_type_tag" const_value="one" GNU_annotation=b
			  b: GNU_annotation name="btf_decl_tag" const_value="two" GNU_annotation=c
			  c: GNU_annotation name="btf_type_tag" const_value="three" GNU_annotation=i
	`))
	want := trim(`
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] PTR '(anon)' type_id=1
			[3] PTR '(anon)' type_id=5
			[4] STRUCT 's' size=0 vlen=0
			[5] TYPE_TAG 'one' type_id=1
			[6] DECL_TAG 'two' type_id=4 component_idx=-1
	`)
	if err != nil || got != want {
		t.Errorf("got %v\n%swant\n%s", err, got, want)
	}
}

// TestTagOfMovedMember: members are put in the order of their offsets, and
// tags stay with their members.
func TestTagOfMovedMember(t *testing.T) {
	got, _, err := convertText(t, dwarftest.Options{}, all, trim(`
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="s" byte_size=8
			    member name="b" type=i data_member_location=4
			      LLVM_annotation name="btf_decl_tag" const_value="of b"
			    member name="a" type=i data_member_location=0
	`))
	want := trim(`
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] STRUCT 's' size=8 vlen=2
				'a' type_id=1 bits_offset=0
				'b' type_id=1 bits_offset=32
			[3] DECL_TAG 'of b' type_id=2 component_idx=1
	`)
	if err != nil || got != want {
		t.Errorf("got %v\n%swant\n%s", err, got, want)
	}
}

// TestTagOfOldBitField: the place of a bit-field by DW_AT_bit_offset is known
// late, and every one of them asks for its struct to be sorted.
func TestTagOfOldBitField(t *testing.T) {
	got, _, err := convertText(t, dwarftest.Options{Version: 2}, all, trim(`
			compile_unit
			  i: base_type name="int" byte_size=4 encoding=5
			  structure_type name="s" byte_size=4
			    member name="high" type=i byte_size=4 bit_size=8 bit_offset=0 data_member_location=0
			      LLVM_annotation name="btf_decl_tag" const_value="of high"
			    member name="low" type=i byte_size=4 bit_size=8 bit_offset=24 data_member_location=0
			      LLVM_annotation name="btf_decl_tag" const_value="of low"
			    member name="next" type=i byte_size=4 bit_size=8 bit_offset=16 data_member_location=0
	`))
	want := trim(`
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] STRUCT 's' size=4 vlen=3
				'low' type_id=1 bits_offset=0 bitfield_size=8
				'next' type_id=1 bits_offset=8 bitfield_size=8
				'high' type_id=1 bits_offset=24 bitfield_size=8
			[3] DECL_TAG 'of high' type_id=2 component_idx=2
			[4] DECL_TAG 'of low' type_id=2 component_idx=0
	`)
	if err != nil || got != want {
		t.Errorf("got %v\n%swant\n%s", err, got, want)
	}
}
