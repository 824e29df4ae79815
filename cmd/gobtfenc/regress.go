package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/modtree"
	"github.com/gobtfenc/gobtfenc/internal/number"
	"github.com/gobtfenc/gobtfenc/report/regress"
)

type regressFlags struct {
	baseline     string
	update       bool
	base         string
	features     []string
	shipped      bool
	growth       string
	moduleGrowth string
	leave        []string
	markdown     string
	junit        string
	top          int
	jobs         jobs
}

func regressCommand() *cobra.Command {
	var f regressFlags
	c := &cobra.Command{
		Use:                   "regress --baseline FILE [--update] [--base VMLINUX] [--max-growth LIMIT] [--allow PATTERN] [--junit FILE] [-j N] TREE",
		DisableFlagsInUseLine: true,
		Short:                 "Tell what is worse in a tree's BTF than it was",
		Long: `Encodes the modules of TREE, in memory, and compares their BTF with that of a
baseline, which --update writes. Worse is: a module that is lost or fails, a type or
function that is lost or changed, in a module or in the base; growth beyond the budget;
types that the base has, too; and what a kernel would refuse. What is new is not worse.

A LIMIT of growth is a number of bytes (64K), a percentage (1%), or one of each (1%,64K):
then what is within one of them is within the limit. A PATTERN names what may be worse,
with the wildcards of a shell: "struct cfg", "function dev_*", "drivers/net/*:grown".

The exit status is 0 when nothing is worse, or the baseline was written, 1 when something
is worse or could not be read, 2 for misuse.`,
		Example: `  gobtfenc regress --baseline btf.baseline --update --base vmlinux .
  gobtfenc regress --baseline btf.baseline --base vmlinux --junit btf.xml .
  gobtfenc regress --baseline btf.baseline --base vmlinux --max-growth 2% --allow 'struct sk_buff' .`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misusef("regress takes one folder, not %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return regressTree(args[0], &f) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.baseline, "baseline", "", "the `FILE` to compare with")
	fl.BoolVar(&f.update, "update", false, "write the baseline, and accept what is worse")
	fl.StringVar(&f.base, "base", "", "base BTF: an ELF file with .BTF (`VMLINUX`), or raw BTF")
	fl.StringArrayVar(&f.features, "features", nil, "BTF features in a comma-separated `LIST`, as encode takes them (default \"default\")")
	fl.BoolVar(&f.shipped, "shipped", false, "take the .BTF that files have, also of those with DWARF")
	fl.StringVar(&f.growth, "max-growth", "1%,4K", "the `LIMIT` of growth for all modules together")
	fl.StringVar(&f.moduleGrowth, "max-module-growth", "5%,1K", "the `LIMIT` of growth for each module")
	fl.StringArrayVar(&f.leave, "allow", nil, "let be worse what a `PATTERN` names; may be repeated")
	fl.StringVar(&f.markdown, "markdown", "", "write the report to `FILE`, not to standard output")
	fl.StringVar(&f.junit, "junit", "", "write the report as JUnit XML to `FILE`, too")
	fl.IntVar(&f.top, "top", 50, "show `N` findings at most, 0 for all; JUnit XML has all")
	f.jobs = jobs(runtime.GOMAXPROCS(0))
	fl.VarP(&f.jobs, "jobs", "j", "how many modules are encoded at once")
	fl.Lookup("jobs").DefValue = "number of CPUs"
	return c
}

// options reads the flags that say what counts as worse.
func (f *regressFlags) options() (o regress.Options, err error) {
	if f.baseline == "" {
		return o, misusef("--baseline: no file is given")
	}
	if f.top < 0 {
		return o, misusef("--top %d: not a number from 0", f.top)
	}
	if o.Total, err = regress.ParseGrowth(f.growth); err != nil {
		return o, misusef("--max-growth: %v", err)
	}
	if o.Module, err = regress.ParseGrowth(f.moduleGrowth); err != nil {
		return o, misusef("--max-module-growth: %v", err)
	}
	for _, pattern := range f.leave {
		l, err := regress.ParseLeave(pattern)
		if err != nil {
			return o, misusef("--allow: %v", err)
		}
		o.Leave = append(o.Leave, l)
	}
	o.Jobs = f.jobs.count()
	return o, nil
}

func regressTree(tree string, f *regressFlags) error {
	start := time.Now()
	o, err := f.options()
	if err != nil {
		return err
	}
	old, err := f.readBaseline()
	if err != nil {
		return fmt.Errorf("%s: %w", f.baseline, withoutPath(err))
	}
	now := &regress.Baseline{}
	got, err := f.encode(tree, now)
	if by, ok := errors.AsType[interruption](err); ok {
		report(errors.New("interrupted: no report is written"))
		return by.status()
	}
	if err != nil {
		return err
	}
	if old == nil {
		return f.accept(now, got)
	}
	if old.Features != now.Features {
		report(fmt.Errorf("%s: was made with features %s, these are %s", f.baseline, old.Features, now.Features))
	}
	r, err := regress.Compare(old, now.Base, got, o)
	if err != nil {
		return fmt.Errorf("%s: %w", f.baseline, err)
	}
	if err := f.write(r); err != nil {
		return err
	}
	report(fmt.Errorf("%s compared in %s", number.Plural(len(got), "module", "modules"), seconds(time.Since(start))))
	switch {
	case f.update:
		return f.accept(now, got)
	case r.Worse() > 0:
		return errReported
	}
	return nil
}

// readBaseline returns the baseline; nil where it does not exist and is to be
// written.
func (f *regressFlags) readBaseline() (*regress.Baseline, error) {
	file, err := os.Open(f.baseline)
	if f.update && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return regress.ReadBaseline(file)
}

// encode returns what becomes of the modules of tree, by name, and says in now
// how and on which base.
func (f *regressFlags) encode(tree string, now *regress.Baseline) ([]regress.Got, error) {
	opts := encoder.Options{Jobs: f.jobs.count(), Shipped: f.shipped}
	var err error
	if opts.Features, err = encoder.ParseFeatures(f.features, encoder.FeaturesStrict); err != nil {
		return nil, misuse{err}
	}
	if opts.Features.Has(encoder.FeatureDistilledBase) {
		return nil, misusef("--features distilled_base: what it makes is not compared")
	}
	now.Features = opts.Features.String()
	if f.base != "" {
		if opts.Base, err = encoder.LoadBase(f.base); err != nil {
			return nil, err
		}
		now.Base = opts.Base.Bytes()
	}
	paths, err := modtree.Find(tree)
	if err != nil {
		return nil, err // half a tree is no tree to compare with
	}
	var one sync.Mutex
	made := map[string][]byte{}
	opts.Take = func(r *encoder.Result) {
		data := r.AppendBTF(nil)
		one.Lock()
		defer one.Unlock()
		made[r.Path] = data
	}
	ctx, stop := interruptible(func() {})
	defer stop()
	results, err := runWithProgress(ctx, paths, opts)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	got := make([]regress.Got, len(results))
	for i := range results {
		r := &results[i]
		name, err := filepath.Rel(tree, r.Path)
		if err != nil {
			return nil, err
		}
		got[i] = regress.Got{Name: filepath.ToSlash(name), BTF: made[r.Path]}
		if !errors.Is(r.Err, encoder.ErrNothing) { // which makes a module without BTF
			got[i].Err = r.Err
		}
	}
	return got, nil
}

// write writes the report where the flags say.
func (f *regressFlags) write(r *regress.Report) error {
	markdown := func(w io.Writer) error { return r.WriteMarkdown(w, f.top) }
	if f.junit != "" {
		if err := elfio.WriteAtomic(f.junit, 0o644, r.WriteJUnit); err != nil {
			return fmt.Errorf("--junit %s: %w", f.junit, withoutPath(err))
		}
	}
	if f.markdown == "" {
		if err := markdown(os.Stdout); err != nil {
			return outputError(err)
		}
		return nil
	}
	if err := elfio.WriteAtomic(f.markdown, 0o644, markdown); err != nil {
		return fmt.Errorf("--markdown %s: %w", f.markdown, withoutPath(err))
	}
	return nil
}

// accept writes the baseline, unless a module failed: nobody would miss it later.
func (f *regressFlags) accept(now *regress.Baseline, got []regress.Got) error {
	failed := 0
	for i := range got {
		if err := got[i].Err; err != nil {
			report(err)
			failed++
		}
		now.Modules = append(now.Modules, regress.Module{Name: got[i].Name, BTF: got[i].BTF})
	}
	if failed > 0 {
		return fmt.Errorf("%s: is not written: %s failed", f.baseline, number.Plural(failed, "module", "modules"))
	}
	if err := elfio.WriteAtomic(f.baseline, 0o644, now.Write); err != nil {
		return fmt.Errorf("%s: %w", f.baseline, withoutPath(err))
	}
	report(fmt.Errorf("%s: %s accepted", f.baseline, number.Plural(len(got), "module", "modules")))
	return nil
}
