package btf_test

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// ruleCase is one BTF and what BPF_BTF_LOAD says of it.
type ruleCase struct {
	name string
	text string // in the form of btftest.Parse; [1] is an int where it begins with [2]
	want string // "" is accepted
}

const intLine = "[1] INT 'int' size=4 encoding=SIGNED\n"

func (c ruleCase) parse(t testing.TB) *btf.BTF {
	t.Helper()
	text := c.text
	if strings.HasPrefix(strings.TrimSpace(text), "[2]") {
		text = intLine + text
	}
	return btftest.MustParse(t, text, nil)
}

// The cases are those of the kernel's
// tools/testing/selftests/bpf/prog_tests/btf.c, by its names, and some more.
var ruleCases = []ruleCase{
	{"struct test #1", `[2] INT 'long' size=8 encoding=SIGNED
		[3] STRUCT 'A' size=180
			'm' type_id=2
			'n' type_id=1 bits_offset=64
			'o' type_id=5 bits_offset=96
			'p' type_id=6 bits_offset=128
			'q' type_id=7 bits_offset=1152
		[4] INT 'char' size=1
		[5] ENUM 'E' size=4
			'E0' val=0
			'E1' val=1
		[6] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=32
		[7] ARRAY '(anon)' type_id=4 index_type_id=1 nr_elems=32`, ""},
	{"struct test #2", `[2] STRUCT 'A' size=68
			'm' type_id=1
			'n' type_id=3 bits_offset=32
		[3] ARRAY '(anon)' type_id=4 index_type_id=1 nr_elems=4
		[4] STRUCT 'B' size=16
			'm' type_id=1
			'n' type_id=1 bits_offset=32
			'o' type_id=5 bits_offset=64
		[5] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=2`, ""},
	{"struct test #3: offsets fall", `[2] STRUCT 'A' size=68
			'm' type_id=1 bits_offset=64
			'n' type_id=1 bits_offset=32`, "Invalid member bits_offset"},
	{"union member with an offset", `[2] UNION 'A' size=8
			'm' type_id=1 bits_offset=32`, "Invalid member bits_offset"},
	{"member starts beyond", `[2] STRUCT 'A' size=4
			'm' type_id=1 bits_offset=64`, "Member bits_offset exceeds its struct size"},

	// global data
	{"global data #1", `[2] VAR 'v' type_id=1, linkage=static
		[3] DATASEC '.bss' size=4
			type_id=2 offset=0 size=4`, ""},
	{"global data #2", `[2] VAR 'v' type_id=1
		[3] VAR 'w' type_id=1, linkage=global
		[4] DATASEC '.bss' size=8
			type_id=2 offset=0 size=4
			type_id=3 offset=4 size=4`, ""},
	{"global data #3", `[2] VAR 'v' type_id=1, linkage=global`, ""},
	{"global data #4: linkage", `[2] VAR 'v' type_id=1, linkage=2`, "Linkage not supported"},
	{"global data #5: var of void", `[2] VAR 'v' type_id=0`, "Invalid type_id"},
	{"global data #6: var of fwd", `[2] FWD 'f' fwd_kind=struct
		[3] VAR 'v' type_id=2`, "Invalid type"},
	{"global data #7: var of typedef of fwd", `[2] FWD 'f' fwd_kind=struct
		[3] TYPEDEF 't' type_id=2
		[4] VAR 'v' type_id=3`, "Invalid type"},
	{"global data #8: size beyond section", `[2] VAR 'v' type_id=1
		[3] DATASEC '.bss' size=4
			type_id=2 offset=0 size=8`, "Invalid size"},
	{"global data #9: size smaller than type", `[2] VAR 'v' type_id=1
		[3] DATASEC '.bss' size=4
			type_id=2 offset=0 size=2`, "Invalid size"},
	{"global data #10: size 0", `[2] VAR 'v' type_id=1
		[3] DATASEC '.bss' size=4
			type_id=2 offset=0 size=0`, "Invalid size"},
	{"global data #11: bigger than type", `[2] VAR 'v' type_id=1
		[3] DATASEC '.bss' size=8
			type_id=2 offset=0 size=8`, ""},
	{"global data #12: offset+size", `[2] VAR 'v' type_id=1
		[3] DATASEC '.bss' size=6
			type_id=2 offset=4 size=4`, "Invalid offset+size"},
	{"global data #13: offset beyond", `[2] VAR 'v' type_id=1
		[3] DATASEC '.bss' size=4
			type_id=2 offset=8 size=4`, "Invalid offset"},
	{"global data #14: overlap", `[2] VAR 'v' type_id=1
		[3] VAR 'w' type_id=1
		[4] DATASEC '.bss' size=8
			type_id=2 offset=0 size=4
			type_id=3 offset=2 size=4`, "Invalid offset"},
	{"global data #15: not a var", `[2] DATASEC '.bss' size=4
			type_id=1 offset=0 size=4`, "Not a VAR kind member"},
	{"global data #16: var of var", `[2] VAR 'v' type_id=3
		[3] VAR 'w' type_id=1`, "Invalid type_id"},
	{"global data #17: var of itself", `[2] VAR 'v' type_id=2`, "Invalid type_id"},
	{"global data #18: ptr to var", `[2] PTR '(anon)' type_id=3
		[3] VAR 'w' type_id=1`, "Invalid type_id"},
	{"global data #19: const of var", `[2] CONST '(anon)' type_id=3
		[3] VAR 'w' type_id=1`, "Invalid type_id"},
	{"global data #20: typedef of var", `[2] TYPEDEF 't' type_id=3
		[3] VAR 'w' type_id=1`, "Invalid type_id"},
	{"global data #21: member var", `[2] VAR 'v' type_id=1
		[3] STRUCT 'A' size=4
			'm' type_id=2`, "Invalid member"},
	{"global data #22: array of var", `[2] VAR 'v' type_id=1
		[3] ARRAY '(anon)' type_id=2 index_type_id=1 nr_elems=1`, "Invalid elem"},
	{"var after datasec, ptr followed by modifier", `[2] DATASEC '.bss' size=32
			type_id=5 offset=0 size=8
			type_id=3 offset=8 size=4
			type_id=4 offset=12 size=16
		[3] VAR 'a' type_id=1
		[4] VAR 'b' type_id=6
		[5] VAR 'c' type_id=8
		[6] ARRAY '(anon)' type_id=7 index_type_id=1 nr_elems=2
		[7] PTR '(anon)' type_id=9
		[8] PTR '(anon)' type_id=10
		[9] CONST '(anon)' type_id=11
		[10] TYPEDEF 't' type_id=1
		[11] STRUCT 's' size=8
			'p' type_id=7`, ""},
	{"datasec: vlen == 0", `[2] DATASEC '.data' size=1`, ""},
	{"datasec: size == 0", `[2] DATASEC '.data' size=0`, "size == 0"},
	{"datasec: kind_flag", `[2] DATASEC '.data' size=1 kind_flag=1`, "Invalid btf_info kind_flag"},
	{"datasec: name '?.foo bar:buz'", `[2] DATASEC '?.foo bar:buz' size=1`, ""},
	{"datasec: no name", `[2] DATASEC '(anon)' size=1`, "Invalid name"},
	{"datasec: non-printable name", "[2] DATASEC '.foo \a bar' size=1", "Invalid name"},
	{"datasec: entry of void", `[2] DATASEC '.data' size=4
			type_id=0 offset=0 size=4`, "Invalid type_id"},

	// sizes
	{"size check #1", `[2] STRUCT 'A' size=3
			'm' type_id=1`, "Member exceeds struct_size"},
	{"size check #2", `[2] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=2
		[3] STRUCT 'A' size=7
			'm' type_id=2`, "Member exceeds struct_size"},
	{"size check #3", `[2] PTR '(anon)' type_id=1
		[3] STRUCT 'A' size=7
			'm' type_id=2`, "Member exceeds struct_size"},
	{"size check #4", `[2] ENUM 'E' size=4
			'E0' val=0
		[3] STRUCT 'A' size=3
			'm' type_id=2`, "Member exceeds struct_size"},
	{"size check #5: enum of other size", `[2] ENUM 'E' size=1
			'E0' val=0
		[3] STRUCT 'A' size=1
			'm' type_id=2`, ""},
	{"array too large", `[2] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=0x40000000`, "Array size overflows U32_MAX"},
	{"array at its largest", `[2] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=0x3fffffff`, ""},
	{"array of odd int", `[2] INT 'b' size=4 nr_bits=3
		[3] ARRAY '(anon)' type_id=2 index_type_id=1 nr_elems=1`, "Invalid array of int"},
	{"array with a struct as index", `[2] STRUCT 's' size=0
		[3] ARRAY '(anon)' type_id=1 index_type_id=2 nr_elems=1`, "Invalid index"},
	{"array with size", `[2] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=1 size=4`, "size != 0"},
	{"array of void index", `[2] ARRAY '(anon)' type_id=1 index_type_id=0 nr_elems=1`, "Invalid index"},
	{"array of func", `[2] FUNC_PROTO '(anon)' ret_type_id=0
		[3] FUNC 'f' type_id=2
		[4] ARRAY '(anon)' type_id=3 index_type_id=1 nr_elems=1`, "Invalid elem"},

	// void
	{"void test #1", `[2] CONST '(anon)' type_id=0
		[3] PTR '(anon)' type_id=2`, ""},
	{"void test #2", `[2] STRUCT 'A' size=4
			'm' type_id=3
		[3] CONST '(anon)' type_id=0`, "Invalid member"},
	{"void test #3", `[2] PTR '(anon)' type_id=0
		[3] CONST '(anon)' type_id=2
		[4] STRUCT 'A' size=8
			'm' type_id=3`, ""},
	{"void test #4", `[2] CONST '(anon)' type_id=0
		[3] ARRAY '(anon)' type_id=2 index_type_id=1 nr_elems=4`, "Invalid elem"},
	{"void member", `[2] STRUCT 'A' size=4
			'm' type_id=0`, "Invalid type_id"},
	{"fwd member", `[2] FWD 'f' fwd_kind=struct
		[3] STRUCT 'A' size=4
			'm' type_id=2`, "Invalid member"},

	// loops
	{"loop test #1: typedefs", `[2] TYPEDEF 'a' type_id=3
		[3] TYPEDEF 'b' type_id=2`, "Loop detected"},
	{"loop test #2: modifiers", `[2] CONST '(anon)' type_id=3
		[3] VOLATILE '(anon)' type_id=4
		[4] TYPEDEF 'a' type_id=2`, "Loop detected"},
	{"loop test #3: array and struct", `[2] STRUCT 'A' size=4
			'm' type_id=3
		[3] ARRAY '(anon)' type_id=2 index_type_id=1 nr_elems=1`, "Loop detected"},
	{"loop test #4: struct in itself", `[2] STRUCT 'A' size=4
			'm' type_id=2`, "Loop detected"},
	{"loop test #5: two structs, by typedef", `[2] STRUCT 'A' size=4
			'm' type_id=3
		[3] TYPEDEF 'b' type_id=4
		[4] STRUCT 'B' size=4
			'm' type_id=2`, "Loop detected"},
	{"loop test #6: ptrs", `[2] PTR '(anon)' type_id=3
		[3] PTR '(anon)' type_id=2`, "Loop detected"},
	{"loop test #7: ptr and modifier behind a struct", `[2] STRUCT 'A' size=8
			'm' type_id=3
		[3] CONST '(anon)' type_id=4
		[4] PTR '(anon)' type_id=3`, "Loop detected"},
	{"loop test #8: two ptrs and modifiers behind a struct", `[2] STRUCT 'A' size=8
			'm' type_id=3
		[3] CONST '(anon)' type_id=4
		[4] PTR '(anon)' type_id=6
		[5] TYPEDEF 'a' type_id=6
		[6] RESTRICT '(anon)' type_id=7
		[7] PTR '(anon)' type_id=5`, "Loop detected"},
	{"no loop: list", `[2] STRUCT 'A' size=8
			'm' type_id=3
		[3] PTR '(anon)' type_id=4
		[4] CONST '(anon)' type_id=2`, ""},
	{"ptr to a func that comes before", `[2] FUNC_PROTO '(anon)' ret_type_id=0
		[3] FUNC 'f' type_id=2
		[4] PTR '(anon)' type_id=3`, ""},
	{"ptr to a func that comes later", `[2] FUNC_PROTO '(anon)' ret_type_id=0
		[3] PTR '(anon)' type_id=4
		[4] FUNC 'f' type_id=2`, "Invalid type_id"},
	{"const of a func that comes later", `[2] FUNC_PROTO '(anon)' ret_type_id=0
		[3] CONST '(anon)' type_id=4
		[4] FUNC 'f' type_id=2`, ""},
	{"member of const of func", `[2] FUNC_PROTO '(anon)' ret_type_id=0
		[3] CONST '(anon)' type_id=4
		[4] FUNC 'f' type_id=2
		[5] STRUCT 's' size=8
			'm' type_id=3`, "Invalid member"},
	{"var of func", `[2] FUNC_PROTO '(anon)' ret_type_id=0
		[3] FUNC 'f' type_id=2
		[4] VAR 'v' type_id=3, linkage=static`, "Invalid type_id"},
	{"func of const of func proto", `[2] FUNC_PROTO '(anon)' ret_type_id=0
		[3] CONST '(anon)' type_id=2
		[4] FUNC 'f' type_id=3`, "Invalid type_id"},
	{"as deep as it goes", deepStructs(31), ""},
	{"too deep", deepStructs(32), "Exceeded max resolving depth:32"},
	{"as many modifiers as it goes", modifiers(32), ""},
	{"too many modifiers", modifiers(33), "Exceeded max resolving depth:32"},
	{"many modifiers, each met after the next", reverseModifiers(100), ""},

	// words of one kind
	{"int: invalid int_data", `[2] INT 'i' size=4 int_data=0x10000020`, "Invalid int_data:10000020"},
	{"int: too many bits", `[2] INT 'i' size=16 bits_offset=1 nr_bits=128`, "nr_bits exceeds 128"},
	{"int: more bits than size", `[2] INT 'i' size=4 nr_bits=33`, "nr_bits exceeds type_size"},
	{"int: two encodings", `[2] INT 'i' size=4 encoding=3`, "Unsupported encoding"},
	{"int: vlen", `[2] INT 'i' size=4 info=0x01000001`, "vlen != 0"},
	{"int: kind_flag", `[2] INT 'i' size=4 kind_flag=1`, "Invalid btf_info kind_flag"},
	{"int: any name", `[2] INT '?!' size=4`, ""},
	{"ptr: vlen", `[2] PTR '(anon)' type_id=1 info=0x02000001`, "vlen != 0"},
	{"ptr: kind_flag", `[2] PTR '(anon)' type_id=1 kind_flag=1`, "Invalid btf_info kind_flag"},
	{"array: kind_flag", `[2] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=1 kind_flag=1`, "Invalid btf_info kind_flag"},
	{"typedef: kind_flag", `[2] TYPEDEF 't' type_id=1 kind_flag=1`, "Invalid btf_info kind_flag"},
	{"volatile: kind_flag", `[2] VOLATILE '(anon)' type_id=1 kind_flag=1`, "Invalid btf_info kind_flag"},
	{"const: kind_flag", `[2] CONST '(anon)' type_id=1 kind_flag=1`, "Invalid btf_info kind_flag"},
	{"restrict: kind_flag", `[2] RESTRICT '(anon)' type_id=1 kind_flag=1`, "Invalid btf_info kind_flag"},
	{"func: kind_flag", `[2] FUNC_PROTO '(anon)' ret_type_id=0
		[3] FUNC 'f' type_id=2 kind_flag=1`, "Invalid btf_info kind_flag"},
	{"func proto: kind_flag", `[2] FUNC_PROTO '(anon)' ret_type_id=0 kind_flag=1`, "Invalid btf_info kind_flag"},
	{"fwd: kind_flag", `[2] FWD 'f' fwd_kind=union`, ""},
	{"fwd: type", `[2] FWD 'f' type_id=1`, "type != 0"},
	{"fwd: vlen", `[2] FWD 'f' info=0x07000001`, "vlen != 0"},

	// names
	{"typedef: no name", `[2] TYPEDEF '(anon)' type_id=1`, "Invalid name"},
	{"typedef: invalid name", `[2] TYPEDEF '__!int' type_id=1`, "Invalid name"},
	{"ptr: name", `[2] PTR 'p' type_id=1`, "Invalid name"},
	{"volatile: name", `[2] VOLATILE 'p' type_id=1`, "Invalid name"},
	{"const: name", `[2] CONST 'p' type_id=1`, "Invalid name"},
	{"restrict: name", `[2] RESTRICT 'p' type_id=1`, "Invalid name"},
	{"array: name", `[2] ARRAY '__skb' type_id=1 index_type_id=1 nr_elems=4`, "Invalid name"},
	{"fwd: no name", `[2] FWD '(anon)' fwd_kind=struct`, "Invalid name"},
	{"fwd: invalid name", `[2] FWD '__!skb' fwd_kind=struct`, "Invalid name"},
	{"struct: no name", `[2] STRUCT '(anon)' size=4
			'A' type_id=1`, ""},
	{"struct: invalid name", `[2] STRUCT 'A!' size=4
			'B' type_id=1`, "Invalid name"},
	{"struct member: no name", `[2] STRUCT 'A' size=4
			'(anon)' type_id=1`, ""},
	{"struct member: invalid name", `[2] STRUCT 'A' size=4
			'B*' type_id=1`, "Invalid name"},
	{"enum: no name", `[2] ENUM '(anon)' size=4
			'A' val=0`, ""},
	{"enum: invalid name", `[2] ENUM 'A!' size=4
			'B' val=0`, "Invalid name"},
	{"enum member: no name", `[2] ENUM '(anon)' size=4
			'(anon)' val=0`, "Invalid name"},
	{"enum member: invalid name", `[2] ENUM '(anon)' size=4
			'A!' val=0`, "Invalid name"},
	{"type name '?foo'", `[2] TYPEDEF '?foo' type_id=1`, "Invalid name"},
	{"name with dots", `[2] TYPEDEF '.a.b' type_id=1`, ""},
	{"name begins with a digit", `[2] TYPEDEF '9a' type_id=1`, "Invalid name"},
	{"name in Latin-1", "[2] TYPEDEF '\xe9t\xe9' type_id=1", ""},
	{"name with the Latin-1 sign ×", "[2] TYPEDEF 'a\xd7' type_id=1", "Invalid name"},
	{"longest name", "[2] TYPEDEF '" + strings.Repeat("n", 512) + "' type_id=1", ""},
	{"name too long", "[2] TYPEDEF '" + strings.Repeat("n", 513) + "' type_id=1", "Invalid name"},
	{"name offset beyond the strings", `[2] TYPEDEF 't' type_id=1 name_off=100`, "Invalid name_offset:100"},

	// functions
	{"func proto: int (*)(int, unsigned int)", `[2] INT 'unsigned int' size=4
		[3] FUNC_PROTO '(anon)' ret_type_id=1
			'(anon)' type_id=1
			'(anon)' type_id=2
		[4] PTR '(anon)' type_id=3`, ""},
	{"func proto: vararg", `[2] FUNC_PROTO '(anon)' ret_type_id=0
			'(anon)' type_id=1
			'(anon)' type_id=0`, ""},
	{"func proto: vararg with name", `[2] FUNC_PROTO '(anon)' ret_type_id=0
			'a' type_id=1
			'b' type_id=1
			'va' type_id=0`, "Invalid arg#3"},
	{"func proto: arg after vararg", `[2] FUNC_PROTO '(anon)' ret_type_id=0
			'a' type_id=1
			'(anon)' type_id=0
			'b' type_id=1`, "Invalid arg#2"},
	{"func proto: CONST=>TYPEDEF=>PTR=>FUNC_PROTO", `[2] TYPEDEF 't' type_id=4
		[3] CONST '(anon)' type_id=2
		[4] PTR '(anon)' type_id=5
		[5] FUNC_PROTO '(anon)' ret_type_id=0
			'(anon)' type_id=3`, ""},
	{"func proto: TYPEDEF=>FUNC_PROTO", `[2] TYPEDEF 't' type_id=3
		[3] FUNC_PROTO '(anon)' ret_type_id=0
			'(anon)' type_id=1`, ""},
	{"func proto: btf_resolve(arg)", `[2] FUNC_PROTO '(anon)' ret_type_id=0
			'(anon)' type_id=3
		[3] PTR '(anon)' type_id=4
		[4] CONST '(anon)' type_id=0`, ""},
	{"func proto: not all arg has name", `[2] FUNC_PROTO '(anon)' ret_type_id=0
			'(anon)' type_id=1
			'b' type_id=1`, ""},
	{"func proto: bad arg name_off", `[2] FUNC_PROTO '(anon)' ret_type_id=0
			'a' type_id=1
			'b' type_id=1 name_off=0x0fffffff`, "Invalid arg#2"},
	{"func proto: bad arg name", `[2] FUNC_PROTO '(anon)' ret_type_id=0
			'a' type_id=1
			'!!!' type_id=1`, "Invalid arg#2"},
	{"func proto: invalid return type", `[2] FUNC_PROTO '(anon)' ret_type_id=100`, "Invalid return type"},
	{"func proto: returns fwd", `[2] FWD 'f' fwd_kind=struct
		[3] FUNC_PROTO '(anon)' ret_type_id=2`, "Invalid return type"},
	{"func proto: name", `[2] FUNC_PROTO 'func_proto' ret_type_id=0`, "Invalid name"},
	{"func proto: const void arg", `[2] CONST '(anon)' type_id=0
		[3] FUNC_PROTO '(anon)' ret_type_id=0
			'a' type_id=2
			'b' type_id=1`, "Invalid arg#1"},
	{"func: void func(int a, unsigned int b)", `[2] INT 'unsigned int' size=4
		[3] FUNC_PROTO '(anon)' ret_type_id=0
			'a' type_id=1
			'b' type_id=2
		[4] FUNC 'func' type_id=3`, ""},
	{"func: variable arguments", `[2] FUNC_PROTO '(anon)' ret_type_id=0
			'a' type_id=1
			'(anon)' type_id=0
		[3] FUNC 'func' type_id=2`, ""},
	{"func: no name", `[2] FUNC_PROTO '(anon)' ret_type_id=0
		[3] FUNC '(anon)' type_id=2`, "Invalid name"},
	{"func: invalid name", `[2] FUNC_PROTO '(anon)' ret_type_id=0
		[3] FUNC '!!!' type_id=2`, "Invalid name"},
	{"func: some arg has no name", `[2] FUNC_PROTO '(anon)' ret_type_id=0
			'a' type_id=1
			'(anon)' type_id=1
		[3] FUNC 'func' type_id=2`, "Invalid arg#2"},
	{"func: non zero vlen", `[2] FUNC_PROTO '(anon)' ret_type_id=0
		[3] FUNC 'func' type_id=2 linkage=2`, "Invalid func linkage"},
	{"func: not referring to FUNC_PROTO", `[2] FUNC 'func' type_id=1`, "Invalid type_id"},
	{"func: refers to nothing", `[2] FUNC 'func' type_id=9`, "Invalid type_id"},

	// kind_flag and bit-fields
	{"kflag struct, bitfield_size 0", `[2] STRUCT 'A' size=8 kind_flag=1
			'a' type_id=1
			'b' type_id=1 bits_offset=32`, ""},
	{"kflag struct, int bit-fields", `[2] STRUCT 'A' size=4
			'a' type_id=1 bitfield_size=3
			'b' type_id=1 bits_offset=3 bitfield_size=29`, ""},
	{"kflag union, enum bit-fields", `[2] ENUM 'E' size=4
			'E0' val=0
		[3] UNION 'A' size=4
			'a' type_id=2 bitfield_size=4
			'b' type_id=2 bitfield_size=32`, ""},
	{"kflag struct, typedef bit-fields", `[2] CONST '(anon)' type_id=1
		[3] TYPEDEF 't' type_id=2
		[4] STRUCT 'A' size=4
			'a' type_id=3 bitfield_size=4
			'b' type_id=3 bits_offset=4 bitfield_size=4`, ""},
	{"kflag struct, bitfield_size too large for the type", `[2] STRUCT 'A' size=8
			'a' type_id=1 bitfield_size=33`, "Invalid member bitfield_size"},
	{"kflag struct, bit-field beyond the struct", `[2] STRUCT 'A' size=4
			'a' type_id=1 bitfield_size=20
			'b' type_id=1 bits_offset=20 bitfield_size=20`, "Member exceeds struct_size"},
	{"kflag union, bit-field beyond the union", `[2] UNION 'A' size=2
			'a' type_id=1 bitfield_size=20`, "Member exceeds struct_size"},
	{"kflag struct, base int not regular: offset", `[2] INT 'i' size=4 bits_offset=10 nr_bits=10
		[3] STRUCT 'A' size=4
			'a' type_id=2 bitfield_size=4`, "Invalid member base type"},
	{"kflag union, base int not regular: bits", `[2] INT 'i' size=4 nr_bits=30
		[3] UNION 'A' size=4
			'a' type_id=2 bitfield_size=4`, "Invalid member base type"},
	{"kflag struct, int without bitfield_size between bytes", `[2] STRUCT 'A' size=8 kind_flag=1
			'a' type_id=1
			'b' type_id=1 bits_offset=36`, "Invalid member offset"},
	{"kflag struct, enum without bitfield_size between bytes", `[2] ENUM 'E' size=4
			'E0' val=0
		[3] STRUCT 'A' size=8 kind_flag=1
			'a' type_id=2
			'b' type_id=2 bits_offset=36`, "Member is not byte aligned"},
	{"kflag struct, enum bit-field of 33 bits", `[2] ENUM64 'E' size=8
			'E0' val=0
		[3] STRUCT 'A' size=8
			'b' type_id=2 bitfield_size=33`, "Invalid member bitfield_size"},
	{"kflag struct, pointer bit-field", `[2] PTR '(anon)' type_id=1
		[3] STRUCT 'A' size=8
			'b' type_id=2 bitfield_size=33`, "Invalid member bitfield_size"},
	{"pointer between bytes", `[2] PTR '(anon)' type_id=1
		[3] STRUCT 'A' size=16
			'b' type_id=2 bits_offset=4`, "Member is not byte aligned"},
	{"struct between bytes", `[2] STRUCT 'B' size=4
		[3] STRUCT 'A' size=16
			'b' type_id=2 bits_offset=4`, "Member is not byte aligned"},
	{"128-bit int", `[2] INT '__int128' size=16
		[3] STRUCT 'A' size=16
			'a' type_id=2`, ""},
	{"120-bit int of old form", `[2] INT 'i' size=16 nr_bits=120
		[3] STRUCT 'A' size=17
			'a' type_id=1 bits_offset=0
			'b' type_id=2 bits_offset=8`, ""},
	{"120-bit int of old form, too far", `[2] INT 'i' size=16 nr_bits=128
		[3] STRUCT 'A' size=32
			'b' type_id=2 bits_offset=9`, "nr_copy_bits exceeds 128"},
	{"120-bit bit-field", `[2] INT '__int128' size=16
		[3] STRUCT 'A' size=16
			'a' type_id=2 bitfield_size=120
			'b' type_id=2 bits_offset=120 bitfield_size=8`, ""},

	// what members are resolved to
	{"struct->ptr->typedef->array->int", `[2] PTR '(anon)' type_id=3
		[3] TYPEDEF 'a' type_id=4
		[4] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=16
		[5] STRUCT 's' size=8
			'm' type_id=2`, ""},
	{"typedef->multi-array->struct", `[2] TYPEDEF 'ma' type_id=3
		[3] ARRAY '(anon)' type_id=4 index_type_id=1 nr_elems=2
		[4] ARRAY '(anon)' type_id=5 index_type_id=1 nr_elems=3
		[5] STRUCT 's' size=8
			'a' type_id=1
			'b' type_id=1 bits_offset=32
		[6] STRUCT 't' size=48
			'm' type_id=2`, ""},
	{"multi-array one byte short", `[2] TYPEDEF 'ma' type_id=3
		[3] ARRAY '(anon)' type_id=4 index_type_id=1 nr_elems=2
		[4] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=3
		[5] STRUCT 't' size=23
			'm' type_id=2`, "Member exceeds struct_size"},

	// floats
	{"float #1", `[2] FLOAT 'half' size=2
		[3] FLOAT 'float' size=4
		[4] FLOAT 'double' size=8
		[5] FLOAT 'x87' size=12
		[6] FLOAT 'quad' size=16
		[7] STRUCT 's' size=48
			'a' type_id=2
			'b' type_id=3 bits_offset=32
			'c' type_id=4 bits_offset=64
			'd' type_id=5 bits_offset=128
			'e' type_id=6 bits_offset=256`, ""},
	{"float #2: vlen", `[2] FLOAT 'f' size=4 info=0x10000001`, "vlen != 0"},
	{"float #3: kind_flag", `[2] FLOAT 'f' size=4 kind_flag=1`, "Invalid btf_info kind_flag"},
	{"float #4: does not fit", `[2] FLOAT 'f' size=4
		[3] STRUCT 's' size=2
			'a' type_id=2`, "Member exceeds struct_size"},
	{"float #5: not aligned", `[2] FLOAT 'f' size=4
		[3] STRUCT 's' size=8
			'a' type_id=2 bits_offset=8`, "Member is not properly aligned"},
	{"float #6: size", `[2] FLOAT 'f' size=6`, "Invalid type_size"},

	// tags
	{"decl_tag #1", `[2] VAR 't' type_id=1
		[3] DECL_TAG 'tag' type_id=2 component_idx=-1`, ""},
	{"decl_tag #2: func", `[2] FUNC_PROTO '(anon)' ret_type_id=0
			'a' type_id=1
		[3] FUNC 'f' type_id=2
		[4] DECL_TAG 'tag' type_id=3 component_idx=-1
		[5] DECL_TAG 'tag' type_id=3 component_idx=0`, ""},
	{"decl_tag #3: struct member, any value", `[2] STRUCT 's' size=8
			'a' type_id=1
			'b' type_id=1 bits_offset=32
		[3] DECL_TAG '!? tag' type_id=2 component_idx=1`, ""},
	{"decl_tag #4: before its target", `[2] DECL_TAG 'tag' type_id=3 component_idx=0
		[3] UNION 's' size=4
			'a' type_id=1`, ""},
	{"decl_tag #5: no value", `[2] VAR 't' type_id=1
		[3] DECL_TAG '(anon)' type_id=2 component_idx=-1`, "Invalid value"},
	{"decl_tag #6: target", `[2] PTR '(anon)' type_id=1
		[3] DECL_TAG 'tag' type_id=2 component_idx=-1`, "Invalid type"},
	{"decl_tag #7: vlen", `[2] VAR 't' type_id=1
		[3] DECL_TAG 'tag' type_id=2 component_idx=-1 info=0x11000001`, "vlen != 0"},
	{"decl_tag #9: component of var", `[2] VAR 't' type_id=1
		[3] DECL_TAG 'tag' type_id=2 component_idx=0`, "Invalid component_idx"},
	{"decl_tag #10: component beyond struct", `[2] STRUCT 's' size=4
			'a' type_id=1
		[3] DECL_TAG 'tag' type_id=2 component_idx=1`, "Invalid component_idx"},
	{"decl_tag #11: component beyond func", `[2] FUNC_PROTO '(anon)' ret_type_id=0
		[3] FUNC 'f' type_id=2
		[4] DECL_TAG 'tag' type_id=3 component_idx=0`, "Invalid component_idx"},
	{"decl_tag #12: component below -1", `[2] VAR 't' type_id=1
		[3] DECL_TAG 'tag' type_id=2 component_idx=-2`, "Invalid component_idx"},
	{"decl_tag #13: typedef", `[2] TYPEDEF 't' type_id=1
		[3] DECL_TAG 'tag' type_id=2 component_idx=-1`, ""},
	{"decl_tag #14: component of typedef", `[2] TYPEDEF 't' type_id=1
		[3] DECL_TAG 'tag' type_id=2 component_idx=0`, "Invalid component_idx"},
	{"decl_tag #15: decl_tag as ref type", `[2] STRUCT 's' size=4
			'a' type_id=1
		[3] DECL_TAG 'tag' type_id=2 component_idx=0
		[4] PTR '(anon)' type_id=3`, "Invalid type_id"},
	{"decl_tag #16: func proto, return type", `[2] VAR 't' type_id=1
		[3] DECL_TAG 'tag' type_id=2 component_idx=-1
		[4] FUNC_PROTO '(anon)' ret_type_id=3`, "Invalid return type"},
	{"decl_tag #17: func proto, argument", `[2] VAR 't' type_id=1
		[3] DECL_TAG 'tag' type_id=2 component_idx=-1
		[4] FUNC_PROTO '(anon)' ret_type_id=0
			'a' type_id=3`, "Invalid arg#1"},
	{"type_tag #1", `[2] TYPE_TAG 'tag' type_id=1
		[3] PTR '(anon)' type_id=2`, ""},
	{"type_tag #5: tag, tag, const, volatile", `[2] TYPE_TAG 'a' type_id=3
		[3] TYPE_TAG 'b' type_id=4
		[4] CONST '(anon)' type_id=5
		[5] VOLATILE '(anon)' type_id=1
		[6] PTR '(anon)' type_id=2`, ""},
	{"type_tag: no value", `[2] TYPE_TAG '(anon)' type_id=1`, "Invalid name"},

	// enum64
	{"enum64 #1: unsigned, size 8", `[2] ENUM64 'e' size=8
			'A' val=1ULL
			'B' val=0x100000001`, ""},
	{"enum64 #2: signed, size 4", `[2] ENUM64 'e' encoding=SIGNED size=4
			'A' val=-1LL`, ""},
	{"enum: size", `[2] ENUM 'e' size=3
			'A' val=1`, "Unexpected size"},
	{"enum: size 16", `[2] ENUM64 'e' size=16
			'A' val=1`, "Unexpected size"},
	{"enum: no enumerators", `[2] ENUM 'e' size=4`, ""},
}

// deepStructs is n structs, each in the one before.
func deepStructs(n int) string {
	var w strings.Builder
	for i := range n {
		w.WriteString("[" + strconv.Itoa(i+2) + "] STRUCT '(anon)' size=4\n'm' type_id=" + strconv.Itoa(i+3) + "\n")
	}
	w.WriteString("[" + strconv.Itoa(n+2) + "] STRUCT '(anon)' size=4\n'm' type_id=1\n")
	return w.String()
}

// modifiers is a chain of n CONST, of which the first is walked first.
func modifiers(n int) string {
	var w strings.Builder
	for i := range n {
		next := i + 3
		if i == n-1 {
			next = 1
		}
		w.WriteString("[" + strconv.Itoa(i+2) + "] CONST '(anon)' type_id=" + strconv.Itoa(next) + "\n")
	}
	return w.String()
}

// reverseModifiers is the same with the last walked first.
func reverseModifiers(n int) string {
	var w strings.Builder
	for i := range n {
		w.WriteString("[" + strconv.Itoa(i+2) + "] CONST '(anon)' type_id=" + strconv.Itoa(i+1) + "\n")
	}
	return w.String()
}

func TestValidateLoad(t *testing.T) {
	for _, c := range ruleCases {
		t.Run(c.name, func(t *testing.T) {
			b := c.parse(t)
			checkMessage(t, "Validate", btf.Validate(b, btf.Rules{Load: true}), c.want)
			for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
				data := btf.Append(nil, &b.Types, b.Strs, order)
				checkMessage(t, "Check", btf.Check(data, nil, btf.Rules{Load: true}), c.want)
				if c.want != "" {
					continue
				}
				if _, err := btf.Parse(data, nil); err != nil {
					t.Errorf("accepted, but not parsed: %v", err)
				}
			}
			if c.want == "" {
				if err := btf.Validate(b, btf.Rules{Libbpf: true}); err != nil {
					t.Errorf("accepted by the kernel, but not by the other passes: %v", err)
				}
			}
		})
	}
}

// TestValidateModule pins what a module loader does not look at.
func TestValidateModule(t *testing.T) {
	for _, c := range []ruleCase{
		{"loop by value", "[2] STRUCT 'A' size=4\n'm' type_id=2", ""},
		{"loop of modifiers", "[2] TYPEDEF 'a' type_id=3\n[3] TYPEDEF 'b' type_id=2", "Max chain length or cycle detected"},
		{"long chain", modifiers(32), ""},
		{"too long chain", modifiers(33), "Max chain length or cycle detected"},
		{"member beyond the struct", "[2] STRUCT 'A' size=3\n'm' type_id=1", ""},
		{"func without proto", "[2] FUNC 'f' type_id=1", ""},
		{"type out of range", "[2] PTR '(anon)' type_id=3", ""},
		{"member out of range", "[2] STRUCT 'A' size=4\n'm' type_id=3", ""},
		{"modifier of a type out of range", "[2] CONST '(anon)' type_id=3", "does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkMessage(t, "Validate", btf.Validate(c.parse(t), btf.Rules{}), c.want)
		})
	}
}

// TestValidateKernels pins what only some kernels and libbpf refuse.
func TestValidateKernels(t *testing.T) {
	for _, c := range []struct {
		ruleCase
		rules btf.Rules
	}{
		{ruleCase{"type_tag #2: const, tag", "[2] CONST '(anon)' type_id=3\n[3] TYPE_TAG 'tag' type_id=1",
			"Type tags don't precede modifiers"}, btf.Rules{TagsFirst: true}},
		{ruleCase{"type_tag #3: tag, const, tag", "[2] TYPE_TAG 'a' type_id=3\n[3] CONST '(anon)' type_id=4\n[4] TYPE_TAG 'b' type_id=1",
			"Type tags don't precede modifiers"}, btf.Rules{TagsFirst: true}},
		{ruleCase{"type_tag #4: typedef, const, tag", "[2] TYPEDEF 'a' type_id=3\n[3] CONST '(anon)' type_id=4\n[4] TYPE_TAG 'b' type_id=1",
			"Type tags don't precede modifiers"}, btf.Rules{TagsFirst: true}},
		{ruleCase{"type_tag #6: ptr between", "[2] PTR '(anon)' type_id=3\n[3] CONST '(anon)' type_id=4\n[4] TYPE_TAG 'b' type_id=1",
			"Type tags don't precede modifiers"}, btf.Rules{TagsFirst: true}},
		{ruleCase{"tags first", "[2] PTR '(anon)' type_id=3\n[3] TYPE_TAG 'b' type_id=4\n[4] CONST '(anon)' type_id=1", ""}, btf.Rules{TagsFirst: true}},
		{ruleCase{"decl_tag #8: kind_flag", "[2] VAR 't' type_id=1\n[3] DECL_TAG 'tag' type_id=2 component_idx=-1 kind_flag=1",
			"Invalid btf_info kind_flag"}, btf.Rules{NoTagFlag: true}},
		{ruleCase{"kflagged type_tag", "[2] TYPE_TAG 'tag' type_id=1 kind_flag=1",
			"Invalid btf_info kind_flag"}, btf.Rules{NoTagFlag: true}},
		{ruleCase{"signed enum", "[2] ENUM 'e' size=4 kind_flag=1\n'A' val=1", "Invalid btf_info kind_flag"}, btf.Rules{NoEnumFlag: true}},
		{ruleCase{"unsigned enum", "[2] ENUM 'e' size=4\n'A' val=1", ""}, btf.Rules{NoEnumFlag: true}},
		{ruleCase{"no FLOAT", "[2] FLOAT 'f' size=4", "Invalid kind:16"}, btf.Rules{MaxKind: btf.KindDatasec}},
		{ruleCase{"no DECL_TAG", "[2] TYPEDEF 't' type_id=1\n[3] DECL_TAG 'a' type_id=2 component_idx=-1", "Invalid kind:17"}, btf.Rules{MaxKind: btf.KindFloat}},
		{ruleCase{"no TYPE_TAG", "[2] TYPE_TAG 'a' type_id=1", "Invalid kind:18"}, btf.Rules{MaxKind: btf.KindDeclTag}},
		{ruleCase{"no ENUM64", "[2] ENUM64 'e' size=8\n'A' val=1", "Invalid kind:19"}, btf.Rules{MaxKind: btf.KindTypeTag}},
		{ruleCase{"the last kind known", "[2] TYPE_TAG 'a' type_id=1", ""}, btf.Rules{MaxKind: btf.KindTypeTag}},
		{ruleCase{"func without proto", "[2] FUNC 'f' type_id=1", "referenced type [1] is not FUNC_PROTO"}, btf.Rules{Libbpf: true}},
		{ruleCase{"func of a type out of range", "[2] FUNC 'f' type_id=3", "invalid referenced type ID 3"}, btf.Rules{Libbpf: true}},
		{ruleCase{"member out of range", "[2] STRUCT 'A' size=4\n'm' type_id=3", "invalid referenced type ID 3"}, btf.Rules{Libbpf: true}},
		{ruleCase{"elem out of range", "[2] ARRAY '(anon)' type_id=3 index_type_id=1 nr_elems=1", "invalid referenced type ID 3"}, btf.Rules{Libbpf: true}},
		{ruleCase{"index out of range", "[2] ARRAY '(anon)' type_id=1 index_type_id=3 nr_elems=1", "invalid referenced type ID 3"}, btf.Rules{Libbpf: true}},
		{ruleCase{"name of a parameter", "[2] FUNC_PROTO '(anon)' ret_type_id=0\n'a' type_id=1 name_off=100",
			"invalid param name (string offset 100)"}, btf.Rules{Libbpf: true}},
		{ruleCase{"name of 128", "[2] TYPEDEF '" + strings.Repeat("n", 129) + "' type_id=1", "Invalid name"}, btf.Rules{NameLen: 128}},
		{ruleCase{"unknown bits of info", "[2] TYPEDEF 't' type_id=1 info=0x08010000", "Invalid btf_info:8010000"}, btf.Rules{NarrowInfo: true}},
		{ruleCase{"pointer of 4 bytes", "[2] PTR '(anon)' type_id=1\n[3] STRUCT 's' size=4\n'p' type_id=2", ""}, btf.Rules{Load: true, PtrSize: 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.parse(t)
			checkMessage(t, "with the rule", btf.Validate(b, c.rules), c.want)
			if c.want != "" && c.rules != (btf.Rules{NarrowInfo: true}) {
				checkMessage(t, "without", btf.Validate(b, btf.Rules{}), "")
			}
		})
	}
}

func TestValidateSplit(t *testing.T) {
	base := btftest.MustParse(t, `[1] INT 'int' size=4
		[2] ARRAY '(anon)' type_id=3 index_type_id=1 nr_elems=2
		[3] TYPEDEF 'row' type_id=4
		[4] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=3
		[5] STRUCT 'A' size=4
			'm' type_id=1`, nil)
	for _, c := range []ruleCase{
		{"uses the base", "[6] STRUCT 'B' size=28\n'a' type_id=5\n'b' type_id=2 bits_offset=32", ""},
		{"base array too large", "[6] STRUCT 'B' size=27\n'a' type_id=5\n'b' type_id=2 bits_offset=32", "Member exceeds struct_size"},
		{"nothing", "", ""},
		{"var after datasec, of another size", "[6] DATASEC '.data' size=4\ntype_id=7 offset=0 size=2\n[7] VAR 'v' type_id=1, linkage=static", ""},
		{"beyond the end", "[6] PTR '(anon)' type_id=7", "Invalid type_id"},
		{"loop", "[6] STRUCT 'B' size=4\n'a' type_id=6", "Loop detected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := btftest.MustParse(t, c.text, base)
			checkMessage(t, "Validate", btf.Validate(b, btf.Rules{Load: true}), c.want)
			data := btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian)
			checkMessage(t, "Check", btf.Check(data, base, btf.Rules{Load: true}), c.want)
		})
	}
}

func TestViolationsNamesTypes(t *testing.T) {
	b := btftest.MustParse(t, intLine+`[2] TYPEDEF '9' type_id=1
		[3] STRUCT 's' size=4
			'a' type_id=1
			'b!' type_id=1
		[4] FLOAT 'f' size=3`, nil)
	var got []string
	for e := range btf.Violations(b, btf.Rules{}) {
		got = append(got, e.Error())
	}
	want := `[2] TYPEDEF "9": Invalid name
[3] STRUCT "s": item 1: Invalid name
[4] FLOAT "f": Invalid type_size`
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	var re *btf.RuleError
	if err := btf.Validate(b, btf.Rules{}); !errors.As(err, &re) || re.ID != 2 {
		t.Errorf("Validate gives %v, want type 2's", err)
	}
}

// TestCheckHeader has the header and section cases of the kernel's selftest.
func TestCheckHeader(t *testing.T) {
	b := btftest.MustParse(t, intLine, nil)
	good := btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian)
	for _, c := range headerCases {
		t.Run(c.name, func(t *testing.T) {
			data := c.change(append([]byte(nil), good...))
			checkMessage(t, "Check", btf.Check(data, nil, btf.Rules{Load: true}), c.want)
		})
	}
}

type headerCase struct {
	name   string
	want   string
	change func([]byte) []byte
}

// put sets words of the header: offset, value, ...
func put(words ...uint32) func([]byte) []byte {
	return func(b []byte) []byte {
		for i := 0; i < len(words); i += 2 {
			binary.LittleEndian.PutUint32(b[words[i]:], words[i+1])
		}
		return b
	}
}

// The blob has 24 bytes of header, 16 of types, 5 of strings.
var headerCases = []headerCase{
	{"as it is", "", put()},
	{"too short", "hdr_len not found", func(b []byte) []byte { return b[:7] }},
	{"header cut off", "btf_header not found", func(b []byte) []byte { return b[:20] }},
	{"magic", "Invalid magic", func(b []byte) []byte { b[0] = 0; return b }},
	{"version", "Unsupported version", func(b []byte) []byte { b[2] = 2; return b }},
	{"flags", "Unsupported flags", func(b []byte) []byte { b[3] = 1; return b }},
	{"no data", "No data", func(b []byte) []byte { return b[:24] }},
	{"longer hdr_len", "Unsupported btf_header", put(4, 40)},
	{"longer header of zeros", "", func(b []byte) []byte {
		long := append(append(append([]byte(nil), b[:24]...), make([]byte, 16)...), b[24:]...)
		return put(4, 40)(long)
	}},
	{"gap between hdr and type", "Unsupported section found", put(8, 4)},
	{"gap between type and str", "Unsupported section found", put(16, 20, 20, 1)},
	{"offsets 2 GiB apart", "Invalid section offset", put(8, 1<<31, 16, 0, 20, 1<<20)},
	{"overlap between type and str", "Section overlap found", put(16, 12)},
	{"larger BTF size", "Unsupported section found", func(b []byte) []byte { return append(b, 0) }},
	{"smaller BTF size", "Total section length too long", func(b []byte) []byte { return b[:len(b)-1] }},
	{"section beyond the end", "Invalid section offset", put(16, 100)},
	{"lengths that wrap", "Total section length too long", put(20, 0xffffffff)},
	{"string section empty", "Invalid string section", func(b []byte) []byte { return put(20, 0)(b[:40]) }},
	{"string section not NUL-terminated", "Invalid string section", func(b []byte) []byte { b[44] = 'x'; return b }},
	{"string section does not begin with NUL", "Invalid string section", func(b []byte) []byte { b[40] = 'x'; return b }},
	{"no type", "No type found", func(b []byte) []byte { return put(12, 0, 16, 0)(append(b[:24], b[40:]...)) }},
	{"strings before types", "String section is not at the end", func(b []byte) []byte {
		moved := append(append(append([]byte(nil), b[:24]...), "\x00abcdef\x00"...), b[24:40]...)
		return put(8, 8, 16, 0, 20, 8)(moved)
	}},
	{"type cut off", "meta_left", func(b []byte) []byte { return put(12, 12, 16, 12)(append(b[:36], b[40:]...)) }},
	{"unknown kind", "Invalid kind", func(b []byte) []byte { b[24+7] = 30; return b }},
}

func checkMessage(t *testing.T, what string, err error, want string) {
	t.Helper()
	switch {
	case err == nil && want != "":
		t.Errorf("%s accepts, want %q", what, want)
	case err != nil && (want == "" || !strings.Contains(err.Error(), want)):
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

func BenchmarkValidateBase(b *testing.B) {
	_, base := corpusBase(b)
	for _, r := range []struct {
		name  string
		rules btf.Rules
	}{{"module", btf.Rules{}}, {"load", btf.Rules{Load: true}}} {
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := btf.Validate(base, r.rules); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
