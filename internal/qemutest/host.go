package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gobtfenc/gobtfenc/internal/checks"
)

// host prepares the boot, waits for it and judges.
type host struct {
	tool, vmlinuz, accel, keep string
	timeout                    time.Duration

	*kernel
	work string
	t    checks.Tally
}

func (h *host) run(dir string) (err error) {
	if h.kernel, err = findKernel(dir); err != nil {
		return err
	}
	if h.work, err = os.MkdirTemp("", "qemutest"); err != nil {
		return err
	}
	defer os.RemoveAll(h.work)
	if h.keep == "" {
		h.keep = filepath.Join(h.work, "boot")
	}
	if err := os.MkdirAll(h.keep, 0o755); err != nil {
		return err
	}
	fmt.Printf("kernel %s: %d modules\n", h.release, len(h.modules))
	b := newBoot(h)
	start := time.Now()
	if err := b.prepare(); err != nil {
		return err
	}
	h.t.Note("prepared in %v", time.Since(start).Round(10*time.Millisecond))
	if err := b.boot(); err != nil {
		return err
	}
	b.judge(&h.t)
	return h.t.Close()
}
