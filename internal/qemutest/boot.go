package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gobtfenc/gobtfenc/internal/checks"
)

// boot is one start of the guest: what it gets, and what it answered.
type boot struct {
	*host
	order   []string
	files   map[string]string
	btf     map[string][]byte
	steps   []step
	answers []answer
	err     error
	took    time.Duration
}

func newBoot(h *host) *boot {
	return &boot{host: h, files: map[string]string{}, btf: map[string][]byte{}}
}

func (b *boot) prepare() error {
	order, err := loadOrder(b.modules, slices.Collect(maps.Keys(b.modules)))
	if err != nil {
		return err
	}
	b.order = order
	dir := filepath.Join(b.work, "m")
	os.Mkdir(dir, 0o755)
	args := []string{"--reflink=auto", "--target-directory", dir}
	var paths []string
	for _, n := range order {
		args = append(args, b.modules[n].path)
		b.files[n] = filepath.Join(dir, filepath.Base(b.modules[n].path))
		paths = append(paths, b.files[n])
	}
	if out, err := exec.Command("cp", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("cp: %w\n%s", err, out)
	}
	s := time.Now()
	if out, err := exec.Command(b.tool, append([]string{"encode", "--base", b.vmlinux}, paths...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("encode: %w\n%s", err, out)
	}
	fmt.Println("encode", time.Since(s))
	s = time.Now()
	for _, p := range paths {
		if out, err := exec.Command("objcopy", "--strip-debug", p).CombinedOutput(); err != nil {
			return fmt.Errorf("objcopy: %w\n%s", err, out)
		}
	}
	fmt.Println("strip", time.Since(s))
	b.steps = append(b.steps, step{"stage", "start", ""}, step{"btf", "vmlinux", ""})
	deny := strings.Fields(os.Getenv("DENY"))
	for _, n := range order {
		if !slices.Contains(deny, n) {
			b.steps = append(b.steps, step{"load", n, "/m/" + n + ".ko"})
		}
	}
	b.steps = append(b.steps, step{"log", "", ""})
	var buf bytes.Buffer
	w := cpioWriter{w: &buf}
	for _, d := range []string{"proc", "sys", "dev", "tmp", "m"} {
		w.add(d, cpioFolder, nil)
	}
	exe, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	w.add("init", cpioProg, exe)
	w.add("steps", cpioFile, formatSteps(b.steps))
	for _, n := range order {
		raw, err := os.ReadFile(b.files[n])
		if err != nil {
			return err
		}
		w.add("m/"+n+".ko", cpioFile, raw)
	}
	if err := w.close(); err != nil {
		return err
	}
	fmt.Println("initramfs", buf.Len())
	return os.WriteFile(filepath.Join(b.keep, "initramfs"), buf.Bytes(), 0o644)
}

func (b *boot) boot() error {
	s := time.Now()
	rep := filepath.Join(b.keep, "report")
	b.err = qemu(b.timeout, b.accel, b.vmlinuz, filepath.Join(b.keep, "initramfs"), filepath.Join(b.keep, "console"), rep)
	b.took = time.Since(s)
	fmt.Println(b.took, b.err)
	f, err := os.Open(rep)
	if err != nil {
		return err
	}
	b.answers, err = parseReport(f, len(b.steps))
	fmt.Println(err)
	return nil
}

func (b *boot) judge(t *checks.Tally) {
	ok, nodev := 0, 0
	for i, a := range b.answers {
		s := b.steps[i]
		switch {
		case s.verb != "load":
			fmt.Println(s, a)
		case a.ok:
			ok++
		case a.detail == syscall.ENODEV.Error():
			nodev++
		default:
			fmt.Println(s, a)
		}
	}
	t.Note("%d loaded, %d nodev", ok, nodev)
}
