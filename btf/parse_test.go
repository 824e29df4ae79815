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
)

// corpusDir is where the corpus lies: GOBTFENC_CORPUS, else ../shared/corpus
// beside the repository.
func corpusDir(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("GOBTFENC_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatalf("no corpus: %v", err)
		}
		tb.Skipf("no corpus: %v", err)
	}
	return dir
}

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
	data = readZstd(tb, filepath.Join(corpusDir(tb), "vmlinux.btf.zst"))
	b, err := btf.Parse(data, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return data, b
}

// corpusBlobs calls f for every BTF of the corpus with the base it stands on.
func corpusBlobs(t *testing.T, f func(t *testing.T, name string, data []byte, base *btf.BTF)) {
	_, vmlinux := corpusBase(t)
	files, err := filepath.Glob(filepath.Join(corpusDir(t), "*.btf.zst"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(corpusDir(t), "features", "*.btf.zst"))
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
	if !errors.As(err, &pe) || pe.Section != "header" {
		t.Fatalf("got %v, want a *ParseError of the header", err)
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
