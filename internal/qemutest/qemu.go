package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// What the guest gets. -cpu max lets the modules load that need an instruction;
// without five levels of page tables, which cost TCG time.
const (
	guestMemory = "2048M"
	guestCPU    = "max,la57=off"
)

// commandLine is the kernel's: what goes wrong ends the guest rather than
// leaving it hanging, and the log is kept whole.
const commandLine = "console=ttyS0 panic=-1 oops=panic log_buf_len=8M nokaslr mitigations=off quiet"

// qemu boots a kernel with an initramfs and returns when the guest has powered
// off. What it prints on its serial lines goes to two files.
func qemu(timeout time.Duration, accel, kernel, initramfs, console, report string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64",
		"-accel", accel, "-cpu", guestCPU, "-m", guestMemory, "-smp", "1",
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
		"-kernel", kernel, "-initrd", initramfs, "-append", commandLine,
		"-serial", "file:"+console, "-serial", "file:"+report)
	out, err := cmd.CombinedOutput()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the guest has not powered off in %v", timeout)
	}
	if err != nil {
		return fmt.Errorf("qemu: %w\n%s", err, out)
	}
	return nil
}
