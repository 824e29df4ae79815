package explain_test

import (
	"archive/tar"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/report/explain"
)

// TestCorpus explains what pahole HEAD makes of a whole kernel. It leaves types
// that the base has in the same shape; their number is that which the corpus states,
// found by an independent tool (internal/btftest, TestRefereeOnKernel).
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("1,138 modules")
	}
	dir := corpus(t)
	data, err := io.ReadAll(openZstd(t, filepath.Join(dir, "vmlinux.btf.zst")))
	if err != nil {
		t.Fatal(err)
	}
	base, err := btf.Parse(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	e, referee := explain.New(base), btftest.NewReferee()
	modules, withCopies, copies, causes := 0, 0, 0, 0
	for tr := tar.NewReader(openZstd(t, filepath.Join(dir, "all-modules.head.tar.zst"))); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".btf") {
			continue
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		b, err := btf.Parse(data, base)
		if err != nil {
			t.Fatal(h.Name, err)
		}
		r := e.Module(&explain.Input{Path: h.Name, Source: explain.SourceBTF, BTF: b, Bytes: uint64(len(data))})
		modules++
		copies += len(r.Copies)
		causes += len(r.Causes)
		if len(r.Copies) > 0 {
			withCopies++
			if d := referee.Compare(b, b); len(d.DupInBase) != len(r.Copies) {
				t.Errorf("%s: %d types of the base, the referee finds %d", h.Name, len(r.Copies), len(d.DupInBase))
			}
		}
		checkSums(t, r)
	}
	if modules != 1138 || withCopies != 80 || copies != 431 || causes < 100 {
		t.Errorf("%d modules, %d with types of the base, %d such types, %d causes; want 1138, 80, 431 and some 1000", modules, withCopies, copies, causes)
	}
}

// checkSums wants what hangs on the causes to be all that is not shared for one.
func checkSums(t *testing.T, r *explain.Report) {
	t.Helper()
	var sum explain.Sum
	for i := range r.Causes {
		c := &r.Causes[i]
		sum.Types += c.Types
		sum.Bytes += c.Bytes
		if c.Only.Bytes > r.Hanging.Bytes {
			t.Errorf("%s: %s: %+v", r.Path, c.Name, c.Only)
		}
		if len(c.Differences) == 0 || c.Differences[0].What == "contents" {
			t.Errorf("%s: no words for %s: %+v", r.Path, c.Name, c.Differences)
		}
	}
	if sum != r.Hanging {
		t.Errorf("%s: %+v hang on causes, %+v in all", r.Path, sum, r.Hanging)
	}
}

// corpus returns the folder of real modules, or skips the test.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("GOBTFENC_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no corpus of kernel modules:", err)
		}
		t.Skip("no corpus of kernel modules; set GOBTFENC_CORPUS:", err)
	}
	return dir
}

func openZstd(t *testing.T, path string) io.Reader {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	d, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}
