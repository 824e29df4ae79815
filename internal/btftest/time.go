package btftest

import (
	"syscall"
	"testing"
	"time"
)

// CPUTime returns the time that the process has had of its processors: unlike the clock
// it does not depend on what else runs.
func CPUTime(t testing.TB) time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		t.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
