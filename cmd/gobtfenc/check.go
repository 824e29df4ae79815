package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/modtree"
	"github.com/gobtfenc/gobtfenc/internal/number"
	"github.com/gobtfenc/gobtfenc/report/check"
)

type checkFlags struct {
	base   string
	target string
	jobs   jobs
	json   bool
}

func checkCommand() *cobra.Command {
	f := checkFlags{jobs: jobs(runtime.GOMAXPROCS(0))}
	c := &cobra.Command{
		Use:                   "check [--base VMLINUX] [--target-kernel X.Y] [--json] [-j N] FILE|TREE...",
		DisableFlagsInUseLine: true,
		Short:                 "Tell what a kernel would refuse of BTF, and why",
		Long: `Checks the BTF of every FILE, an ELF file with a .BTF section or raw BTF, by the
rules of the kernel's module loader, of BPF_BTF_LOAD and of libbpf, and tells the
first that each would refuse, in its own words and where it is. A TREE is a folder:
the modules in it and in all folders below are checked.

With a base, the BTF of modules is on top of it, and it is told when the two do not
belong together; a module with a .BTF.base is relocated to it as a kernel would.

The exit status is 0 when all is well, 1 when something was found or a file could
not be read, 2 for misuse.`,
		Example: `  gobtfenc check --base vmlinux .
  gobtfenc check --base /sys/kernel/btf/vmlinux driver.ko
  gobtfenc check vmlinux`,
		Args: atLeastOne,
		RunE: func(_ *cobra.Command, args []string) error { return checkFiles(args, &f) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.base, "base", "", "base BTF: an ELF file with .BTF (`VMLINUX`), or raw BTF")
	fl.StringVar(&f.target, "target-kernel", "", "by the rules of the kernel of version `X.Y`, not of the newest")
	fl.BoolVar(&f.json, "json", false, "print a report in JSON, with the files that are good, too")
	fl.VarP(&f.jobs, "jobs", "j", "how many files are checked at once")
	fl.Lookup("jobs").DefValue = "number of CPUs"
	return c
}

func checkFiles(args []string, f *checkFlags) error {
	start := time.Now()
	var target encoder.Target
	if f.target != "" {
		var err error
		if target, err = encoder.ParseTarget(f.target); err != nil {
			return misuse{fmt.Errorf("--target-kernel: %w", err)}
		}
	}
	checker, found, err := newChecker(f.base, target)
	if err != nil {
		return err
	}
	if found != nil {
		return f.tell([]check.Result{{Path: f.base, Findings: found}}, false, start)
	}
	ctx, stop := interruptible(func() {})
	defer stop()
	paths, partly := modules(args)
	results, err := checker.Run(ctx, paths, f.jobs.count(), readSections)
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted")
	}
	return f.tell(results, partly, start)
}

// newChecker reads the base, unless path is empty, for checks by the rules of
// target, and returns what is wrong with it.
func newChecker(path string, target encoder.Target) (*check.Checker, []check.Finding, error) {
	if path == "" {
		return check.New(nil, target.Rules())
	}
	base, err := encoder.ReadBaseSections(path)
	if err != nil {
		return nil, nil, err
	}
	checker, found, err := check.New((*check.File)(base), target.Rules())
	if err != nil {
		return nil, nil, fmt.Errorf("%s: base: %w", path, err)
	}
	return checker, found, nil
}

// readSections reads a file for a checker, nil for one without BTF.
func readSections(path string) (*check.File, error) {
	s, err := encoder.ReadSections(path)
	if errors.Is(err, encoder.ErrNoBTF) {
		return nil, nil
	}
	return (*check.File)(s), err
}

// modules returns the files that are meant by args, for a folder the modules
// below it. It tells of what it could not look into, and whether there is such.
func modules(args []string) (paths []string, partly bool) {
	for _, arg := range args {
		if st, err := os.Stat(arg); err != nil || !st.IsDir() {
			paths = append(paths, arg)
			continue
		}
		found, err := modtree.Find(arg)
		if err != nil {
			report(err)
			partly = true
		}
		paths = append(paths, found...)
	}
	return paths, partly
}

// tell prints what was found. That a file has no BTF is no fault of it.
func (f *checkFlags) tell(results []check.Result, partly bool, start time.Time) error {
	r := check.NewReport(f.base, f.target, results)
	for i := range results {
		switch file := &results[i]; {
		case file.Error != "":
			report(errors.New(file.Error))
		case file.NoBTF:
			report(fmt.Errorf("%s: %w", file.Path, encoder.ErrNoBTF))
		}
	}
	write := r.JSON
	if !f.json {
		write = r.Text
	}
	err := write(os.Stdout)
	if err == nil && !f.json {
		_, err = fmt.Println(checkedLine(&r.Count, time.Since(start)))
	}
	if err != nil {
		return outputError(err)
	}
	if partly || r.Count.Good < len(results)-r.Count.NoBTF {
		return errReported
	}
	return nil
}

func checkedLine(c *check.Count, took time.Duration) string {
	var b strings.Builder
	b.WriteString(number.Plural(c.Good+c.Refused+c.Failed+c.NoBTF, "file", "files"))
	for _, n := range []struct {
		n    int
		what string
	}{{c.Refused, "refused"}, {c.Failed, "failed"}, {c.NoBTF, "without BTF"}} {
		if n.n > 0 {
			fmt.Fprintf(&b, ", %s %s", number.Grouped(uint64(n.n)), n.what)
		}
	}
	fmt.Fprintf(&b, ": %s bytes of BTF, %s", number.Grouped(uint64(c.Bytes)), seconds(took))
	return b.String()
}
