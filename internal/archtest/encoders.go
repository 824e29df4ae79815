package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/cost"
)

// encode runs gobtfenc with results in the folder called out.
func (b *bench) encode(out string, files []string, flags ...string) (cost.Cost, error) {
	if err := os.Mkdir(b.out(out), 0o755); err != nil {
		return cost.Cost{}, err
	}
	args := append([]string{"encode", fmt.Sprintf("-j%d", jobs), "--out-dir", b.out(out)}, flags...)
	return cost.Run(exec.Command(b.tool, append(args, files...)...))
}

// runPahole runs pahole as Kbuild does, once for each file, but has it write the
// BTF into the folder called out. base is empty for vmlinux.
func (b *bench) runPahole(out, base string, files []string) (cost.Cost, error) {
	if err := os.Mkdir(b.out(out), 0o755); err != nil {
		return cost.Cost{}, err
	}
	flags := strings.Fields(b.paholeFlags)
	if base != "" {
		flags = append(flags, "--btf_base", base)
	}
	var pairs bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&pairs, "%s\x00%s\x00", b.result(out, f), f)
	}
	cmd := exec.Command("xargs", append([]string{"-0", "-n2", fmt.Sprintf("-P%d", jobs), b.pahole}, append(flags, "--btf_encode_detached")...)...)
	cmd.Stdin = &pairs
	return cost.Run(cmd)
}

// paholeVersion is what pahole calls itself: pahole v1.24.
func (b *bench) paholeVersion() string {
	v, err := exec.Command(b.pahole, "--version").Output()
	if err != nil {
		return b.pahole
	}
	return "pahole " + strings.TrimSpace(string(v))
}
