package main

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// What tells this program from others is what Go's own tool finds in it. Without
// it, versions that are being worked on would be taken for one another.
func TestBuildID(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("programs are ELF on Linux")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "tool", "buildid", self).Output()
	if err != nil {
		t.Skip("no go tool buildid: ", err)
	}
	want := strings.TrimSpace(string(out))
	if got := buildID(); got != want || got == "" {
		t.Errorf("build ID %q, want %q", got, want)
	}
	if got := toolID(); got != version+" "+want {
		t.Errorf("%q does not say version %s and build %s", got, version, want)
	}
}
