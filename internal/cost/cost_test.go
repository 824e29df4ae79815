package cost

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestRun measures a shell whose child spins.
func TestRun(t *testing.T) {
	c, err := Run(exec.Command("sh", "-c", `sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; sleep 0.05`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Wall < 50*time.Millisecond || c.CPU <= 0 || c.CPU > c.Wall || c.RSS < 1<<18 || c.RSS > 1<<30 {
		t.Errorf("cost %v", c)
	}
}

func TestRunFails(t *testing.T) {
	_, err := Run(exec.Command("sh", "-c", "echo on output; echo on error >&2; exit 3"))
	if err == nil || !strings.Contains(err.Error(), "exit status 3\non output\non error") {
		t.Errorf("error %v", err)
	}
}

func TestMedian(t *testing.T) {
	runs := []Cost{{9, 20, 5}, {1, 30, 7}, {4, 10, 100}}
	if got, want := Median(runs), (Cost{4, 20, 7}); got != want {
		t.Errorf("median of three %v, want %v", got, want)
	}
	if got, want := Median(append(runs, Cost{6, 26, 9})), (Cost{5, 23, 8}); got != want {
		t.Errorf("median of four %v, want %v", got, want)
	}
	if got := Median(runs[:1]); got != runs[0] {
		t.Errorf("median of one %v", got)
	}
}
