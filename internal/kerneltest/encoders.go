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
	*kernel
	tool, work string

	timed, others, inPlace []usage
	alone                  usage

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

// pahole runs pahole as Kbuild does, once for each module, but writing the BTF
// to a file of its own as gobtfenc is asked to.
func (e *encoders) pahole() (usage, error) {
	version, err := exec.Command("pahole", "--version").Output()
	if err != nil {
		return usage{}, fmt.Errorf("pahole: %w", err)
	}
	e.paholeVersion = strings.TrimSpace(string(version))
	if err := os.Mkdir(e.out("pahole"), 0o755); err != nil {
		return usage{}, err
	}
	var pairs bytes.Buffer
	for _, m := range e.modules {
		fmt.Fprintf(&pairs, "%s\x00%s\x00", filepath.Join(e.out("pahole"), moduleName(m)+".btf"), m)
	}
	return e.run("xargs", pairs.Bytes(), "-0", "-n2", fmt.Sprintf("-P%d", jobs),
		"pahole", "-J", "--btf_gen_floats", "--lang_exclude=rust", "--btf_base", e.vmlinux, "--btf_encode_detached")
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
