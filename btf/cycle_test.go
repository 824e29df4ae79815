package btf_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// TestCheckCycles tells cycles of typedefs and modifiers from those that a
// language may have, which pass through more.
func TestCheckCycles(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"Go: typedef of a prototype", "[2] TYPEDEF 'go' type_id=3\n[3] FUNC_PROTO '(anon)' ret_type_id=2", ""},
		{"Go: typedef of a pointer", "[2] TYPEDEF 'p' type_id=3\n[3] PTR '(anon)' type_id=2", ""},
		{"two ways to one", "[2] CONST '(anon)' type_id=3\n[3] TYPEDEF 't' type_id=5\n[4] CONST '(anon)' type_id=5\n[5] TYPEDEF 'i' type_id=1", ""},
		{"typedef of itself", "[2] TYPEDEF 't' type_id=2", "btf types: offset 0x10: type 2: TYPEDEF in a cycle of typedefs and modifiers, type id: 0x2"},
		{"three", "[2] STRUCT 's' size=4\n'a' type_id=3\n[3] TYPEDEF 't' type_id=5\n[4] CONST '(anon)' type_id=3\n[5] TYPEDEF 'u' type_id=4",
			"btf types: offset 0x28: type 3: TYPEDEF in a cycle of typedefs and modifiers, type id: 0x5"},
		{"chain into a cycle", "[2] CONST '(anon)' type_id=3\n[3] TYPE_TAG 't' type_id=4\n[4] VOLATILE '(anon)' type_id=3",
			"btf types: offset 0x1c: type 3: TYPE_TAG in a cycle of typedefs and modifiers, type id: 0x4"},
		{"on a walk of before", "[2] CONST '(anon)' type_id=4\n[3] CONST '(anon)' type_id=4\n[4] TYPEDEF 't' type_id=1\n[5] RESTRICT '(anon)' type_id=5",
			"btf types: offset 0x34: type 5: RESTRICT in a cycle of typedefs and modifiers, type id: 0x5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := btftest.MustParse(t, intLine+c.text, nil)
			b, err := btf.Parse(btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian), nil)
			if err != nil {
				t.Fatal(err)
			}
			checkMessage(t, "CheckCycles", btf.CheckCycles(b), c.want)
		})
	}
}

// TestCheckCyclesOffset finds the place behind a type of an unknown kind, and in
// split BTF.
func TestCheckCyclesOffset(t *testing.T) {
	data := withLayout(30, 8, 4)
	loop := 32 + 16 + 28
	binary.LittleEndian.PutUint32(data[loop+4:], uint32(btf.MakeInfo(btf.KindConst, 0, false)))
	binary.LittleEndian.PutUint32(data[loop+8:], 3)
	b, err := btf.Parse(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	var pe *btf.ParseError
	if err := btf.CheckCycles(b); !errors.As(err, &pe) || pe.Offset != 16+28 {
		t.Errorf("behind an unknown kind: %v", err)
	}
	base := btftest.MustParse(t, intLine, nil)
	split := btftest.MustParse(t, "[2] PTR '(anon)' type_id=1\n[3] CONST '(anon)' type_id=3\n", base)
	if err := btf.CheckCycles(split); !errors.As(err, &pe) || pe.Offset != 12 {
		t.Errorf("in split BTF: %v", err)
	}
}
