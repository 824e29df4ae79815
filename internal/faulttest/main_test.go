// SPDX-License-Identifier: BSD-2-Clause

//go:build linux && amd64

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain also serves as the program that takes the filter on.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == filterFlag {
		fmt.Fprintln(os.Stderr, "faulttest:", become(os.Args[2], os.Args[3:]))
		os.Exit(126)
	}
	os.Exit(m.Run())
}

// sample tries each fault that r asks for once in each command, and wants n of them.
func sample(t *testing.T, r *runner, n int) {
	if testing.Short() {
		t.Skip("not in short mode: what is tested runs in processes of its own")
	}
	tool := filepath.Join(t.TempDir(), "gobtfenc")
	build := exec.Command("go", "build", "-o", tool, "../../cmd/gobtfenc")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // what ld.so meets is not ours
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var out bytes.Buffer
	r.tool, r.objects, r.points, r.jobs, r.out = tool, "../../testdata/kernel/obj", 1, 2, &out
	err := r.run()
	t.Logf("\n%s", out.String())
	if err != nil {
		t.Error(err)
	}
	if got := strings.Count(out.String(), "nothing"); got != n {
		t.Errorf("of %d faults %d were tried", n, got)
	}
}

// TestFaults is a sample of what make test-fault tries.
func TestFaults(t *testing.T) {
	sample(t, &runner{}, len(faults)+len(conditions))
}

// TestNoGroup is what is tried where no memory cgroup can be made.
func TestNoGroup(t *testing.T) {
	sample(t, &runner{only: "memory", noGroup: errors.New("not asked for")}, 1)
	sample(t, &runner{only: "5,000 modules, the same", noGroup: errors.New("not asked for")}, 1)
}

// TestNoMemory is what noMemory takes for a lack of memory, and what not.
func TestNoMemory(t *testing.T) {
	for said, want := range map[string]bool{
		"fatal error: runtime: out of memory\n\nruntime stack:\n":                                                                                              true,
		"runtime: failed to create new OS thread\nfatal error: newosproc":                                                                                      true,
		"SIGSEGV: segmentation violation\nPC=0x432d5d m=6\n\ngoroutine 0 gp=0xc44093145a0 m=6":                                                                 true,
		"fatal error: concurrent map writes\n\ngoroutine 1:\nruntime.throw: memory":                                                                            false,
		"panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1]\n\ngoroutine 1 [running]:": false,
	} {
		if got := noMemory(2, said); got != want {
			t.Errorf("%q: %v", said, got)
		}
	}
}
