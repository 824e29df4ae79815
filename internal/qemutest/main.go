// Command qemutest lets a kernel judge what gobtfenc makes: it boots a Debian
// kernel in qemu, loads modules whose BTF is gobtfenc's, and compares what the
// kernel has made of it.
//
//	qemutest -gobtfenc bin/gobtfenc -vmlinuz FILE [-timeout 6m] [-keep DIR] KERNEL
//
// KERNEL is a folder with a vmlinux and modules that have DWARF, as
// scripts/fetch-kernel.sh unpacks it, and FILE the kernel to boot, of the same
// build. Each check prints a line; the last one counts them. The exit status is
// 1 if one failed.
//
// The program has two halves. The host's prepares modules, writes down in
// steps what is to be done with them (steps.go) and puts both into an initramfs
// with itself as /init. As the first process of the guest it does step after
// step and answers each with one line on the second serial line (report.go).
// What the answers must be is known to the host alone, so that a guest that
// stops, hangs or says less than it was asked cannot pass.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if os.Getpid() == 1 {
		guestMain()
		return
	}
	h := &host{}
	flag.StringVar(&h.tool, "gobtfenc", "bin/gobtfenc", "the command under test")
	flag.StringVar(&h.vmlinuz, "vmlinuz", "", "the kernel to boot")
	flag.StringVar(&h.keep, "keep", "", "leave initramfs, console and report in `DIR`")
	flag.IntVar(&h.flips, "flips", 300, "give the kernel the BTF of a module with a bit changed, `N` times")
	flag.IntVar(&h.baseFlips, "base-flips", 10, "and that of vmlinux")
	flag.DurationVar(&h.timeout, "timeout", 6*time.Minute, "for the boot")
	flag.Parse()
	if flag.NArg() != 1 || h.vmlinuz == "" {
		flag.Usage()
		os.Exit(2)
	}
	// An interrupted run ends qemu and removes what it made, which is much.
	var stop context.CancelFunc
	h.ctx, stop = signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	if err := h.run(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "qemutest:", err)
		os.Exit(1)
	}
}
