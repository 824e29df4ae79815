// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/internal/corpus"
)

// TestMain also serves as the processes that make files.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == generateFlag || os.Args[1] == damageFlag) {
		if err := run(os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// build makes the command under test.
func build(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("not in short mode: what is tested runs in processes of its own")
	}
	if runtime.GOOS != "linux" {
		t.Skip("memory is measured on Linux")
	}
	tool := filepath.Join(t.TempDir(), "gobtfenc")
	if out, err := exec.Command("go", "build", "-o", tool, "../../cmd/gobtfenc").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return tool
}

// TestBounds gives the tool small ones of the files that make test-fault gives it.
func TestBounds(t *testing.T) {
	var out bytes.Buffer
	err := testBounds(&out, build(t), t.TempDir(), "", 0.02)
	t.Logf("\n%s", out.String())
	if err != nil {
		t.Error(err)
	}
	if want := fmt.Sprintf("%d files, 0 wrong", len(bombs)); !strings.Contains(out.String(), want) {
		t.Errorf("does not end with %q", want)
	}
}

// TestCorrupt damages real modules some hundred times; scripts/test-fault.sh does so
// 10,000 times.
func TestCorrupt(t *testing.T) {
	tool := build(t)
	dir := corpus.Dir(t)
	var out bytes.Buffer
	c := &corruptor{tool: tool, dir: t.TempDir(), out: &out, seed: 7, count: 300, base: filepath.Join(dir, "vmlinux.btf.zst")}
	for _, name := range []string{"dummy", "xor", "xt_ipvs"} {
		c.modules = append(c.modules, filepath.Join(dir, name+".ko.zst"))
	}
	err := c.run()
	t.Logf("\n%s", out.String())
	if err != nil {
		t.Error(err)
	}
	if c.failed < 50 || c.changed < 50 {
		t.Errorf("%d were refused, %d encoded: too few to tell", c.failed, c.changed)
	}
}
