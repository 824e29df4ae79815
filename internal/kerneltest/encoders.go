package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gobtfenc/gobtfenc/internal/kerneldir"
)

// usage is what a run cost.
type usage struct {
	wall, cpu time.Duration
	rss       uint64 // peak of the process, or of the largest of its children, bytes
	closing   string // last line on standard output
}

func (u usage) String() string {
	return fmt.Sprintf("%v wall, %v CPU, %s", round(u.wall), round(u.cpu), mib(u.rss))
}

// median returns the run that took the middling time.
func median(runs []usage) usage {
	runs = slices.SortedFunc(slices.Values(runs), func(a, b usage) int { return int(a.wall - b.wall) })
	return runs[len(runs)/2]
}

// encoders runs gobtfenc and pahole over the modules of a kernel and keeps
// what that cost.
type encoders struct {
	*kerneldir.Kernel
	tool, work string

	timed, others []usage
	alone         usage

	paholeUsage   usage
	paholeVersion string
}

func (e *encoders) out(name string) string { return filepath.Join(e.work, name) }

// encode runs gobtfenc with results in the folder called out.
func (e *encoders) encode(out string, files []string, flags ...string) (usage, error) {
	args := append([]string{"encode", "--out-dir", e.out(out)}, flags...)
	if err := os.Mkdir(e.out(out), 0o755); err != nil {
		return usage{}, err
	}
	return e.run(e.tool, nil, append(args, files...)...)
}

// paholeVersion is what pahole calls itself: v1.24.
func paholeVersion() (string, error) {
	v, err := exec.Command("pahole", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("pahole: %w", err)
	}
	return strings.TrimSpace(string(v)), nil
}

// pahole runs pahole as Kbuild does, once for each file, but has it write the
// BTF into the folder called out, as gobtfenc is asked to.
func (e *encoders) pahole(out string, files []string) (usage, error) {
	if err := os.Mkdir(e.out(out), 0o755); err != nil {
		return usage{}, err
	}
	flags := []string{"-J", "--btf_gen_floats", "--lang_exclude=rust", "--btf_base", e.Vmlinux, "--btf_encode_detached"}
	result := func(file string) string { return filepath.Join(e.out(out), moduleName(file)+".btf") }
	if len(files) == 1 {
		return e.run("pahole", nil, append(flags, result(files[0]), files[0])...)
	}
	var pairs bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&pairs, "%s\x00%s\x00", result(f), f)
	}
	return e.run("xargs", pairs.Bytes(), append([]string{"-0", "-n2", fmt.Sprintf("-P%d", jobs), "pahole"}, flags...)...)
}

// run runs a command and measures it. What it says on standard error is shown
// if it fails.
func (e *encoders) run(name string, stdin []byte, args ...string) (usage, error) {
	var out, errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errs
	start := time.Now()
	err := cmd.Run()
	u := usage{wall: time.Since(start)}
	if err != nil {
		return u, fmt.Errorf("%s: %w\n%s%s", name, err, errs.Bytes(), out.Bytes())
	}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	u.rss = uint64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) << 10
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	u.closing = lines[len(lines)-1]
	return u, nil
}
