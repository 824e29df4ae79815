package btf_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"unsafe"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// FuzzParse gives a blob to everything that takes one, as a base and as a
// split BTF. Nothing may panic, take memory out of proportion, or contradict.
func FuzzParse(f *testing.F) {
	for _, c := range ruleCases {
		text := c.text
		if text[:3] == "[2]" {
			text = intLine + text
		}
		b, err := btftest.Parse(text, nil)
		if err != nil {
			f.Fatal(c.name, err)
		}
		f.Add(btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian))
		f.Add(btf.Append(nil, &b.Types, b.Strs, binary.BigEndian))
	}
	small, err := btftest.Parse(intLine, nil)
	if err != nil {
		f.Fatal(err)
	}
	good := btf.Append(nil, &small.Types, small.Strs, binary.LittleEndian)
	for _, c := range headerCases {
		f.Add(c.change(bytes.Clone(good)))
	}
	f.Add(withLayout(30, 8, 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		tryBlob(t, data, nil)
		tryBlob(t, data, small)
		if b, err := btf.Parse(data, nil); err == nil && b.Opaque == 0 {
			if _, err := btf.ParseOrphan(data); err != nil {
				t.Errorf("can be read, but not without its base: %v", err)
			}
		}
	})
}

// tryBlob checks what must hold of any blob.
func tryBlob(t *testing.T, data []byte, base *btf.BTF) {
	for _, r := range []btf.Rules{{}, {Libbpf: true, TagsFirst: true, NoTagFlag: true, NarrowInfo: true, NameLen: 4, PtrSize: 4}} {
		_ = btf.Check(data, base, r)
	}
	accepted := btf.Check(data, base, btf.Rules{Load: true}) == nil
	b, err := btf.Parse(data, base)
	if (b == nil) == (err == nil) {
		t.Fatalf("value and error disagree: %v, %v", b, err)
	}
	if err != nil {
		if accepted && !hasOddHeader(data) {
			t.Fatalf("accepted by Check, refused by Parse: %v", err)
		}
		return
	}
	const rowLen, itemLen = int(unsafe.Sizeof(btf.Row{})), int(unsafe.Sizeof(btf.Item{}))
	if n := cap(b.Types.Rows)*rowLen + cap(b.Types.Items)*itemLen; n > 2*len(data)+rowLen {
		t.Fatalf("%d bytes of rows and items for %d bytes of input", n, len(data))
	}
	for e := range btf.Violations(b, btf.Rules{Load: true}) {
		_ = e.Error()
	}
	var text, again bytes.Buffer
	if err := btf.Dump(&text, b); err != nil {
		t.Fatal(err)
	}
	for id := btf.ID(0); int(id) <= b.NumTypes(); id++ {
		_, _ = b.ItemsOf(id), b.Name(id)
	}
	if b.Opaque > 0 {
		return
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		c, err := btf.Parse(btf.Append(nil, &b.Types, b.Strs, order), base)
		if err != nil {
			t.Fatalf("%v: what was parsed and written is not parsed: %v", order, err)
		}
		again.Reset()
		if err := btf.Dump(&again, c); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text.Bytes(), again.Bytes()) {
			t.Fatalf("%v: written and parsed, it is another BTF", order)
		}
	}
}

// hasOddHeader reports whether the header ends early or within the words of
// the layout. A kernel takes what is missing as zeros, Parse does not read it.
func hasOddHeader(data []byte) bool {
	if len(data) < 24 {
		return true
	}
	n := binary.LittleEndian.Uint32(data[4:])
	if data[0] == 0xeb {
		n = binary.BigEndian.Uint32(data[4:])
	}
	return n < 32 && n != 24
}
