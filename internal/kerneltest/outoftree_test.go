//go:build outoftree

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// TestOutOfTree has Kbuild build modules against the headers in $HEADERS, where pahole writes
// their BTF, and wants the same of $GOBTFENC, given the modules without it.
func TestOutOfTree(t *testing.T) {
	headers, tool := os.Getenv("HEADERS"), os.Getenv("GOBTFENC")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/outoftree")); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
	}
	run("make", "-C", headers, "M="+dir, "modules")
	vmlinux := filepath.Join(headers, "vmlinux")
	parse := func(file string, base *btf.BTF) *btf.BTF {
		t.Helper()
		raw, err := section(file, ".BTF")
		if err != nil {
			t.Fatal(err)
		}
		b, err := btf.Parse(raw, base)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		return b
	}
	base := parse(vmlinux, nil)
	modules, _ := filepath.Glob(filepath.Join(dir, "*.ko"))
	if len(modules) != 3 {
		t.Fatalf("Kbuild built %d modules, want 3", len(modules))
	}
	for _, m := range modules {
		want := parse(m, base)
		run("objcopy", "--remove-section=.BTF", m)
		run(tool, "encode", "--features", "pahole-1.24", "--base", vmlinux, m)
		if d := btftest.Compare(want, parse(m, base)); !d.Empty() {
			t.Errorf("%s: %s", filepath.Base(m), d)
		}
	}
}
