// SPDX-License-Identifier: BSD-2-Clause

//go:build linux && amd64

package main

import (
	"bytes"
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

// TestFaults is a sample of what make test-fault tries: each fault once in each
// command.
func TestFaults(t *testing.T) {
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
	r := &runner{tool: tool, objects: "../../testdata/kernel/obj", points: 1, jobs: 2, out: &out}
	err := r.run()
	t.Logf("\n%s", out.String())
	if err != nil {
		t.Error(err)
	}
	if n := strings.Count(out.String(), "nothing"); n < len(faults)+len(conditions) {
		t.Errorf("%d faults were tried, there are %d and %d conditions", n, len(faults), len(conditions))
	}
}
