package splitdedup

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// distillCase is one split BTF, what is made of it, and what becomes of that on
// other bases.
type distillCase struct {
	name        string
	base, split string // split may have other types of the base's than void
	keep        []btf.ID
	wantBase    string // distilled
	wantSplit   string
	kept        []string // name: a part of the reason
	relocations []relocation
}

type relocation struct {
	base string // "" for that of the case
	want string // the split BTF on top of it
	err  string // or a part of the error
}

// The cases of the kernel's selftests (btf_distill.c) come first, then those
// where libbpf makes what a kernel refuses or misreads.
var distillCases = []distillCase{
	{
		name: "every kind goes its way",
		base: `
[1] INT 'int' size=4 encoding=SIGNED
[2] PTR '(anon)' type_id=1
[3] STRUCT 's1' size=8
	'f1' type_id=2
[4] STRUCT '(anon)' size=12
	'f1' type_id=1
	'f2' type_id=3 bits_offset=32
[5] INT 'unsigned int' size=4
[6] UNION 'u1' size=12
	'f1' type_id=1
	'f2' type_id=2
[7] UNION '(anon)' size=4
	'f1' type_id=1
[8] ENUM 'e1' size=4
	'v1' val=1
[9] ENUM '(anon)' size=4
	'av1' val=2
[10] ENUM64 'e641' size=8
	'v1' val=1024
[11] ENUM64 '(anon)' size=8
	'v1' val=1025
[12] STRUCT 'pointee' size=4
	'f1' type_id=1
[13] STRUCT 'embedded' size=4
	'f1' type_id=1
[14] FUNC_PROTO '(anon)' ret_type_id=1
	'p1' type_id=1
[15] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=3
[16] STRUCT 'from_proto' size=4
	'f1' type_id=1
[17] UNION 'u1' size=4
	'f1' type_id=1
[18] FLOAT 'double' size=8`,
		split: `
[19] PTR '(anon)' type_id=3
[20] PTR '(anon)' type_id=4
[21] PTR '(anon)' type_id=6
[22] PTR '(anon)' type_id=7
[23] PTR '(anon)' type_id=8
[24] PTR '(anon)' type_id=9
[25] PTR '(anon)' type_id=10
[26] PTR '(anon)' type_id=11
[27] STRUCT 'user' size=4
	'f1' type_id=13
[28] FUNC_PROTO '(anon)' ret_type_id=1
	'p1' type_id=16
[29] PTR '(anon)' type_id=15
[30] PTR '(anon)' type_id=14
[31] PTR '(anon)' type_id=17
[32] CONST '(anon)' type_id=18
[33] PTR '(anon)' type_id=12`,
		wantBase: `
[1] INT 'int' size=4 encoding=SIGNED
[2] STRUCT 's1' size=8
[3] UNION 'u1' size=12
[4] ENUM 'e1' size=4
[5] ENUM 'e641' size=8
[6] STRUCT 'pointee' size=4
[7] STRUCT 'embedded' size=4
[8] STRUCT 'from_proto' size=4
[9] UNION 'u1' size=4
[10] FLOAT 'double' size=8`,
		wantSplit: `
[11] PTR '(anon)' type_id=2
[12] PTR '(anon)' type_id=26
[13] PTR '(anon)' type_id=3
[14] PTR '(anon)' type_id=27
[15] PTR '(anon)' type_id=4
[16] PTR '(anon)' type_id=28
[17] PTR '(anon)' type_id=5
[18] PTR '(anon)' type_id=29
[19] STRUCT 'user' size=4
	'f1' type_id=7
[20] FUNC_PROTO '(anon)' ret_type_id=1
	'p1' type_id=8
[21] PTR '(anon)' type_id=31
[22] PTR '(anon)' type_id=30
[23] PTR '(anon)' type_id=9
[24] CONST '(anon)' type_id=10
[25] PTR '(anon)' type_id=6
[26] STRUCT '(anon)' size=12
	'f1' type_id=1
	'f2' type_id=2 bits_offset=32
[27] UNION '(anon)' size=4
	'f1' type_id=1
[28] ENUM '(anon)' size=4
	'av1' val=2
[29] ENUM64 '(anon)' size=8
	'v1' val=1025
[30] FUNC_PROTO '(anon)' ret_type_id=1
	'p1' type_id=1
[31] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=3`,
		relocations: []relocation{{
			// Another order, another size of what is only pointed to, an ENUM64
			// for the ENUM and an ENUM for the ENUM64.
			base: `
[1] STRUCT 'from_proto' size=4
[2] UNION 'u1' size=4
[3] UNION 'u1' size=12
[4] STRUCT 's1' size=8
[5] FLOAT 'double' size=8
[6] STRUCT 'pointee' size=400
[7] STRUCT 'embedded' size=4
[8] ENUM64 'e1' size=4
	'v1' val=5
[9] ENUM 'e641' size=8
	'v1' val=1
[10] INT 'int' size=4 encoding=SIGNED`,
			want: `
[11] PTR '(anon)' type_id=4
[12] PTR '(anon)' type_id=26
[13] PTR '(anon)' type_id=3
[14] PTR '(anon)' type_id=27
[15] PTR '(anon)' type_id=8
[16] PTR '(anon)' type_id=28
[17] PTR '(anon)' type_id=9
[18] PTR '(anon)' type_id=29
[19] STRUCT 'user' size=4
	'f1' type_id=7
[20] FUNC_PROTO '(anon)' ret_type_id=10
	'p1' type_id=1
[21] PTR '(anon)' type_id=31
[22] PTR '(anon)' type_id=30
[23] PTR '(anon)' type_id=2
[24] CONST '(anon)' type_id=5
[25] PTR '(anon)' type_id=6
[26] STRUCT '(anon)' size=12
	'f1' type_id=10
	'f2' type_id=4 bits_offset=32
[27] UNION '(anon)' size=4
	'f1' type_id=10
[28] ENUM '(anon)' size=4
	'av1' val=2
[29] ENUM64 '(anon)' size=8
	'v1' val=1025
[30] FUNC_PROTO '(anon)' ret_type_id=10
	'p1' type_id=10
[31] ARRAY '(anon)' type_id=10 index_type_id=10 nr_elems=3`,
		}},
	},
	{
		name: "what a stub has no members for is not needed",
		base: `
[1] INT 'int' size=4
[2] STRUCT 'unneeded' size=4
	'f' type_id=1
[3] PTR '(anon)' type_id=2
[4] STRUCT 'needed' size=8
	'p' type_id=3
[5] FUNC_PROTO '(anon)' ret_type_id=1
[6] FUNC 'f' type_id=5
[7] DECL_TAG 't' type_id=6 component_idx=-1`,
		split:       "[8] PTR '(anon)' type_id=4",
		wantBase:    "[1] STRUCT 'needed' size=8",
		wantSplit:   "[2] PTR '(anon)' type_id=1",
		relocations: []relocation{{want: "[8] PTR '(anon)' type_id=4"}},
	},
	{
		name: "one name, two sizes",
		base: `
[1] INT 'int' size=4 encoding=SIGNED
[2] INT 'int' size=8 encoding=SIGNED`,
		split: `
[3] PTR '(anon)' type_id=1
[4] PTR '(anon)' type_id=2`,
		wantBase: `
[1] INT 'int' size=4 encoding=SIGNED
[2] INT 'int' size=8 encoding=SIGNED`,
		wantSplit: `
[3] PTR '(anon)' type_id=1
[4] PTR '(anon)' type_id=2`,
		relocations: []relocation{
			{want: `
[3] PTR '(anon)' type_id=1
[4] PTR '(anon)' type_id=2`},
			{ // missing
				base: `[1] INT 'int' size=4 encoding=SIGNED`,
				err:  `distilled base BTF type "int" [2] INT is not mapped to base BTF id: the base has INT [1] of size 4, not INT of 8`,
			},
			{ // twice
				base: `
[1] INT 'int' size=8 encoding=SIGNED
[2] INT 'int' size=4 encoding=SIGNED
[3] INT 'int' size=4 encoding=SIGNED`,
				err: `distilled base BTF type "int" [1] INT size 4 has multiple candidates of the same size (ids [2, 3]) in base BTF`,
			},
			{
				base: `
[1] INT 'int' size=8 encoding=SIGNED
[2] INT 'int' size=4`,
				err: `"int" [1] INT is not mapped to base BTF id: the base has INT [1] of size 8, not INT of 4`,
			},
		},
	},
	{
		// libbpf makes a stub here, and then finds two types for it.
		name: "one name and size twice in the base",
		base: `
[1] INT 'int' size=4 encoding=SIGNED
[2] INT 'int' size=4 encoding=SIGNED
[3] STRUCT 'one' size=4
	'f' type_id=1`,
		split: `
[4] PTR '(anon)' type_id=1
[5] PTR '(anon)' type_id=3`,
		wantBase:  `[1] STRUCT 'one' size=4`,
		wantSplit: "[2] PTR '(anon)' type_id=4\n[3] PTR '(anon)' type_id=1\n[4] INT 'int' size=4 encoding=SIGNED",
		kept:      []string{"int: that a kernel cannot tell apart (ids 1 and 2)"},
		relocations: []relocation{{
			want: "[4] PTR '(anon)' type_id=6\n[5] PTR '(anon)' type_id=3\n[6] INT 'int' size=4 encoding=SIGNED",
		}},
	},
	{
		name: "structs of one name and size stay in full, with all they need",
		base: `
[1] INT 'int' size=4 encoding=SIGNED
[2] STRUCT 'info' size=8
	'a' type_id=3
[3] PTR '(anon)' type_id=2
[4] STRUCT 'info' size=8
	'b' type_id=6
[5] STRUCT 'leaf' size=8
	'i' type_id=1
[6] CONST '(anon)' type_id=5`,
		split:    "[7] PTR '(anon)' type_id=2\n[8] PTR '(anon)' type_id=4",
		wantBase: "[1] STRUCT 'leaf' size=8",
		wantSplit: `
[2] PTR '(anon)' type_id=4
[3] PTR '(anon)' type_id=6
[4] STRUCT 'info' size=8
	'a' type_id=5
[5] PTR '(anon)' type_id=4
[6] STRUCT 'info' size=8
	'b' type_id=7
[7] CONST '(anon)' type_id=1`,
		kept: []string{"info: (ids 2 and 4)", "info: (ids 2 and 4)"},
		relocations: []relocation{
			{ // held by value in a copy: its size counts
				base: "[1] STRUCT 'leaf' size=4",
				err:  `"leaf" [1] STRUCT is not mapped to base BTF id: the base has STRUCT [1] of size 4, not STRUCT of 8`,
			},
		},
	},
	{
		// The kernel does not compare the kinds.
		name: "an enum has the name and size of a struct",
		base: `
[1] INT 'int' size=4 encoding=SIGNED
[2] STRUCT 'x' size=4
	'f' type_id=1
[3] ENUM 'x' size=4
	'X' val=1
[4] STRUCT 'y' size=4
	'f' type_id=1
[5] ENUM 'y' size=8
	'Y' val=1`,
		split:    "[6] PTR '(anon)' type_id=2\n[7] PTR '(anon)' type_id=3\n[8] PTR '(anon)' type_id=4\n[9] PTR '(anon)' type_id=5",
		wantBase: "[1] INT 'int' size=4 encoding=SIGNED\n[2] ENUM 'x' size=4\n[3] STRUCT 'y' size=4\n[4] ENUM 'y' size=8",
		wantSplit: `
[5] PTR '(anon)' type_id=9
[6] PTR '(anon)' type_id=2
[7] PTR '(anon)' type_id=3
[8] PTR '(anon)' type_id=4
[9] STRUCT 'x' size=4
	'f' type_id=1`,
		kept: []string{"x: cannot tell apart (ids 2 and 3)"},
		relocations: []relocation{{want: `
[6] PTR '(anon)' type_id=10
[7] PTR '(anon)' type_id=3
[8] PTR '(anon)' type_id=4
[9] PTR '(anon)' type_id=5
[10] STRUCT 'x' size=4
	'f' type_id=1`}},
	},
	{
		name: "a declaration takes part in no search",
		base: `
[1] FWD 'opaque' fwd_kind=struct
[2] PTR '(anon)' type_id=1
[3] FWD 'u' fwd_kind=union
[4] STRUCT 'holder' size=8
	'o' type_id=2`,
		split:     "[5] PTR '(anon)' type_id=2\n[6] PTR '(anon)' type_id=3\n[7] PTR '(anon)' type_id=4",
		wantBase:  "[1] STRUCT 'holder' size=8",
		wantSplit: "[2] PTR '(anon)' type_id=6\n[3] PTR '(anon)' type_id=7\n[4] PTR '(anon)' type_id=1\n[5] FWD 'opaque' fwd_kind=struct\n[6] PTR '(anon)' type_id=5\n[7] FWD 'u' fwd_kind=union",
		kept:      []string{"opaque: might not load the module", "u: might not load"},
		relocations: []relocation{
			{ // a kernel that has them complete, with bit-fields and without
				base: "[1] INT 'int' size=4\n[2] STRUCT 'opaque' size=4 kind_flag=1\n'b' type_id=1 bits_offset=0 bitfield_size=3\n[3] UNION 'u' size=4\n'i' type_id=1\n[4] STRUCT 'holder' size=4",
				want: "[5] PTR '(anon)' type_id=9\n[6] PTR '(anon)' type_id=10\n[7] PTR '(anon)' type_id=4\n[8] FWD 'opaque' fwd_kind=struct\n[9] PTR '(anon)' type_id=8\n[10] FWD 'u' fwd_kind=union",
			},
			{ // and one that has lost them
				base: "[1] STRUCT 'holder' size=4",
				want: "[2] PTR '(anon)' type_id=6\n[3] PTR '(anon)' type_id=7\n[4] PTR '(anon)' type_id=1\n[5] FWD 'opaque' fwd_kind=struct\n[6] PTR '(anon)' type_id=5\n[7] FWD 'u' fwd_kind=union",
			},
		},
	},
	{
		name: "a struct that the base also declares",
		base: `
[1] INT 'int' size=4 encoding=SIGNED
[2] FWD 's' fwd_kind=struct
[3] STRUCT 's' size=4
	'f' type_id=1`,
		split:     "[4] PTR '(anon)' type_id=2\n[5] PTR '(anon)' type_id=3",
		wantBase:  "[1] INT 'int' size=4 encoding=SIGNED",
		wantSplit: "[2] PTR '(anon)' type_id=4\n[3] PTR '(anon)' type_id=5\n[4] FWD 's' fwd_kind=struct\n[5] STRUCT 's' size=4\n'f' type_id=1",
		kept:      []string{"s: complete", "s: (ids 2 and 3)"},
		relocations: []relocation{{
			want: "[4] PTR '(anon)' type_id=6\n[5] PTR '(anon)' type_id=7\n[6] FWD 's' fwd_kind=struct\n[7] STRUCT 's' size=4\n'f' type_id=1",
		}},
	},
	{
		// A declaration has no size, so in this order the kernel would find
		// the struct, but not if the declaration came later.
		name:        "a struct that the base also declares, held by value",
		base:        "[1] INT 'int' size=4\n[2] FWD 's' fwd_kind=struct\n[3] STRUCT 's' size=4\n'f' type_id=1",
		split:       "[4] STRUCT 'own' size=4\n's' type_id=3",
		wantBase:    "[1] INT 'int' size=4",
		wantSplit:   "[2] STRUCT 'own' size=4\n's' type_id=3\n[3] STRUCT 's' size=4\n'f' type_id=1",
		kept:        []string{"s: (ids 2 and 3)"},
		relocations: []relocation{{want: "[4] STRUCT 'own' size=4\n's' type_id=5\n[5] STRUCT 's' size=4\n'f' type_id=1"}},
	},
	{
		// libbpf: unexpected reference to base type of kind FUNC.
		name: "a tag's function is the base's",
		base: `
[1] INT 'int' size=4 encoding=SIGNED
[2] FUNC_PROTO '(anon)' ret_type_id=1
	'x' type_id=1
[3] FUNC 'kf' type_id=2
[4] FUNC_PROTO '(anon)' ret_type_id=0
[5] FUNC 'other' type_id=4
[6] VAR 'v' type_id=1
[7] TYPEDEF 't' type_id=1
[8] STRUCT 's' size=4
	'f' type_id=1`,
		split: `
[9] DECL_TAG 'bpf_kfunc' type_id=3 component_idx=-1
[10] DECL_TAG 'v' type_id=6 component_idx=-1
[11] DECL_TAG 't' type_id=7 component_idx=-1
[12] DECL_TAG 's' type_id=8 component_idx=0`,
		wantBase: "[1] INT 'int' size=4 encoding=SIGNED\n[2] STRUCT 's' size=4",
		wantSplit: `
[3] DECL_TAG 'bpf_kfunc' type_id=8 component_idx=-1
[4] DECL_TAG 'v' type_id=9 component_idx=-1
[5] DECL_TAG 't' type_id=10 component_idx=-1
[6] DECL_TAG 's' type_id=2 component_idx=0
[7] FUNC_PROTO '(anon)' ret_type_id=1
	'x' type_id=1
[8] FUNC 'kf' type_id=7
[9] VAR 'v' type_id=1
[10] TYPEDEF 't' type_id=1`,
		kept: []string{"kf: the module refers to it", "v: refers to it"},
	},
	{
		name:      "types of the base that are asked for",
		base:      "[1] FUNC_PROTO '(anon)' ret_type_id=0\n[2] FUNC 'kf' type_id=1\n[3] DECL_TAG 'bpf_kfunc' type_id=2 component_idx=-1\n[4] INT 'int' size=4",
		split:     "[5] CONST '(anon)' type_id=4",
		keep:      []btf.ID{2, 3, 3, 0, 5, 900},
		wantBase:  "[1] INT 'int' size=4",
		wantSplit: "[2] CONST '(anon)' type_id=1\n[3] FUNC_PROTO '(anon)' ret_type_id=0\n[4] FUNC 'kf' type_id=3\n[5] DECL_TAG 'bpf_kfunc' type_id=4 component_idx=-1",
		kept:      []string{"kf: refers to it"},
	},
	{
		// A kernel would number the types of the split BTF from 0.
		name:        "nothing of the base is needed",
		base:        "[1] STRUCT 'first' size=4\n[2] INT 'int' size=4 encoding=SIGNED",
		split:       "[3] STRUCT 'own' size=0",
		wantBase:    "[1] INT 'int' size=4 encoding=SIGNED",
		wantSplit:   "[2] STRUCT 'own' size=0",
		relocations: []relocation{{want: "[3] STRUCT 'own' size=0"}},
	},
	{
		name:        "no types at all",
		base:        "[1] INT 'int' size=4 encoding=SIGNED",
		wantBase:    "[1] INT 'int' size=4 encoding=SIGNED",
		relocations: []relocation{{}},
	},
	{
		name:        "nothing is needed and there is more than one int",
		base:        "[1] INT 'int' size=4\n[2] INT 'int' size=4\n[3] PTR '(anon)' type_id=1\n[4] FWD 'f' fwd_kind=struct\n[5] UNION 'u' size=8",
		split:       "[6] STRUCT 'own' size=0",
		wantBase:    "[1] UNION 'u' size=8",
		wantSplit:   "[2] STRUCT 'own' size=0",
		relocations: []relocation{{want: "[6] STRUCT 'own' size=0"}},
	},
	{
		name:        "nothing in the base can be found by name",
		base:        "[1] INT 'int' size=4\n[2] INT 'int' size=4",
		split:       "[3] PTR '(anon)' type_id=1",
		wantSplit:   "[1] PTR '(anon)' type_id=2\n[2] INT 'int' size=4",
		kept:        []string{"int: "},
		relocations: []relocation{{want: "[3] PTR '(anon)' type_id=4\n[4] INT 'int' size=4"}},
	},
	{
		// Both libbpf and the kernel once walked to a wrong end and missed
		// the last type (719aeb7a).
		name: "what the last struct holds by value counts in full",
		base: "[1] STRUCT 'in' size=8\n[2] STRUCT 'at' size=8",
		split: `
[3] TYPEDEF 't' type_id=1
[4] ARRAY '(anon)' type_id=3 index_type_id=1 nr_elems=2
[5] PTR '(anon)' type_id=2
[6] STRUCT 'own' size=32
	'p' type_id=5
	'a' type_id=4 bits_offset=64`,
		wantBase: "[1] STRUCT 'in' size=8\n[2] STRUCT 'at' size=8",
		wantSplit: `
[3] TYPEDEF 't' type_id=1
[4] ARRAY '(anon)' type_id=3 index_type_id=1 nr_elems=2
[5] PTR '(anon)' type_id=2
[6] STRUCT 'own' size=32
	'p' type_id=5
	'a' type_id=4 bits_offset=64`,
		relocations: []relocation{
			{base: "[1] STRUCT 'at' size=88\n[2] STRUCT 'in' size=16", err: `"in" [1] STRUCT is not mapped to base BTF id: the base has STRUCT [2] of size 16, not STRUCT of 8`},
			{base: "[1] STRUCT 'in' size=8\n[2] INT 'x' size=4", err: `"at" [2] STRUCT is not mapped to base BTF id: the base has no type of that name`},
			{base: "[1] STRUCT 'in' size=8\n[2] STRUCT 'at' size=4\n[3] STRUCT 'at' size=12", err: `"at" [2] STRUCT is not mapped`},
			// A declaration has not the size, which counts until a type is found.
			{base: "[1] STRUCT 'in' size=8\n[2] FWD 'in' fwd_kind=struct\n[3] STRUCT 'at' size=8", err: `"in" [1] STRUCT size 8 has multiple candidates of the same size (ids [1, 2]) in base BTF`},
			{base: "[1] FWD 'in' fwd_kind=struct\n[2] STRUCT 'at' size=8\n[3] STRUCT 'in' size=8", want: `
[4] TYPEDEF 't' type_id=3
[5] ARRAY '(anon)' type_id=4 index_type_id=3 nr_elems=2
[6] PTR '(anon)' type_id=2
[7] STRUCT 'own' size=32
	'p' type_id=6
	'a' type_id=5 bits_offset=64`},
			{base: "[1] STRUCT 'at' size=4\n[2] STRUCT 'in' size=16\n[3] STRUCT 'in' size=8", want: `
[4] TYPEDEF 't' type_id=3
[5] ARRAY '(anon)' type_id=4 index_type_id=3 nr_elems=2
[6] PTR '(anon)' type_id=1
[7] STRUCT 'own' size=32
	'p' type_id=6
	'a' type_id=5 bits_offset=64`},
		},
	},
	{
		name:        "types that nothing refers to are asked for",
		base:        "[1] INT 'int' size=4\n[2] STRUCT 'asked' size=4\n'a' type_id=1\n[3] TYPEDEF 't' type_id=4\n[4] UNION 'u' size=4",
		split:       "[5] STRUCT 'own' size=0",
		keep:        []btf.ID{3, 2},
		wantBase:    "[1] STRUCT 'asked' size=4\n[2] UNION 'u' size=4",
		wantSplit:   "[3] STRUCT 'own' size=0\n[4] TYPEDEF 't' type_id=2",
		relocations: []relocation{{want: "[5] STRUCT 'own' size=0\n[6] TYPEDEF 't' type_id=4"}},
	},
	{
		name:      "names of the base and of the split BTF",
		base:      "[1] INT 'int' size=4\n[2] STRUCT 'shared' size=4\n'own' type_id=1",
		split:     "[3] STRUCT 'own' size=4\n'shared' type_id=1\n'int' type_id=1 bits_offset=0\n[4] PTR '(anon)' type_id=2",
		wantBase:  "[1] INT 'int' size=4\n[2] STRUCT 'shared' size=4",
		wantSplit: "[3] STRUCT 'own' size=4\n'shared' type_id=1\n'int' type_id=1\n[4] PTR '(anon)' type_id=2",
		relocations: []relocation{{
			base: "[1] ENUM 'own' size=4\n[2] STRUCT 'shared' size=0\n[3] INT 'int' size=4",
			want: "[4] STRUCT 'own' size=4\n'shared' type_id=3\n'int' type_id=3\n[5] PTR '(anon)' type_id=2",
		}},
	},
}

func TestDistill(t *testing.T) {
	for _, c := range distillCases {
		t.Run(c.name, func(t *testing.T) {
			base := textBase(t, c.base)
			on := newTextBase(t, base)
			split := btftest.MustParse(t, c.split, base)
			checkRefs(t, split)
			d, got := distill(t, on, split, c.keep)
			wantText(t, "distilled base", c.wantBase, got.Base)
			wantText(t, "split BTF", c.wantSplit, got)
			checkKept(t, d, got, c.kept)
			if got.Base.NumOwn() > 0 {
				if err := btf.CheckDistilled(got.Base); err != nil {
					t.Error(err)
				}
			}
			for _, r := range c.relocations {
				checkRelocation(t, base, got, r)
			}
		})
	}
}

func newTextBase(t testing.TB, base *btf.BTF) *Base {
	t.Helper()
	on, err := NewBase(&base.Types, base.Strs)
	if err != nil {
		t.Fatal(err)
	}
	return on
}

// resultOf is split BTF as Finish gives it.
func resultOf(b *btf.BTF) *Result {
	return &Result{Types: b.Types, Start: b.Start, Strings: b.Strs, StrStart: b.StrStart}
}

// distill distils and reads back what would be written.
func distill(t testing.TB, on *Base, split *btf.BTF, keep []btf.ID) (*Distilled, *btf.BTF) {
	t.Helper()
	d, err := Distill(on, resultOf(split), keep)
	if err != nil {
		t.Fatal(err)
	}
	got := readBack(t, &d.Split, readBack(t, &d.Base, nil))
	for old, id := range d.IDs {
		if int(id) >= got.NumTypes() || old >= int(split.Start) && id < got.Start {
			t.Errorf("type %d becomes %d", old, id)
		}
	}
	return d, got
}

func wantText(t *testing.T, what, want string, got *btf.BTF) {
	t.Helper()
	if w, g := exactText(btftest.MustParse(t, want, got.Base)), exactText(got); g != w {
		t.Errorf("%s: got:\n%s\nwant:\n%s", what, g, w)
	}
}

func checkKept(t *testing.T, d *Distilled, split *btf.BTF, want []string) {
	t.Helper()
	var got []string
	for _, k := range d.Kept {
		got = append(got, k.Name+": "+k.Reason)
		if r := split.Row(k.ID); r == nil || r.Info.Kind() != k.Kind || string(split.Name(k.ID)) != k.Name {
			t.Errorf("kept %v: the split BTF has another type there", k)
		}
	}
	ok := slices.EqualFunc(got, want, func(g, w string) bool {
		name, reason, _ := strings.Cut(w, ": ")
		return strings.HasPrefix(g, name+": ") && strings.Contains(g, reason)
	})
	if !ok {
		t.Errorf("kept %q, want %q", got, want)
	}
}

func checkRelocation(t *testing.T, same, split *btf.BTF, r relocation) {
	t.Helper()
	base := same
	if r.base != "" {
		base = textBase(t, r.base)
	}
	before := slices.Clone(split.Types.Rows)
	res, ids, err := Relocate(newTextBase(t, base), split)
	if !slices.Equal(before, split.Types.Rows) {
		t.Error("relocation changed what it was given")
	}
	if r.err != "" {
		var re *RelocateError
		if !errors.As(err, &re) || !strings.Contains(err.Error(), r.err) {
			t.Errorf("error %v, want %s", err, r.err)
		}
		return
	}
	if err != nil {
		t.Error(err)
		return
	}
	if len(ids) != split.NumTypes() || ids[0] != 0 || int(res.Start) != base.NumTypes() {
		t.Errorf("%d ids for %d types, void is %d; the first is %d", len(ids), split.NumTypes(), ids[0], res.Start)
	}
	wantText(t, "relocated", r.want, readBack(t, res, base))
}

// TestDistilledEndianness: what is distilled is written and read in the byte
// order of the module.
func TestDistilledEndianness(t *testing.T) {
	c := distillCases[0]
	base := textBase(t, c.base)
	d, little := distill(t, newTextBase(t, base), btftest.MustParse(t, c.split, base), nil)
	dist, err := btf.Parse(btf.Append(nil, &d.Base.Types, d.Base.Strings, binary.BigEndian), nil)
	if err != nil {
		t.Fatal(err)
	}
	big, err := btf.Parse(btf.Append(nil, &d.Split.Types, d.Split.Strings, binary.BigEndian), dist)
	if err != nil {
		t.Fatal(err)
	}
	if dist.Order != binary.BigEndian || exactText(dist) != exactText(little.Base) || exactText(big) != exactText(little) {
		t.Error("big endian differs")
	}
	checkRelocation(t, base, big, c.relocations[0])
}

// TestRelocateRefuses: a distilled base that a kernel refuses.
func TestRelocateRefuses(t *testing.T) {
	base := newTextBase(t, textBase(t, "[1] INT 'int' size=4\n[2] STRUCT 's' size=4\n[3] PTR '(anon)' type_id=1\n[4] UNION 'fields' size=4 kind_flag=1\n'b' type_id=1 bits_offset=0 bitfield_size=3\n[5] STRUCT 'bits' size=4 kind_flag=1\n'b' type_id=1 bits_offset=0 bitfield_size=3\n[6] UNION 'u' size=4\n[7] FWD 'f' fwd_kind=struct\n[8] FLOAT 'double' size=8"))
	for _, c := range []struct{ dist, want string }{
		{"[1] PTR '(anon)' type_id=0", "type [1] in distilled based BTF has unexpected kind [2]"},
		{"[1] INT 'int' size=4\n[2] ENUM64 'e' size=8", "[2] ENUM64 \"e\""},
		{"[1] STRUCT '(anon)' size=4", "it is anonymous"},
		{"[1] FUNC 'f' type_id=0", "unexpected kind"},
		{"[1] TYPEDEF 't' type_id=0", "unexpected kind"},
		{"[1] INT 'int' size=4 encoding=SIGNED", `encoding 0, not 1`},
		{"[1] INT 's' size=4", `the base has STRUCT [2] of size 4, not INT of 4`},
		{"[1] FLOAT 'double' size=4", "FLOAT [8] of size 8, not FLOAT of 4"},
		// What libbpf and the kernel make of declarations.
		{"[1] FWD 'f' fwd_kind=union", "is not mapped"},
		{"[1] FWD 'f' fwd_kind=struct", ""},
		{"[1] FWD 's' fwd_kind=struct", ""},
		{"[1] FWD 'bits' fwd_kind=struct", "does not take STRUCT [5] for it"},
		{"[1] FWD 'u' fwd_kind=union", "does not take UNION [6] for it"},
		{"[1] FWD 'fields' fwd_kind=struct", ""},
		{"[1] FWD 'int' fwd_kind=struct", "is not mapped"},
		{"[1] STRUCT 'f' size=4", ""},
	} {
		dist := btftest.MustParse(t, c.dist, nil)
		split := btftest.MustParse(t, fmt.Sprintf("[%d] CONST '(anon)' type_id=1", dist.NumTypes()), dist)
		_, _, err := Relocate(base, split)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", c.dist, err, c.want)
		}
	}
	if _, _, err := Relocate(base, btftest.MustParse(t, "[1] INT 'int' size=4", nil)); err == nil {
		t.Error("BTF without a base was relocated")
	}
	if _, err := Distill(NoBase(), &Result{}, nil); err == nil {
		t.Error("BTF without a base was distilled")
	}
}

// TestDistillHostile: cycles that no compiler makes end all walks.
func TestDistillHostile(t *testing.T) {
	base := textBase(t, "[1] TYPEDEF 'a' type_id=2\n[2] TYPEDEF 'b' type_id=1\n[3] STRUCT '(anon)' size=4\n'm' type_id=3\n'n' type_id=1\n[4] ARRAY '(anon)' type_id=4 index_type_id=4 nr_elems=1\n[5] INT 'int' size=4")
	split := btftest.MustParse(t, "[6] STRUCT 's' size=4\n'a' type_id=1\n'b' type_id=3\n'c' type_id=4\n'd' type_id=6\n'e' type_id=7\n[7] CONST '(anon)' type_id=7", base)
	_, got := distill(t, newTextBase(t, base), split, nil)
	if got.Base.NumOwn() != 1 || got.NumOwn() != 6 {
		t.Errorf("%d and %d types:\n%s", got.Base.NumOwn(), got.NumOwn(), btftest.Text(got))
	}
	checkRelocation(t, base, got, relocation{base: "[1] INT 'int' size=4", want: strings.TrimPrefix(btftest.Text(got), btftest.Text(got.Base))})
}

// TestDistillShuffled takes random split BTF through a distilled base to its
// own base in another order: the meaning stays, whatever names the base has
// twice.
func TestDistillShuffled(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 5))
	for range 300 {
		u := randomTypes(rnd, 40)
		base := readBack(t, resultOf(u), nil)
		on := newTextBase(t, base)
		split := randomSplit(rnd, base, 12)
		_, got := distill(t, on, split, nil)
		other := btftest.Shuffle(base, rnd)
		res, _, err := Relocate(newTextBase(t, other), got)
		if err != nil {
			t.Fatalf("%v\nbase:\n%s\nsplit:\n%s", err, btftest.Text(base), btftest.Text(split))
		}
		d := btftest.Compare(split, readBack(t, res, other))
		if len(d.Missing)+len(d.Extra) > 0 {
			t.Fatalf("%v\nbase:\n%s\nsplit:\n%s\ndistilled:\n%s%s", d, btftest.Text(base), btftest.Text(split), btftest.Text(got.Base), btftest.Text(got))
		}
	}
}

// FuzzDistill does the same with what deduplication makes of any bytes, and
// relocates to any other base without a fault of ours.
func FuzzDistill(f *testing.F) {
	rnd := rand.New(rand.NewPCG(3, 6))
	for range 20 {
		var seed [3][]byte
		for i := range seed {
			seed[i] = make([]byte, 120)
			for j := range seed[i] {
				seed[i][j] = byte(rnd.Uint32())
			}
		}
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, base, unit, other []byte) {
		b := graphOf(base)
		on, err := NewBase(&b.Types, b.Strs)
		if err != nil {
			t.Skip(err)
		}
		r := newRun(t, b, false)
		if _, err := r.m.AddUnit(r.rename(graphOf(unit))); err != nil {
			t.Skip(err)
		}
		split := r.finish(t)
		_, got := distill(t, on, split, nil)
		moved := btftest.Shuffle(b, rand.New(rand.NewPCG(1, uint64(len(base)))))
		res, _, err := Relocate(newTextBase(t, moved), got)
		if err != nil {
			t.Fatal(err)
		}
		if d := btftest.Compare(split, readBack(t, res, moved)); len(d.Missing)+len(d.Extra) > 0 {
			t.Error(d)
		}
		if o := graphOf(other); o.NumOwn() > 0 {
			on, err := NewBase(&o.Types, o.Strs)
			if err != nil {
				t.Skip(err)
			}
			if res, _, err := Relocate(on, got); err == nil {
				readBack(t, res, o)
			}
		}
	})
}

// randomTypes returns n types of few names and sizes, so that many are alike.
func randomTypes(rnd *rand.Rand, n int) *btf.BTF {
	b := &btf.BTF{Order: binary.LittleEndian, Types: btf.Types{Rows: make([]btf.Row, 1)}}
	strs := btf.NewStrings(nil)
	for range n {
		randomType(rnd, &b.Types, strs, n+1)
	}
	b.Strs = bytes.Clone(strs.Own())
	return b
}

func randomSplit(rnd *rand.Rand, base *btf.BTF, n int) *btf.BTF {
	index, err := btf.NewStrIndex(base.Strs)
	if err != nil {
		panic(err)
	}
	b := &btf.BTF{Order: binary.LittleEndian, Base: base, Start: btf.ID(base.NumTypes()), StrStart: index.Len()}
	strs := btf.NewStrings(index)
	for range n {
		randomType(rnd, &b.Types, strs, base.NumTypes()+n)
	}
	b.Strs = bytes.Clone(strs.Own())
	return b
}

// randomType appends a type whose references are below ids.
func randomType(rnd *rand.Rand, t *btf.Types, strs *btf.Strings, ids int) {
	name := strs.Intern([]byte{byte('a' + rnd.IntN(12))})
	size := uint32(4 << rnd.IntN(2))
	ref := func() uint32 { return uint32(rnd.IntN(ids)) }
	item := func() btf.Item { return btf.Item{Name: uint32(name), Type: ref(), Val: 0} }
	row, n := btf.Row{Name: name, Type: size, Aux: uint32(len(t.Items))}, 0
	kinds := []btf.Kind{btf.KindInt, btf.KindPtr, btf.KindArray, btf.KindStruct, btf.KindUnion, btf.KindEnum, btf.KindFwd, btf.KindTypedef, btf.KindConst, btf.KindFunc, btf.KindFuncProto, btf.KindFloat, btf.KindDeclTag, btf.KindTypeTag, btf.KindEnum64}
	k := kinds[rnd.IntN(len(kinds))]
	if rnd.IntN(4) == 0 && (k == btf.KindStruct || k == btf.KindUnion || k == btf.KindEnum) {
		row.Name = 0
	}
	switch k {
	case btf.KindInt:
		row.Aux = size * 8
	case btf.KindPtr, btf.KindConst:
		row.Name, row.Type = 0, ref()
	case btf.KindTypedef, btf.KindTypeTag, btf.KindFunc:
		row.Type = ref()
	case btf.KindDeclTag:
		row.Type, row.Aux = ref(), ^uint32(0)
	case btf.KindFwd:
		row.Type = 0
	case btf.KindArray:
		row.Name, row.Type = 0, 0
		t.Items = append(t.Items, btf.Item{Name: ref(), Type: ref(), Val: size})
	case btf.KindStruct, btf.KindUnion:
		n = rnd.IntN(3)
		for range n {
			t.Items = append(t.Items, item())
		}
	case btf.KindFuncProto:
		row.Name, row.Type, n = 0, ref(), 1
		t.Items = append(t.Items, item())
	case btf.KindEnum, btf.KindEnum64:
		n = rnd.IntN(2)
		for range n {
			t.Items = append(t.Items, btf.Item{Name: uint32(name), Val: uint32(rnd.IntN(2))})
		}
	}
	row.Info = btf.MakeInfo(k, n, k == btf.KindFwd && rnd.IntN(2) == 0)
	t.Rows = append(t.Rows, row)
}
