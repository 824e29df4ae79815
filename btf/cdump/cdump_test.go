package cdump_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btf/cdump"
	"github.com/gobtfenc/gobtfenc/internal/bpftool"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

const numbers = `
[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] INT 'long unsigned int' size=8 bits_offset=0 nr_bits=64 encoding=(none)
[3] INT 'char' size=1 bits_offset=0 nr_bits=8 encoding=(none)
`

// cases are types behind numbers and what they are in C, which is what bpftool
// prints where ours is not set.
var cases = []struct {
	name, types, want string
	ours              bool // bpftool 7.1 prints something else, or nothing
}{
	{name: "embedded before, pointed to ahead", types: `
[4] STRUCT 'a' size=16 vlen=2
	'p' type_id=5 bits_offset=0
	'x' type_id=6 bits_offset=64
[5] PTR '(anon)' type_id=7
[6] TYPEDEF 'c_t' type_id=1
[7] STRUCT 'b' size=16 vlen=1
	'v' type_id=4 bits_offset=0`, want: `
typedef int c_t;

struct b;

struct a {
	struct b *p;
	c_t x;
};

struct b {
	struct a v;
};
`},
	{name: "pointer to itself", types: `
[4] STRUCT 'list' size=8 vlen=1
	'next' type_id=5 bits_offset=0
[5] PTR '(anon)' type_id=4`, want: `
struct list {
	struct list *next;
};
`},
	{name: "typedef inside itself through a pointer", types: `
[4] TYPEDEF 'op' type_id=5
[5] PTR '(anon)' type_id=6
[6] FUNC_PROTO '(anon)' ret_type_id=0 vlen=1
	'(anon)' type_id=7
[7] PTR '(anon)' type_id=8
[8] STRUCT 's' size=8 vlen=1
	'f' type_id=4 bits_offset=0`, want: `
struct s;

typedef void (*op)(struct s *);

struct s {
	op f;
};
`},
	{name: "declarators", types: `
[4] CONST '(anon)' type_id=3
[5] PTR '(anon)' type_id=4
[6] CONST '(anon)' type_id=5
[7] ARRAY '(anon)' type_id=6 index_type_id=1 nr_elems=4
[8] ARRAY '(anon)' type_id=7 index_type_id=1 nr_elems=2
[9] PTR '(anon)' type_id=8
[10] FUNC_PROTO '(anon)' ret_type_id=5 vlen=2
	'n' type_id=1
	'(anon)' type_id=0
[11] PTR '(anon)' type_id=10
[12] ARRAY '(anon)' type_id=11 index_type_id=1 nr_elems=3
[13] FUNC_PROTO '(anon)' ret_type_id=0 vlen=0
[14] PTR '(anon)' type_id=13
[15] STRUCT 'd' size=112 vlen=4
	'strings' type_id=8 bits_offset=0
	'p' type_id=9 bits_offset=512
	'fns' type_id=12 bits_offset=576
	'f' type_id=14 bits_offset=768
[16] VOLATILE '(anon)' type_id=13
[17] PTR '(anon)' type_id=16
[18] TYPEDEF 'noreturn' type_id=17
[19] RESTRICT '(anon)' type_id=9
[20] TYPEDEF 'restricted' type_id=19`, want: `
struct d {
	const char * const strings[2][4];
	const char * const (*p)[2][4];
	const char * (*fns[3])(int n, ...);
	void (*f)(void);
	long: 64;
};

typedef void (*noreturn)(void);

typedef const char * const (* restrict restricted)[2][4];
`},
	{name: "bit-fields and padding", types: `
[4] STRUCT 'bits' size=16 vlen=4
	'a' type_id=1 bits_offset=0 bitfield_size=3
	'b' type_id=1 bits_offset=5 bitfield_size=2
	'c' type_id=1 bits_offset=64 bitfield_size=1
	'd' type_id=3 bits_offset=96`, want: `
struct bits {
	int a: 3;
	char: 2;
	int b: 2;
	long: 57;
	int c: 1;
	int: 0;
	char d;
};
`},
	{name: "packed and not", types: `
[4] STRUCT 'p' size=5 vlen=2
	'c' type_id=3 bits_offset=0
	'i' type_id=1 bits_offset=8
[5] STRUCT 'q' size=8 vlen=2
	'c' type_id=3 bits_offset=0
	'i' type_id=1 bits_offset=32
[6] STRUCT 'aligned' size=64 vlen=1
	'i' type_id=1 bits_offset=0
[7] STRUCT 'empty' size=0 vlen=0`, want: `
struct p {
	char c;
	int i;
} __attribute__((packed));

struct q {
	char c;
	int i;
};

struct aligned {
	int i;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
};

struct empty {};
`},
	{name: "without names", types: `
[4] STRUCT 'outer' size=12 vlen=3
	'(anon)' type_id=5 bits_offset=0
	'e' type_id=6 bits_offset=32
	's' type_id=7 bits_offset=64
[5] UNION '(anon)' size=4 vlen=2
	'i' type_id=1 bits_offset=0
	'c' type_id=3 bits_offset=0
[6] ENUM '(anon)' encoding=SIGNED size=4 vlen=2
	'MINUS' val=-1
	'PLUS' val=1
[7] STRUCT '(anon)' size=4 vlen=1
	'i' type_id=1 bits_offset=0
[8] ENUM '(anon)' encoding=UNSIGNED size=4 vlen=1
	'ALONE' val=7`, want: `
struct outer {
	union {
		int i;
		char c;
	};
	enum {
		MINUS = -1,
		PLUS = 1,
	} e;
	struct {
		int i;
	} s;
};

enum {
	ALONE = 7,
};
`},
	{name: "unions of other sizes", ours: true, types: `
[4] UNION 'forgotten' size=8 vlen=0
[5] UNION 'aligned' size=64 vlen=2
	'i' type_id=1 bits_offset=0
	'c' type_id=3 bits_offset=0
[6] ARRAY '(anon)' type_id=3 index_type_id=1 nr_elems=5
[7] UNION 'packed' size=5 vlen=2
	'i' type_id=1 bits_offset=0
	's' type_id=6 bits_offset=0
[8] UNION 'neither' size=8 vlen=1
	's' type_id=9 bits_offset=0
[9] STRUCT '(anon)' size=5 vlen=2
	'i' type_id=1 bits_offset=0
	'c' type_id=3 bits_offset=32`, want: `
union forgotten {
	char _[8];
};

union aligned {
	int i;
	char c;
	char _[64];
};

union packed {
	int i;
	char s[5];
} __attribute__((packed));

union neither {
	struct {
		int i;
		char c;
	} __attribute__((packed)) s;
	char _[8];
};
`},
	{name: "the same name twice", types: `
[4] STRUCT 's' size=4 vlen=1
	'i' type_id=1 bits_offset=0
[5] STRUCT 's' size=1 vlen=1
	'c' type_id=3 bits_offset=0
[6] TYPEDEF 't' type_id=5
[7] TYPEDEF 't' type_id=4
[8] ENUM 's' encoding=UNSIGNED size=4 vlen=1
	't' val=0
[9] FWD 's' fwd_kind=struct
[10] PTR '(anon)' type_id=9
[11] TYPEDEF 'u' type_id=10`, want: `
struct s {
	int i;
};

struct s___2 {
	char c;
};

typedef struct s___2 t;

typedef struct s t___2;

enum s___3 {
	t___3 = 0,
};

struct s;

typedef struct s *u;
`},
	{name: "enums of other sizes", ours: true, types: `
[4] ENUM 'byte' encoding=UNSIGNED size=1 vlen=1
	'B' val=1
[5] ENUM64 'wide' encoding=UNSIGNED size=8 vlen=1
	'W' val=18446744073709551615ULL
[6] ENUM64 'word' encoding=SIGNED size=8 vlen=1
	'N' val=1LL
[7] ENUM 'none' encoding=UNSIGNED size=4 vlen=0
[8] ENUM 'half' encoding=UNSIGNED size=2 vlen=1
	'H' val=1`, want: `
enum byte {
	B = 1,
} __attribute__((mode(byte)));

enum wide {
	W = 18446744073709551615ULL,
};

enum word {
	N = 1LL,
} __attribute__((mode(word)));

enum none;

enum half {
	H = 1,
} __attribute__((mode(HI)));
`},
	{name: "type tags and built-in types", types: `
[4] TYPE_TAG 'user' type_id=3
[5] PTR '(anon)' type_id=4
[6] TYPEDEF 'user_p' type_id=5
[7] TYPEDEF '__builtin_va_list' type_id=1
[8] TYPEDEF '__gnuc_va_list' type_id=0
[9] INT '__Poly8_t' size=1 bits_offset=0 nr_bits=8 encoding=(none)
[10] TYPEDEF 'poly' type_id=9`, want: `
typedef char __attribute__((btf_type_tag("user"))) *user_p;

typedef __builtin_va_list __gnuc_va_list;

typedef unsigned char __Poly8_t;

typedef __Poly8_t poly;
`},
	{name: "names that are no identifiers", ours: true, types: `
[4] STRUCT 'Option<u8>; int evil' size=1 vlen=1
	'0' type_id=3 bits_offset=0
[5] TYPE_TAG 'a"))) evil(((" ' type_id=3
[6] PTR '(anon)' type_id=5
[7] TYPEDEF 't' type_id=6`, want: `
struct Option_u8___int_evil {
	char _;
};

typedef char __attribute__((btf_type_tag("a\"))) evil(((\" "))) *t;
`},
}

func TestDump(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := btftest.MustParse(t, numbers+c.types, nil)
			var got strings.Builder
			if err := cdump.Dump(&got, b, b.AllIDs(), cdump.Options{}); err != nil {
				t.Fatal(err)
			}
			if body := body(t, got.String()); body != c.want {
				t.Errorf("got\n%s\nwant\n%s", body, c.want)
			}
			if !c.ours {
				t.Run("bpftool", func(t *testing.T) { compareWithBpftool(t, b, got.String()) })
			}
			for _, cc := range []string{"gcc", "clang"} {
				t.Run(cc, func(t *testing.T) { compile(t, cc, b) })
			}
		})
	}
}

// body takes off what every header has around its types.
func body(t *testing.T, header string) string {
	t.Helper()
	_, rest, begins := strings.Cut(header, "apply_to = record)\n#endif\n")
	types, _, ends := strings.Cut(rest, "\n#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n#pragma clang attribute pop")
	if !begins || !ends {
		t.Fatalf("not a whole header:\n%s", header)
	}
	return types
}

func compareWithBpftool(t *testing.T, b *btf.BTF, got string) {
	tool, err := bpftool.Find()
	if err != nil {
		t.Skip(err)
	}
	path := filepath.Join(t.TempDir(), "btf")
	if err := os.WriteFile(path, btf.Append(nil, &b.Types, b.Strs, b.Order), 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := tool.Dump(path, "", "c")
	if err != nil {
		t.Fatal(err)
	}
	if err := bpftool.Compare("c", []byte(got), want); err != nil {
		t.Errorf("%v; it prints\n%s", err, want)
	}
}

// compile has a compiler look whether sizes and offsets are BTF's.
func compile(t *testing.T, cc string, b *btf.BTF) {
	if _, err := exec.LookPath(cc); err != nil {
		t.Skip("no", cc)
	}
	var header bytes.Buffer
	if err := cdump.Dump(&header, b, b.AllIDs(), cdump.Options{Asserts: true}); err != nil {
		t.Fatal(err)
	}
	if err := bpftool.Compile(cc, header.Bytes()); err != nil {
		t.Errorf("%v\n%s", err, header.Bytes())
	}
}

// TestRoot wants what a type needs and no more.
func TestRoot(t *testing.T) {
	b := btftest.MustParse(t, numbers+`
[4] STRUCT 'other' size=4 vlen=1
	'i' type_id=1 bits_offset=0
[5] PTR '(anon)' type_id=4
[6] TYPEDEF 'u8' type_id=3
[7] STRUCT 'root' size=16 vlen=2
	'p' type_id=5 bits_offset=0
	'c' type_id=6 bits_offset=64
[8] TYPEDEF 'more' type_id=7`, nil)
	var got strings.Builder
	one := func(yield func(btf.ID) bool) { yield(7) }
	if err := cdump.Dump(&got, b, one, cdump.Options{}); err != nil {
		t.Fatal(err)
	}
	const want = `
typedef char u8;

struct other;

struct root {
	struct other *p;
	u8 c;
};
`
	if body := body(t, got.String()); body != want {
		t.Errorf("got\n%s", body)
	}
}

// refusal is a graph that C cannot say, or that asks for too much.
type refusal struct {
	name string
	b    *btf.BTF
	want string
}

// chain is 131,071 types, each of which is of the next, and the last of void.
func chain(kind btf.Kind) *btf.BTF {
	const many = 1 << 17
	b := &btf.BTF{Strs: []byte("\x00t\x00"), Types: btf.Types{Rows: make([]btf.Row, 1)}}
	for id := 1; id < many; id++ {
		r := btf.Row{Info: btf.MakeInfo(kind, 0, false), Type: uint32(id+1) % many}
		switch kind {
		case btf.KindTypedef:
			r.Name = 1
		case btf.KindArray:
			r = btf.Row{Info: r.Info, Aux: uint32(id - 1)}
			b.Types.Items = append(b.Types.Items, btf.Item{Type: uint32(id+1) % many, Val: 1})
		}
		b.Types.Rows = append(b.Types.Rows, r)
	}
	return b
}

// doubling is 63 structs, each of which has the next one twice.
func doubling() *btf.BTF {
	b := &btf.BTF{Strs: []byte("\x00a\x00b\x00"), Types: btf.Types{Rows: make([]btf.Row, 1)}}
	for id := 1; id < 64; id++ {
		r := btf.Row{Info: btf.MakeInfo(btf.KindStruct, 2, false), Type: 1, Aux: uint32(2 * (id - 1))}
		next := uint32(id+1) % 64
		b.Types.Items = append(b.Types.Items, btf.Item{Name: 1, Type: next}, btf.Item{Name: 3, Type: next})
		if id == 1 {
			r.Name = 1
		}
		b.Types.Rows = append(b.Types.Rows, r)
	}
	return b
}

func refused(t testing.TB) []refusal {
	return []refusal{
		{"itself", btftest.MustParse(t, "[1] STRUCT 's' size=4 vlen=1\n\t'm' type_id=1 bits_offset=0", nil), "type 1: contains itself"},
		{"pointers", chain(btf.KindPtr), "nested deeper"},
		{"typedefs", chain(btf.KindTypedef), "nested deeper"},
		{"arrays", chain(btf.KindArray), "nested deeper"},
		{"doubling", doubling(), "far more C"},
		{"more elements than 32 bits count", btftest.MustParse(t, numbers+"[4] ARRAY '(anon)' type_id=3 index_type_id=1 nr_elems=4294967295\n[5] ARRAY '(anon)' type_id=4 index_type_id=1 nr_elems=2\n[6] STRUCT 's' size=4 vlen=1\n\t'm' type_id=5 bits_offset=0", nil), "type 4: array of more than 4294967295 elements"},
		{"gap", btftest.MustParse(t, numbers+"[4] STRUCT 's' size=4294967295 vlen=0", nil), "type 4: needs far more C"},
		{"loop", btftest.MustParse(t, "[1] PTR '(anon)' type_id=2\n[2] CONST '(anon)' type_id=1", nil), "nested deeper"},
		{"function as a member", btftest.MustParse(t, numbers+"[4] FUNC_PROTO '(anon)' ret_type_id=0 vlen=0\n[5] FUNC 'f' type_id=4 linkage=static\n[6] TYPEDEF 't' type_id=5", nil), "type 5: FUNC in a declaration"},
	}
}

func TestRefused(t *testing.T) {
	for _, c := range refused(t) {
		err := cdump.Dump(io.Discard, c.b, c.b.AllIDs(), cdump.Options{})
		var typed *cdump.Error
		if !errors.As(err, &typed) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
}

// FuzzDump: whatever can be parsed is written, or refused, before the fuzzer
// takes it to hang.
func FuzzDump(f *testing.F) {
	for _, c := range cases {
		addSeed(f, btftest.MustParse(f, numbers+c.types, nil))
	}
	for _, c := range refused(f) {
		if c.b.NumOwn() <= maxFuzzed {
			addSeed(f, c.b)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := btf.Parse(data, nil)
		if err != nil || b.NumOwn() > maxFuzzed {
			return
		}
		_ = cdump.Dump(io.Discard, b, b.AllIDs(), cdump.Options{Asserts: true})
	})
}

// maxFuzzed is how many types are enough to find what is wrong.
const maxFuzzed = 1000

func addSeed(f *testing.F, b *btf.BTF) { f.Add(btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian)) }
