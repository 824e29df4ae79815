package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/elfio"
)

// TestTree changes a file of a tree and resets it.
func TestTree(t *testing.T) {
	if _, err := exec.LookPath("objcopy"); err != nil {
		t.Skip("no objcopy:", err)
	}
	dir := t.TempDir()
	module := filepath.Join(dir, "x.ko")
	data, err := os.ReadFile(objects + "split.ko")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(module, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := elfio.ReplaceSection(module, ".BTF", []byte("old"), elfio.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	tr := &tree{dir: filepath.Join(dir, "tree"), stripped: filepath.Join(dir, "stripped"), modules: []string{module}}
	for range 2 {
		if err := tr.reset(); err != nil {
			t.Fatal(err)
		}
		f, err := elf.Open(tr.files()[0])
		if err != nil {
			t.Fatal(err)
		}
		if f.Section(".BTF") != nil || f.Section(".debug_info") == nil {
			t.Error("the file is not what it was without .BTF")
		}
		f.Close()
		if err := os.WriteFile(tr.files()[0], nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if f, err := elf.Open(module); err != nil || f.Section(".BTF") == nil {
		t.Error("the module itself was changed", err)
	}
}
