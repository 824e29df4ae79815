package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// The guest has two serial lines and nothing else: no disk, no network, no
// devices. The kernel's console is on the first and for people; the report has
// the second to itself, where no message of the kernel can get between.

// What the guest gets. It is emulated, by TCG, also where the machine could do
// better: that needs no rights and is the same everywhere. All instructions that
// TCG knows, for modules that are for one of them, but without five levels of
// page tables, which cost time. A thousand modules fit into half of the memory.
const (
	guestMemory = "1024M"
	guestCPU    = "max,la57=off"
)

// commandLine is the kernel's: what goes wrong ends the guest rather than
// leaving it hanging, and the log is kept whole. On a busy machine the guest stands
// still at times, which is no lockup.
const commandLine = "console=ttyS0 panic=-1 oops=panic log_buf_len=8M nokaslr mitigations=off nowatchdog quiet"

// qemu boots a kernel with an initramfs and returns when the guest has powered
// off. What it prints on its serial lines goes to two files.
func qemu(ctx context.Context, timeout time.Duration, kernel, initramfs, console, report string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64",
		"-accel", "tcg", "-cpu", guestCPU, "-m", guestMemory, "-smp", "1",
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
