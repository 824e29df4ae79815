package btf_test

import (
	"encoding/binary"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// TestParseOrphan reads split BTF without its base, in both byte orders: rows are
// there with the references and names that they had.
func TestParseOrphan(t *testing.T) {
	base := btftest.MustParse(t, "[1] INT 'int' size=4\n[2] PTR '(anon)' type_id=1", nil)
	split := btftest.MustParse(t, `
[3] STRUCT 'own' size=8
	'p' type_id=2 bits_offset=0
[4] FUNC_PROTO '(anon)' ret_type_id=1
	'x' type_id=3
[5] FUNC 'f' type_id=4 linkage=static`, base)
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		data := btf.Append(nil, &split.Types, split.Strs, order)
		if _, err := btf.Parse(data, nil); err == nil {
			t.Fatal("it can be read as if it had no base")
		}
		b, err := btf.ParseOrphan(data)
		if err != nil {
			t.Fatal(err)
		}
		if b.NumOwn() != 3 || string(b.Strs) != string(split.Strs) || b.Order != order {
			t.Fatalf("%d types, strings %q, %v", b.NumOwn(), b.Strs, b.Order)
		}
		for i := range split.Types.Rows {
			want, got := split.Types.Rows[i], b.Types.Rows[i+1]
			if want.Name != got.Name || want.Info != got.Info || want.Type != got.Type {
				t.Errorf("%v: type %d: %+v, want %+v", order, i, got, want)
			}
		}
		for n := range len(data) {
			if b, err := btf.ParseOrphan(data[:n]); err == nil {
				t.Errorf("%d bytes of %d are read: %d types", n, len(data), b.NumOwn())
			}
		}
	}
}
