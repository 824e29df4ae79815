// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/internal/kerneldir"
)

// TestKeep: what pahole made is kept over runs and not made again; what a failed run left unfinished is
// not taken for a result, and neither is what stands on another base.
func TestKeep(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	// -J --btf_base BASE --btf_encode_detached=RESULT MODULE, and it fails at bad.ko.
	pahole := write("pahole", `#!/bin/sh
echo "$5" >>"$(dirname "$0")/calls"
echo half >"${4#--btf_encode_detached=}"
case $5 in *bad.ko) exit 1 ;; esac
`)
	base, good, bad := write("base", "one"), write("good.ko", ""), write("bad.ko", "")
	run := func(files ...string) (int, error) {
		b := &bench{options: options{pahole: pahole, paholeFlags: "-J", keep: filepath.Join(dir, "keep")}, work: t.TempDir()}
		_, kept, err := b.runPahole("pahole", base, files)
		return kept, err
	}
	if kept, err := run(good, bad); kept != 0 || err == nil {
		t.Errorf("first run: %d kept, error %v", kept, err)
	}
	if kept, err := run(good); kept != 1 || err != nil {
		t.Errorf("second run: %d kept, error %v", kept, err)
	}
	if kept, err := run(bad); kept != 0 || err == nil {
		t.Errorf("what failed: %d kept, error %v", kept, err)
	}
	if calls, err := os.ReadFile(filepath.Join(dir, "calls")); err != nil || string(calls) != good+"\n"+bad+"\n"+bad+"\n" && string(calls) != bad+"\n"+good+"\n"+bad+"\n" {
		t.Errorf("pahole was called for %q, error %v", calls, err)
	}
	write("base", "two")
	if _, err := run(good); err == nil {
		t.Error("results on another base were taken")
	}
}

// TestCheckPahole: a pahole that is missing, or is not the one to compare with, is an error at once.
func TestCheckPahole(t *testing.T) {
	pahole := filepath.Join(t.TempDir(), "pahole")
	if err := os.WriteFile(pahole, []byte("#!/bin/sh\necho v1.30\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		pahole, features string
		good             bool
	}{
		{pahole, "pahole-1.24", false},
		{pahole, "pahole-1.30", true},
		{pahole, "default", true},
		{pahole + ".missing", "default", false},
	} {
		b := &bench{options: options{pahole: c.pahole, features: c.features}, Kernel: &kerneldir.Kernel{Vmlinux: "vmlinux"}}
		if err := b.checkPahole(); (err == nil) != c.good {
			t.Errorf("%s with %s: %v", c.pahole, c.features, err)
		}
	}
}
