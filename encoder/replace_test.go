package encoder

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/elfio"
)

// A file that holds its data is left alone, and what a killed run left beside it goes.
func TestReplaceFilesLeft(t *testing.T) {
	if _, err := os.Lstat("/proc/self/fd"); err != nil {
		t.Skip("files are locked on Linux only")
	}
	path := filepath.Join(t.TempDir(), "x.btf")
	left := filepath.Join(filepath.Dir(path), ".x.btf.gobtfenc-0")
	for i, want := range []bool{true, false} {
		if err := os.WriteFile(left, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if changed, err := replaceFiles(elfio.NewFile{Path: path, Data: []byte("types")}); err != nil || changed != want {
			t.Errorf("run %d: changed %v, error %v", i, changed, err)
		}
		if _, err := os.Lstat(left); err == nil {
			t.Errorf("run %d: %s is left over", i, left)
		}
	}
}
