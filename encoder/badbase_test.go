package encoder_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// TestBadBase loads bases that are broken: each is refused with the place and
// the value that is wrong there.
func TestBadBase(t *testing.T) {
	const types = `[1] INT 'int' size=4
[2] STRUCT 's' size=8
	'a' type_id=1
	'b' type_id=1 bits_offset=32
[3] TYPEDEF 't' type_id=2
`
	le := binary.LittleEndian
	put := func(off int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte { le.PutUint32(b[off:], v); return b }
	}
	const (
		header  = 32
		second  = header + 16      // type 2
		third   = second + 12 + 24 // type 3
		typeLen = 16 + 36 + 12
	)
	for _, c := range []struct {
		name   string
		change func([]byte) []byte
		want   string
	}{
		{"header cut off", func(b []byte) []byte { return b[:20] }, "btf header: offset 0x0: too short for a header: 0x14"},
		{"header length", put(4, 0x10000), "btf header: offset 0x4: header length out of range: 0x10000"},
		{"header length below its own", put(4, 8), "btf header: offset 0x4: header length out of range: 0x8"},
		{"version", func(b []byte) []byte { b[2] = 2; return b }, "btf header: offset 0x2: unsupported version: 0x2"},
		{"type section beyond the file", put(12, 0xfffffff0), "btf header: offset 0x8: type section ends beyond the data: 0xfffffff0"},
		{"string section beyond the file", put(20, 0x7fffffff), "btf header: offset 0x10: string section ends beyond the data: 0x8000008f"},
		{"strings over types", put(16, typeLen-4), "btf header: offset 0x10: string section overlaps the type section, offset: 0x3c"},
		{"layout over types", put(24, 0), "btf header: offset 0x18: layout section overlaps the type section, offset: 0x0"},
		{"layout over strings", put(28, 0x54), "btf header: offset 0x18: layout section overlaps the string section, offset: 0x40"},
		{"types not aligned", put(8, 2), "btf header: offset 0x8: type section is not aligned: 0x2"},
		{"type id", put(third+8, 4), "btf types: offset 0x34: type 3: type id out of range: 0x4"},
		{"type id of a member", put(second+12+12+4, 0xffffffff), "btf types: offset 0x10: type 2: item 1: type id out of range: 0xffffffff"},
		{"name", put(second, 0x1000), "btf types: offset 0x10: type 2: name out of range: 0x1000"},
		{"name of a member", put(second+12, 0x80000000), "btf types: offset 0x10: type 2: item 0: name out of range: 0x80000000"},
		{"typedef of itself", put(third+8, 3), "btf types: offset 0x34: type 3: TYPEDEF in a cycle of typedefs and modifiers, type id: 0x3"},
		{"sixteen million members", put(second+4, 4<<24|0xffffff), "btf types: offset 0x10: type is longer than its section, vlen: 0xffffff"},
		{"two billion members", put(second+4, 0x7fffffff), "btf types: offset 0x10: unknown kind: 0x7f"},
		{"unknown kind", put(second+4, 30<<24), "btf types: offset 0x10: unknown kind: 0x1e"},
		{"void", put(second+4, 0), "btf types: offset 0x10: unknown kind: 0x0"},
		{"strings without end", func(b []byte) []byte { b[len(b)-1] = 'x'; return b }, "btf strings: offset 0xc: section does not end with NUL: 0x78"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := btftest.MustParse(t, types, nil)
			data := btf.AppendLayout(nil, &b.Types, b.Strs, le)
			if _, err := btf.Parse(data, nil); err != nil {
				t.Fatal("as it was:", err)
			}
			path := filepath.Join(t.TempDir(), "base.btf")
			if err := os.WriteFile(path, c.change(bytes.Clone(data)), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := encoder.LoadBase(path)
			if want := path + ": base: " + c.want; err == nil || !bytes.HasPrefix([]byte(err.Error()), []byte(want)) {
				t.Errorf("error %v\nwant %s", err, want)
			}
		})
	}
}
