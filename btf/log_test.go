package btf_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// TestCheckTells pins who refuses, where it is, and the lines of the log.
// TestKernelAgreesOnMutants has the kernel confirm such lines.
func TestCheckTells(t *testing.T) {
	for _, c := range []struct {
		name, text string
		rules      btf.Rules
		by         btf.Asker
		offset     uint64
		log        string
	}{
		{"int", "[2] INT 'i' size=4 encoding=3 nr_bits=8", btf.Rules{}, btf.ModuleLoader, 40,
			"[2] INT i size=4 bits_offset=0 nr_bits=8 encoding=UNKN Unsupported encoding"},
		{"int_data", "[2] INT 'i' size=4 int_data=0x10000020", btf.Rules{}, btf.ModuleLoader, 40,
			"[2] INT i Invalid int_data:10000020"},
		{"name offset", "[2] TYPEDEF 't' type_id=1 name_off=100", btf.Rules{}, btf.ModuleLoader, 40,
			"[2] Invalid name_offset:100"},
		{"member", "[2] STRUCT 'A' size=8\n'm' type_id=1\n'n!' type_id=1", btf.Rules{}, btf.ModuleLoader, 64,
			"[2] STRUCT A size=8 vlen=2\n\tn! type_id=1 bits_offset=0 Invalid name"},
		{"bit-field", "[2] STRUCT 'A' size=8\n'm' type_id=1 bitfield_size=3\n'n!' type_id=1 bits_offset=3 bitfield_size=5", btf.Rules{}, btf.ModuleLoader, 64,
			"[2] STRUCT A size=8 vlen=2\n\tn! type_id=1 bitfield_size=5 bits_offset=3 Invalid name"},
		{"enumerator", "[2] ENUM 'e' size=4\n'A' val=0 name_off=100", btf.Rules{}, btf.ModuleLoader, 52,
			"[2] ENUM e size=4 vlen=1\n\tInvalid name_offset:100"},
		{"variable", "[2] VAR 'v' type_id=1\n[3] DATASEC '.bss' size=4\ntype_id=2 offset=8 size=4", btf.Rules{}, btf.ModuleLoader, 68,
			"[3] DATASEC .bss size=4 vlen=1\n\t type_id=2 offset=8 size=4 Invalid offset"},
		{"fwd", "[2] FWD 'f' fwd_kind=union type_id=1", btf.Rules{}, btf.ModuleLoader, 40, "[2] FWD f union type != 0"},
		{"array", "[2] ARRAY '(anon)' type_id=0 index_type_id=1 nr_elems=3", btf.Rules{}, btf.ModuleLoader, 40,
			"[2] ARRAY (anon) type_id=0 index_type_id=1 nr_elems=3 Invalid elem"},
		{"chain", modifiers(33), btf.Rules{}, btf.ModuleLoader, 40, "Max chain length or cycle detected"},
		{"end of a chain", "[2] CONST '(anon)' type_id=9", btf.Rules{}, btf.ModuleLoader, 40, ""},
		{"resolve, through a modifier", "[2] CONST '(anon)' type_id=1\n[3] STRUCT 'A' size=2\n'm' type_id=2", btf.Rules{Load: true}, btf.BPFLoad, 64,
			"[3] STRUCT A size=2 vlen=1\n\tm type_id=1 bits_offset=0 Member exceeds struct_size"},
		{"func proto", "[2] FUNC_PROTO '(anon)' ret_type_id=9\n'a' type_id=1\n'(anon)' type_id=0", btf.Rules{Load: true}, btf.BPFLoad, 40,
			"[2] FUNC_PROTO (anon) return=9 args=(1 a, vararg) Invalid return type"},
		{"decl_tag", "[2] TYPEDEF 't' type_id=1\n[3] DECL_TAG 'tag' type_id=2 component_idx=0", btf.Rules{Load: true}, btf.BPFLoad, 52,
			"[3] DECL_TAG tag type=2 component_idx=0 Invalid component_idx"},
		{"libbpf", "[2] FUNC 'f' type_id=1", btf.Rules{Libbpf: true}, btf.Libbpf, 40,
			"libbpf: btf: type [2]: referenced type [1] is not FUNC_PROTO"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := btftest.MustParse(t, intLine+c.text, nil)
			err := btf.Check(btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian), nil, c.rules)
			var e *btf.RuleError
			if !errors.As(err, &e) {
				t.Fatalf("%v", err)
			}
			if log := strings.Join(e.Log, "\n"); e.By != c.by || e.Offset != c.offset || log != c.log {
				t.Errorf("by %v at %d: %q, want by %v at %d: %q", e.By, e.Offset, log, c.by, c.offset, c.log)
			}
		})
	}
}

// Chains and nests that are very deep end, and take no stack.
func TestCheckDeep(t *testing.T) {
	const n = 50_000
	for name, c := range map[string]struct{ text, want string }{
		"modifiers, each met after the next": {reverseModifiers(n), ""},
		"modifiers":                          {modifiers(n), "Exceeded max resolving depth:32"},
		"structs":                            {deepStructs(n), "Exceeded max resolving depth:32"},
	} {
		b := btftest.MustParse(t, intLine+c.text, nil)
		data := btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian)
		checkMessage(t, name, btf.Check(data, nil, btf.Rules{Load: true}), c.want)
	}
}
