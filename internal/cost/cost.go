// Package cost runs commands and says what they took: time, processor and
// memory, of a process and those that it started.
package cost

import (
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// Cost is what a run took.
type Cost struct {
	Wall time.Duration `json:"wall_ns"`
	CPU  time.Duration `json:"cpu_ns"` // user and system, of all processes

	// RSS is the peak memory in bytes of the largest process. It counts from
	// what the parent held when it started the process (exec keeps the
	// high-water mark), so that who measures should hold little.
	RSS uint64 `json:"peak_bytes"`
}

func (c Cost) String() string {
	return fmt.Sprintf("%.3f s wall, %.3f s CPU, %s", c.Wall.Seconds(), c.CPU.Seconds(), MiB(c.RSS))
}

// MiB writes a number of bytes in MiB.
func MiB(n uint64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }

// Run runs a command to its end. If it fails, the error has what it printed.
func Run(cmd *exec.Cmd) (Cost, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	c := Cost{Wall: time.Since(start)}
	if err != nil {
		return c, fmt.Errorf("%s: %w\n%s", cmd.Path, err, out.Bytes())
	}
	c.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	c.RSS = uint64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) << 10
	return c, nil
}

// Median returns the median of each figure on its own, of an even number of
// runs the mean of the two in the middle. There is at least one run.
func Median(runs []Cost) Cost {
	return Cost{
		Wall: median(runs, func(c Cost) time.Duration { return c.Wall }),
		CPU:  median(runs, func(c Cost) time.Duration { return c.CPU }),
		RSS:  median(runs, func(c Cost) uint64 { return c.RSS }),
	}
}

func median[N time.Duration | uint64](runs []Cost, figure func(Cost) N) N {
	var all []N
	for _, c := range runs {
		all = append(all, figure(c))
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}
