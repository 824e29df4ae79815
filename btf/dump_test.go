package btf_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
)

// TestDumpIsBpftools compares with the installed bpftool, byte by byte.
func TestDumpIsBpftools(t *testing.T) {
	tool, err := exec.LookPath("bpftool")
	if err != nil {
		tool = "/usr/sbin/bpftool"
		if _, err := os.Stat(tool); err != nil {
			t.Skip("no bpftool")
		}
	}
	dir := t.TempDir()
	compared := 0
	corpusBlobs(t, func(t *testing.T, name string, data []byte, base *btf.BTF) {
		args := []string{"btf", "dump", "file", filepath.Join(dir, "own"), "format", "raw"}
		if base != nil {
			write(t, filepath.Join(dir, "base"), btf.Append(nil, &base.Types, base.Strs, base.Order))
			args = append([]string{"-B", filepath.Join(dir, "base")}, args...)
		}
		b, err := btf.Parse(data, base)
		if err != nil {
			t.Fatal(err)
		}
		// The short header is read by every bpftool.
		write(t, filepath.Join(dir, "own"), btf.Append(nil, &b.Types, b.Strs, b.Order))
		want, err := exec.Command(tool, args...).Output()
		if err != nil {
			t.Fatalf("bpftool: %v", err)
		}
		var got bytes.Buffer
		if err := btf.Dump(&got, b); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Fatal(firstDiff(got.Bytes(), want))
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

// firstDiff shows the first line in which got and want differ.
func firstDiff(got, want []byte) string {
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := 0; i < len(g) && i < len(w); i++ {
		if !bytes.Equal(g[i], w[i]) {
			return "got " + string(g[i]) + "\nwant " + string(w[i])
		}
	}
	return "one is longer than the other"
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
