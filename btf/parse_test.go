package btf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/corpus"
)

func readZstd(tb testing.TB, path string) []byte {
	tb.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer d.Close()
	data, err := d.DecodeAll(raw, nil)
	if err != nil {
		tb.Fatal(path, err)
	}
	return data
}

// corpusBase returns the corpus's vmlinux BTF.
func corpusBase(tb testing.TB) (data []byte, b *btf.BTF) {
	tb.Helper()
	data = readZstd(tb, filepath.Join(corpus.Dir(tb), "vmlinux.btf.zst"))
	b, err := btf.Parse(data, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return data, b
}

// corpusBlobs calls f for every BTF of the corpus with the base it stands on.
func corpusBlobs(t *testing.T, f func(t *testing.T, name string, data []byte, base *btf.BTF)) {
	_, vmlinux := corpusBase(t)
	files, err := filepath.Glob(filepath.Join(corpus.Dir(t), "*.btf.zst"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(corpus.Dir(t), "features", "*.btf.zst"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(files, more...) {
		name := strings.TrimSuffix(filepath.Base(path), ".btf.zst")
		base := vmlinux
		switch {
		case strings.HasPrefix(name, "vmlinux"), strings.HasSuffix(name, ".base"):
			base = nil
		case strings.HasSuffix(name, ".distilled"):
			var err error
			path := strings.Replace(path, ".distilled.", ".distilled.base.", 1)
			if base, err = btf.Parse(readZstd(t, path), nil); err != nil {
				t.Fatal(path, err)
			}
		}
		t.Run(name, func(t *testing.T) { f(t, name, readZstd(t, path), base) })
	}
}

// corpusModules calls f for the split BTF of every module of the corpus's
// kernel.
func corpusModules(t *testing.T, f func(name string, data []byte, base *btf.BTF)) {
	_, base := corpusBase(t)
	corpus.Modules(t, func(name string, data []byte) { f(name, data, base) })
}

// TestKernelModules reads, checks and writes each of a kernel's modules.
func TestKernelModules(t *testing.T) {
	modules := 0
	corpusModules(t, func(name string, data []byte, base *btf.BTF) {
		modules++
		b, err := btf.Parse(data, base)
		if err != nil {
			t.Fatal(name, err)
		}
		got := btf.Append(nil, &b.Types, b.Strs, b.Order)
		if hdr := binary.LittleEndian.Uint32(data[4:]); !bytes.Equal(got[24:], data[hdr:]) {
			t.Errorf("%s: written, it differs", name)
		}
		if err := btf.Check(got, base, btf.Rules{Load: true, Libbpf: true, TagsFirst: true, NoTagFlag: true, NarrowInfo: true}); err != nil {
			t.Error(name, err)
		}
	})
	if modules != 1138 {
		t.Errorf("%d modules", modules)
	}
}

func TestRoundTripCorpus(t *testing.T) {
	corpusBlobs(t, func(t *testing.T, name string, data []byte, base *btf.BTF) {
		b, err := btf.Parse(data, base)
		if err != nil {
			t.Fatal(err)
		}
		got := btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian)
		if name == "vmlinux.layout" {
			data = got // Append writes no layout
		}
		if hdr := binary.LittleEndian.Uint32(data[4:]); hdr == 32 {
			// libbpf writes the two words of the layout even where there is none.
			short := append([]byte(nil), data[:24]...)
			short[4] = 24
			data = append(short, data[32:]...)
		}
		if !bytes.Equal(got, data) {
			t.Fatalf("%d bytes written, %d read, or contents differ", len(got), len(data))
		}
		big := btf.Append(nil, &b.Types, b.Strs, binary.BigEndian)
		c, err := btf.Parse(big, base)
		if err != nil {
			t.Fatal("big-endian:", err)
		}
		if c.Order != binary.BigEndian {
			t.Error("byte order not seen as big-endian")
		}
		if got := btf.Append(nil, &c.Types, c.Strs, binary.LittleEndian); !bytes.Equal(got, data) {
			t.Fatal("big-endian round trip changes the bytes")
		}
	})
}

func TestParseErrorIsTyped(t *testing.T) {
	_, err := btf.Parse([]byte{1, 2, 3}, nil)
	var pe *btf.ParseError
	if !errors.As(err, &pe) || pe.Section != "header" || pe.Value != 3 {
		t.Fatalf("got %v, want a *ParseError of the header", err)
	}
}

// TestParseErrors has what Parse refuses, with section, offset and value.
func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		info             uint32 // replaces that of type 2
	}{
		{"type id", "[2] PTR '(anon)' type_id=3", "btf types: offset 0x10: type 2: type id out of range: 0x3", 0},
		{"name", "[2] TYPEDEF 't' type_id=1 name_off=9", "btf types: offset 0x10: type 2: name out of range: 0x9", 0},
		{"member's type", "[2] STRUCT 's' size=4\n'a' type_id=1\n'b' type_id=7", "btf types: offset 0x10: type 2: item 1: type id out of range: 0x7", 0},
		{"member's name", "[2] STRUCT 's' size=4\n'a' type_id=1 name_off=99", "btf types: offset 0x10: type 2: item 0: name out of range: 0x63", 0},
		{"enumerator's name", "[2] ENUM 's' size=4\n'a' val=1 name_off=99", "btf types: offset 0x10: type 2: item 0: name out of range: 0x63", 0},
		{"array's index", "[2] ARRAY '(anon)' type_id=1 index_type_id=5 nr_elems=1", "btf types: offset 0x10: type 2: index type id out of range: 0x5", 0},
		{"array's element", "[2] ARRAY '(anon)' type_id=5 index_type_id=1 nr_elems=1", "btf types: offset 0x10: type 2: item 0: type id out of range: 0x5", 0},
		{"parameter", "[2] FUNC_PROTO '(anon)' ret_type_id=0\n'a' type_id=5", "btf types: offset 0x10: type 2: item 0: type id out of range: 0x5", 0},
		{"variable", "[2] DATASEC 's' size=4\ntype_id=5 offset=0 size=4", "btf types: offset 0x10: type 2: item 0: type id out of range: 0x5", 0},
		{"tag's target", "[2] DECL_TAG 't' type_id=5 component_idx=-1", "btf types: offset 0x10: type 2: type id out of range: 0x5", 0},
		{"vlen beyond the section", "[2] STRUCT 's' size=4", "btf types: offset 0x10: type is longer than its section, vlen: 0xffffff", 0x04ffffff},
		{"void", "[2] PTR '(anon)' type_id=1", "btf types: offset 0x10: unknown kind: 0x0", 1},
		{"two billion members", "[2] STRUCT 's' size=4", "btf types: offset 0x10: unknown kind: 0x7f", 0x7fffffff},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := btftest.MustParse(t, intLine+c.text, nil)
			data := btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian)
			if c.info != 0 {
				binary.LittleEndian.PutUint32(data[24+16+4:], c.info)
			}
			if _, err := btf.Parse(data, nil); err == nil || err.Error() != c.want {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestParseHeaders has the blobs of the header cases that Parse refuses too.
func TestParseHeaders(t *testing.T) {
	b := btftest.MustParse(t, intLine, nil)
	good := btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian)
	want := map[string]string{
		"too short":                              "btf header: offset 0x0: too short for a header: 0x7",
		"header cut off":                         "btf header: offset 0x0: too short for a header: 0x14",
		"magic":                                  "btf header: offset 0x0: no BTF magic: 0xeb00",
		"version":                                "btf header: offset 0x2: unsupported version: 0x2",
		"flags":                                  "btf header: offset 0x3: unsupported flags: 0x1",
		"no data":                                "btf header: offset 0x8: type section ends beyond the data: 0x10",
		"longer hdr_len":                         "btf header: offset 0x20: unknown header field is not zero: 0x4",
		"overlap between type and str":           "btf header: offset 0x10: string section overlaps the type section, offset: 0xc",
		"smaller BTF size":                       "btf header: offset 0x10: string section ends beyond the data: 0x15",
		"section beyond the end":                 "btf header: offset 0x10: string section ends beyond the data: 0x69",
		"lengths that wrap":                      "btf header: offset 0x10: string section ends beyond the data: 0x10000000f",
		"offsets 2 GiB apart":                    "btf header: offset 0x8: type section ends beyond the data: 0x80000010",
		"string section empty":                   "btf strings: offset 0x0: section is empty: 0x0",
		"string section not NUL-terminated":      "btf strings: offset 0x4: section does not end with NUL: 0x78",
		"string section does not begin with NUL": "btf strings: offset 0x0: section does not begin with the empty string: 0x78",
		"type cut off":                           "btf types: offset 0x0: type is longer than its section, vlen: 0x0",
		"unknown kind":                           "btf types: offset 0x0: unknown kind: 0x1e",
		"gap between hdr and type":               "btf header: offset 0x10: string section overlaps the type section, offset: 0x10",
		"gap between type and str":               "btf types: offset 0x0: type 1: name out of range: 0x1",
	}
	for _, c := range headerCases {
		t.Run(c.name, func(t *testing.T) {
			_, err := btf.Parse(c.change(bytes.Clone(good)), nil)
			checkMessage(t, "Parse", err, want[c.name])
		})
	}
}

// TestSplitOnSplit has three levels, each with strings and types of its own.
func TestSplitOnSplit(t *testing.T) {
	a := btftest.MustParse(t, intLine+"[2] STRUCT 'a' size=4\n'm' type_id=1", nil)
	b := btftest.MustParse(t, "[3] STRUCT 'b' size=4\n'm' type_id=2\n[4] PTR '(anon)' type_id=3", a)
	const text = "[5] STRUCT 'c' size=8\n\t'b' type_id=4 bits_offset=0\n"
	c := btftest.MustParse(t, text, b)
	data := btf.Append(nil, &c.Types, c.Strs, binary.LittleEndian)
	c, err := btf.Parse(data, b)
	if err != nil {
		t.Fatal(err)
	}
	if c.Start != 5 || c.First() != 5 || c.NumTypes() != 6 || c.NumOwn() != 1 {
		t.Errorf("start %d, first %d, %d types, %d own", c.Start, c.First(), c.NumTypes(), c.NumOwn())
	}
	for id, want := range map[btf.ID]struct {
		owner *btf.BTF
		name  string
		items int
	}{0: {a, "", 0}, 1: {a, "int", 0}, 2: {a, "a", 1}, 3: {b, "b", 1}, 4: {b, "", 0}, 5: {c, "c", 1}, 6: {nil, "", 0}} {
		if got := c.Owner(id); got != want.owner {
			t.Errorf("type %d: owner %p, want %p", id, got, want.owner)
		}
		if got := string(c.Name(id)); got != want.name {
			t.Errorf("type %d: name %q, want %q", id, got, want.name)
		}
		if got := len(c.ItemsOf(id)); got != want.items {
			t.Errorf("type %d: %d items, want %d", id, got, want.items)
		}
		if got := c.Row(id) != nil; got != (want.owner != nil) {
			t.Errorf("type %d: has a row: %v", id, got)
		}
	}
	if off := c.ItemsOf(5)[0].Name; off >= uint32(b.StrEnd()) || off < uint32(b.StrStart) {
		t.Errorf("member's name at %#x, want one of the middle", off)
	}
	if _, err := btf.Parse(data, a); err == nil {
		t.Error("parsed on another base, whose ids and strings end too early")
	}
}

func TestEmptySplit(t *testing.T) {
	base := btftest.MustParse(t, intLine, nil)
	data := btf.Append(nil, &btf.Types{}, nil, binary.LittleEndian)
	if len(data) != 24 {
		t.Errorf("%d bytes", len(data))
	}
	b, err := btf.Parse(data, base)
	if err != nil {
		t.Fatal(err)
	}
	if b.NumOwn() != 0 || b.NumTypes() != 2 {
		t.Errorf("%d own types of %d", b.NumOwn(), b.NumTypes())
	}
	if err := btf.Check(data, base, btf.Rules{}); err != nil {
		t.Error(err)
	}
	if _, err := btf.Parse(data, nil); err == nil {
		t.Error("parsed as a base")
	}
}

// TestAppendKeepsBuffer: Append appends.
func TestAppendKeepsBuffer(t *testing.T) {
	b := btftest.MustParse(t, intLine, nil)
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		plain := btf.Append(nil, &b.Types, b.Strs, order)
		got := btf.Append([]byte("abc"), &b.Types, b.Strs, order)
		if string(got[:3]) != "abc" || !bytes.Equal(got[3:], plain) {
			t.Errorf("%v: % x, want abc and % x", order, got, plain)
		}
	}
}

func TestParseAllocations(t *testing.T) {
	data, base := corpusBase(t)
	if n := testing.AllocsPerRun(1, func() { _, _ = btf.Parse(data, nil) }); n > 4 {
		t.Errorf("%v allocations for %d types", n, base.NumOwn())
	}
	if len(base.Types.Rows) != cap(base.Types.Rows) || len(base.Types.Items) != cap(base.Types.Items) {
		t.Error("rows or items not allocated to size")
	}
}

func BenchmarkParseBase(b *testing.B) {
	data, _ := corpusBase(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := btf.Parse(data, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendBase(b *testing.B) {
	data, base := corpusBase(b)
	buf := make([]byte, 0, len(data))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		buf = btf.Append(buf[:0], &base.Types, base.Strs, binary.LittleEndian)
	}
}
