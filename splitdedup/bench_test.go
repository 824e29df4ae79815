package splitdedup

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/gobtfenc/gobtfenc/btf"
)

// corpusBase reads the base BTF of the corpus.
func corpusBase(tb testing.TB) *btf.BTF {
	tb.Helper()
	dir := os.Getenv("GOBTFENC_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	packed, err := os.ReadFile(filepath.Join(dir, "vmlinux.btf.zst"))
	if err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatalf("no corpus: %v", err)
		}
		tb.Skipf("no corpus: %v", err)
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer d.Close()
	data, err := d.DecodeAll(packed, nil)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := btf.Parse(data, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func BenchmarkNewBase(b *testing.B) {
	v := corpusBase(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewBase(&v.Types, v.Strs); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAddUnit adds the whole base on top of itself: every type is found.
func BenchmarkAddUnit(b *testing.B) {
	v := corpusBase(b)
	base, err := NewBase(&v.Types, v.Strs)
	if err != nil {
		b.Fatal(err)
	}
	m := NewModule()
	b.ReportAllocs()
	for b.Loop() {
		m.Reset(base)
		if _, err := m.AddUnit(&v.Types); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(v.Types.Rows)), "ns/type")
}
