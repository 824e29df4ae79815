package btf_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// withLayout is an INT, a type of a kind of the future with vlen 2, and a PTR
// to the INT, with a layout section that gives the kind's tail: info bytes and
// elem bytes for each of vlen.
func withLayout(kind btf.Kind, info, elem byte) []byte {
	le := binary.LittleEndian
	var types []byte
	for _, w := range []uint32{1, uint32(btf.MakeInfo(btf.KindInt, 0, false)), 4, 32} {
		types = le.AppendUint32(types, w)
	}
	for _, w := range []uint32{5, uint32(btf.MakeInfo(kind, 2, false)), 0xffffffff} {
		types = le.AppendUint32(types, w)
	}
	for range int(info)/4 + 2*int(elem)/4 {
		types = le.AppendUint32(types, 0xeeeeeeee)
	}
	for _, w := range []uint32{0, uint32(btf.MakeInfo(btf.KindPtr, 0, false)), 1} {
		types = le.AppendUint32(types, w)
	}
	layout := make([]byte, 4*(int(kind)+1))
	layout[4*kind], layout[4*kind+1] = info, elem
	const strs = "\x00int\x00new\x00"

	b := []byte{0x9f, 0xeb, 1, 0}
	n, l := uint32(len(types)), uint32(len(layout))
	for _, w := range []uint32{32, 0, n, n + l, uint32(len(strs)), n, l} {
		b = le.AppendUint32(b, w)
	}
	return append(append(append(b, types...), layout...), strs...)
}

func TestUnknownKindWithLayout(t *testing.T) {
	data := withLayout(30, 8, 4)
	b, err := btf.Parse(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain := btf.Append(nil, &btf.Types{Rows: make([]btf.Row, 1)}, []byte{0}, b.Order)
	if !btf.HasLayout(data) || btf.HasLayout(plain) || btf.HasLayout(data[:20]) {
		t.Error("HasLayout: wrong of a blob with a layout section, without one, or of no blob")
	}
	want := `[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=(none)
[2] UNKN 'new'
[3] PTR '(anon)' type_id=1
`
	if got := btftest.Text(b); got != want {
		t.Errorf("got\n%s", got)
	}
	if b.Opaque != 1 {
		t.Errorf("%d opaque types, want 1", b.Opaque)
	}
	if got := btf.Info(b.Row(2).Aux); got.Kind() != 30 || got.Vlen() != 2 {
		t.Errorf("the info word of the unknown kind is %#x", uint32(got))
	}
	if err := btf.Validate(b, btf.Rules{}); err == nil || !strings.Contains(err.Error(), "Invalid kind") {
		t.Errorf("Validate: %v", err)
	}
}

func TestUnknownKindErrors(t *testing.T) {
	noLayout := withLayout(30, 8, 4)
	copy(noLayout[24:], make([]byte, 8))
	badRef := withLayout(30, 8, 4)
	badRef[32+56-4] = 9 // what the PTR points to
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"bad id behind it", "btf types: offset 0x2c: type 3: type id out of range: 0x9", badRef},
		{"without layout", "btf types: offset 0x10: unknown kind: 0x1e", noLayout},
		{"odd size", "btf layout: offset 0x78: record size is not a multiple of 4: 0x406", withLayout(30, 6, 4)},
		{"layout that lies", "btf types: offset 0x1c: unknown kind: 0x6e", noTail(withLayout(30, 8, 4))},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := btf.Parse(c.data, nil); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// noTail makes the layout say that the kind has no tail.
func noTail(b []byte) []byte {
	off := 32 + binary.LittleEndian.Uint32(b[24:]) + 4*30
	b[off], b[off+1] = 0, 0
	return b
}

// TestLayoutOfCorpus reads and writes the corpus's BTF that has a layout.
func TestLayoutOfCorpus(t *testing.T) {
	found := false
	corpusBlobs(t, func(t *testing.T, name string, data []byte, base *btf.BTF) {
		if name != "vmlinux.layout" {
			t.SkipNow()
		}
		found = true
		if n := binary.LittleEndian.Uint32(data[28:]); n != 4*uint32(btf.NumKinds) {
			t.Errorf("layout of %d bytes", n)
		}
		b, err := btf.Parse(data, base)
		if err != nil {
			t.Fatal(err)
		}
		if b.Opaque != 0 || b.NumOwn() < 100000 {
			t.Errorf("%d types, %d opaque", b.NumOwn(), b.Opaque)
		}
		if got := btf.AppendLayout(nil, &b.Types, b.Strs, b.Order); !bytes.Equal(got, data) {
			t.Error("AppendLayout writes other bytes than libbpf")
		}
	})
	if !found {
		t.Error("the corpus has none")
	}
}
