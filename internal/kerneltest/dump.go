package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"golang.org/x/sync/errgroup"

	"github.com/gobtfenc/gobtfenc/internal/bpftool"
	"github.com/gobtfenc/gobtfenc/internal/checks"
)

// dumpedModules is how many modules are dumped, besides vmlinux.
const dumpedModules = 50

// dumpCheck is something that is asked of a dump.
type dumpCheck struct {
	what string
	tool string // that has to be installed
	do   func(d *dumper, path string) error
}

var dumpChecks = []dumpCheck{
	{"as raw text are bpftool's", "bpftool", func(d *dumper, path string) error { return d.compare(path, "raw") }},
	{"as C are bpftool's but for what is named", "bpftool", func(d *dumper, path string) error { return d.compare(path, "c") }},
	{"as JSON are bpftool's but for what is named", "bpftool", func(d *dumper, path string) error { return d.compare(path, "json") }},
	{"have the same sizes and offsets for gcc", "gcc", func(d *dumper, path string) error { return d.compile(path, "gcc") }},
	{"have the same sizes and offsets for clang", "clang", func(d *dumper, path string) error { return d.compile(path, "clang") }},
}

// compareDumps looks at the dumps of vmlinux and of some modules. What a tool is
// missing for is said, and fails under CI.
func compareDumps(t *checks.Tally, e *encoders) error {
	raw, err := section(e.Vmlinux, ".BTF")
	if err != nil {
		return err
	}
	d := &dumper{encoders: e, base: e.out("vmlinux.btf")}
	if err := os.WriteFile(d.base, raw, 0o644); err != nil {
		return err
	}
	d.bpftool, err = bpftool.Find()
	files := append([]string{d.base}, shuffled(e.Modules)[:min(dumpedModules, len(e.Modules))]...)
	for _, c := range dumpChecks {
		if missing := lacking(c.tool, err); missing != nil {
			t.Note("not looked at: dumps that %s: %v", c.what, missing)
			if os.Getenv("CI") != "" {
				t.Check(false, "%v, which must not be under CI", missing)
			}
			continue
		}
		faults := d.each(files, c)
		t.Check(len(faults) == 0, "%d of %d dumps %s", len(files)-len(faults), len(files), c.what)
		tell(t, faults)
	}
	return nil
}

// lacking returns an error for a tool that is not installed; noBpftool is that
// for bpftool.
func lacking(tool string, noBpftool error) error {
	if tool == "bpftool" {
		return noBpftool
	}
	if _, err := exec.LookPath(tool); err != nil {
		return errors.New("no " + tool)
	}
	return nil
}

// dumper dumps the files of a kernel with gobtfenc and with bpftool.
type dumper struct {
	*encoders
	base    string // raw BTF of vmlinux
	bpftool bpftool.Tool
}

// each makes a check of every file and returns what is wrong, in order.
func (d *dumper) each(files []string, c dumpCheck) (faults []string) {
	errs := make([]error, len(files))
	var pool errgroup.Group
	pool.SetLimit(jobs)
	for i, path := range files {
		pool.Go(func() error {
			errs[i] = c.do(d, path)
			return nil
		})
	}
	_ = pool.Wait() // errs has them
	for i, err := range errs {
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s: %v", filepath.Base(files[i]), err))
		}
	}
	return faults
}

// baseOf returns the base of a file, empty for the base itself.
func (d *dumper) baseOf(path string) string {
	if path == d.base {
		return ""
	}
	return d.base
}

func (d *dumper) dump(path string, flags ...string) ([]byte, error) {
	args := append([]string{"dump", "--base", d.baseOf(path)}, flags...)
	out, err := exec.Command(d.tool, append(args, path)...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return out, err
}

func (d *dumper) compare(path, format string) error {
	got, err := d.dump(path, "--format", format)
	if err != nil {
		return err
	}
	want, err := d.bpftool.Dump(path, d.baseOf(path), format)
	if err != nil {
		return err
	}
	return bpftool.Compare(format, got, want)
}

// compile has a compiler look at all types of vmlinux, or at a module's own and
// what they need; with vmlinux's it would read those again for each module.
func (d *dumper) compile(path, cc string) error {
	flags := []string{"--format", "c", "--asserts"}
	if path != d.base {
		own, err := d.dump(path)
		if err != nil {
			return err
		}
		for _, m := range ofC.FindAllSubmatch(own, -1) {
			flags = append(flags, "--root", string(m[1]))
		}
	}
	header, err := d.dump(path, flags...)
	if err != nil {
		return err
	}
	return bpftool.Compile(cc, header)
}

// ofC finds the names of types that C can define in a raw dump.
var ofC = regexp.MustCompile(`(?m)^\[\d+\] (?:STRUCT|UNION|ENUM|ENUM64|TYPEDEF) '([^'(]+)'`)
