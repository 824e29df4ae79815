// Package corpus finds and reads the corpus of real modules, for tests.
package corpus

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// Dir returns the folder of the corpus: GOBTFENC_CORPUS, else ../shared/corpus
// beside the repository. Without one the test is skipped, and fails under CI.
func Dir(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("GOBTFENC_CORPUS")
	if dir == "" {
		dir = filepath.Join(root(tb), "..", "shared", "corpus")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatal("no corpus of kernel modules:", err)
		}
		tb.Skip("no corpus of kernel modules; set GOBTFENC_CORPUS:", err)
	}
	return dir
}

// root returns the folder of go.mod above the package that is tested.
func root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			tb.Fatal("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}

// Read returns what a file of the corpus is, decompressed; name has no .zst.
func Read(tb testing.TB, name string) []byte {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join(Dir(tb), name+".zst"))
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
		tb.Fatal(name, err)
	}
	return data
}

// Modules calls f with the split BTF that pahole HEAD makes of each module of the
// corpus's kernel.
func Modules(tb testing.TB, f func(name string, data []byte)) {
	tb.Helper()
	for r := tar.NewReader(bytes.NewReader(Read(tb, "all-modules.head.tar"))); ; {
		h, err := r.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			tb.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".btf") {
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			tb.Fatal(h.Name, err)
		}
		f(h.Name, data)
	}
}
