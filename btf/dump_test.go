package btf_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/bpftool"
)

// dumps are the forms of this package.
var dumps = map[string]func(io.Writer, *btf.BTF) error{
	"raw":  btf.Dump,
	"json": func(w io.Writer, b *btf.BTF) error { return btf.DumpJSON(w, b, b.OwnIDs()) },
}

// TestDumpIsBpftools compares with the installed bpftool, but for what is different on
// purpose.
func TestDumpIsBpftools(t *testing.T) {
	tool, err := bpftool.Find()
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	compared := 0
	corpusBlobs(t, func(t *testing.T, name string, data []byte, base *btf.BTF) {
		below := ""
		if base != nil {
			below = filepath.Join(dir, "base")
			write(t, below, btf.Append(nil, &base.Types, base.Strs, base.Order))
		}
		b, err := btf.Parse(data, base)
		if err != nil {
			t.Fatal(err)
		}
		// The short header is read by every bpftool.
		own := filepath.Join(dir, "own")
		write(t, own, btf.Append(nil, &b.Types, b.Strs, b.Order))
		for format, dump := range dumps {
			want, err := tool.Dump(own, below, format)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := dump(&got, b); err != nil {
				t.Fatal(err)
			}
			if err := bpftool.Compare(format, got.Bytes(), want); err != nil {
				t.Errorf("%s: %v", format, err)
			}
		}
		compared++
	})
	if compared == 0 {
		t.Error("nothing compared")
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func TestDumpAllocatesOnlyItsBuffer(t *testing.T) {
	_, b := corpusBase(t)
	n := testing.AllocsPerRun(1, func() {
		if err := btf.Dump(discard{}, b); err != nil {
			t.Fatal(err)
		}
	})
	if n > 4 {
		t.Errorf("%v allocations for %d types", n, b.NumOwn())
	}
}

func BenchmarkDumpBase(b *testing.B) {
	_, base := corpusBase(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := btf.Dump(discard{}, base); err != nil {
			b.Fatal(err)
		}
	}
}
