package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/checks"
)

// host prepares the boot, waits for it and judges.
type host struct {
	tool, vmlinuz, keep string
	timeout             time.Duration
	flips, baseFlips    int // bits to be changed of BTF
	ctx                 context.Context

	*kernel
	base      *btf.BTF // vmlinux's
	baseBytes []byte
	mismatch  bool // the kernel loads modules whose BTF it refuses

	work string
	t    checks.Tally
}

func (h *host) run(dir string) (err error) {
	if h.kernel, err = findKernel(dir); err != nil {
		return err
	}
	if h.baseBytes, _, err = sections(h.vmlinux); err != nil {
		return err
	}
	if h.base, err = btf.Parse(h.baseBytes, nil); err != nil {
		return fmt.Errorf("%s: %w", h.vmlinux, err)
	}
	config := filepath.Join(filepath.Dir(h.vmlinuz), "config-"+h.release)
	if h.mismatch, err = configured(config, "CONFIG_MODULE_ALLOW_BTF_MISMATCH"); err != nil {
		return err
	}
	if h.work, err = os.MkdirTemp("", "qemutest"); err != nil {
		return err
	}
	defer os.RemoveAll(h.work)
	if h.keep == "" {
		h.keep = h.work
	} else if err := os.MkdirAll(h.keep, 0o755); err != nil {
		return err
	}
	fmt.Printf("kernel %s: %d modules\n", h.release, len(h.modules))
	return h.test()
}

// test prepares, boots and judges.
func (h *host) test() error {
	b := &boot{host: h}
	start := time.Now()
	if err := b.build(); err != nil {
		return err
	}
	files, err := b.plan()
	if err != nil {
		return err
	}
	size, err := b.initramfs(files)
	if err != nil {
		return err
	}
	h.t.Note("initramfs of %d modules: %d MiB; prepared in %v", len(files), size>>20, since(start))
	start = time.Now()
	if b.start(); h.ctx.Err() != nil {
		return errors.New("interrupted")
	}
	h.t.Note("%d steps, booted, done and powered off in %v", len(b.steps), since(start))
	b.tellTimes(&h.t)
	b.judge(&h.t)
	return h.t.Close()
}

func since(t time.Time) time.Duration { return time.Since(t).Round(10 * time.Millisecond) }

// configured reports whether a kernel's configuration has an option built in.
func configured(path, option string) (bool, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(b)) {
		if strings.TrimSpace(line) == option+"=y" {
			return true, nil
		}
	}
	return false, nil
}

// initramfs writes the archive and returns its size in bytes.
func (b *boot) initramfs(files map[string]string) (int64, error) {
	f, err := os.Create(filepath.Join(b.keep, "initramfs"))
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = errors.Join(writeInitramfs(w, b.steps, files), w.Flush())
	st, statErr := f.Stat()
	if err = errors.Join(err, statErr, f.Close()); err != nil {
		return 0, err
	}
	return st.Size(), nil
}

// start boots and reads the report; what went wrong is for judge.
func (b *boot) start() {
	report := filepath.Join(b.keep, "report")
	b.qemuErr = qemu(b.ctx, b.timeout, b.vmlinuz, filepath.Join(b.keep, "initramfs"), b.console(), report)
	f, err := os.Open(report)
	if err != nil {
		b.reportErr = err
		return
	}
	defer f.Close()
	answers, err := parseReport(f, len(b.steps))
	b.reportErr = err
	b.answers, b.took = map[step]answer{}, map[string]time.Duration{}
	for i, a := range answers {
		b.answers[b.steps[i]] = a.answer
		b.took[b.steps[i].verb] += a.took
	}
}

func (b *boot) console() string { return filepath.Join(b.keep, "console") }

// tellTimes says how long the guest took for what.
func (b *boot) tellTimes(t *checks.Tally) {
	var text strings.Builder
	for _, verb := range slices.Sorted(maps.Keys(b.took)) {
		fmt.Fprintf(&text, "; %s %v", verb, b.took[verb].Round(10*time.Millisecond))
	}
	t.Note("in the guest%s", text.String())
}
