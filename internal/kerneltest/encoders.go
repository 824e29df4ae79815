package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/cost"
	"github.com/gobtfenc/gobtfenc/internal/kerneldir"
)

// encoders runs gobtfenc and pahole over the modules of a kernel and keeps
// what that cost.
type encoders struct {
	*kerneldir.Kernel
	tool, work string

	timed, others []cost.Cost
	alone         cost.Cost

	paholeCost    cost.Cost
	paholeVersion string
}

func (e *encoders) out(name string) string { return filepath.Join(e.work, name) }

// encode runs gobtfenc with results in the folder called out.
func (e *encoders) encode(out string, files []string, flags ...string) (cost.Cost, error) {
	args := append([]string{"encode", "--out-dir", e.out(out)}, flags...)
	if err := os.Mkdir(e.out(out), 0o755); err != nil {
		return cost.Cost{}, err
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
func (e *encoders) pahole(out string, files []string) (cost.Cost, error) {
	if err := os.Mkdir(e.out(out), 0o755); err != nil {
		return cost.Cost{}, err
	}
	flags := []string{"-J", "--btf_gen_floats", "--lang_exclude=rust", "--btf_base", e.Vmlinux, "--btf_encode_detached"}
	result := func(file string) string { return filepath.Join(e.out(out), moduleName(file)+".btf") }
	var pairs bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&pairs, "%s\x00%s\x00", result(f), f)
	}
	return e.run("xargs", pairs.Bytes(), append([]string{"-0", "-n2", fmt.Sprintf("-P%d", jobs), "pahole"}, flags...)...)
}

// run runs a command and measures it.
func (e *encoders) run(name string, stdin []byte, args ...string) (cost.Cost, error) {
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	return cost.Run(cmd)
}
