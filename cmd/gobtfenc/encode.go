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
	"github.com/gobtfenc/gobtfenc/internal/basecache"
	"github.com/gobtfenc/gobtfenc/internal/number"
	"github.com/gobtfenc/gobtfenc/internal/phase"
	"github.com/gobtfenc/gobtfenc/report/check"
)

type encodeFlags struct {
	base      string
	tree      string
	features  []string
	exclude   []string
	jobs      jobs
	jobsGiven bool
	outDir    string
	detached  string
	object    string
	sort      bool
	target    string
	mismatch  bool
	verify    bool
	ids       bool
	fatal     bool
	verbose   bool
	timing    bool
	noCache   bool
}

func encodeCommand() *cobra.Command {
	var f encodeFlags
	c := &cobra.Command{
		Use:                   "encode [--base VMLINUX] [--features LIST] [-j N] [--out-dir DIR] FILE...\n  gobtfenc encode --tree OBJDIR [--base VMLINUX] [--features LIST] [-j N]",
		DisableFlagsInUseLine: true,
		Short:                 "Convert the DWARF of modules to split BTF and put it into them",
		Long: `Converts the DWARF of every FILE to BTF, leaves out what the base has, and puts the
rest into FILE as its .BTF section, or with --out-dir into DIR/NAME.btf as raw BTF.
Without --base the BTF of each file stands alone.

The base is an ELF file with a .BTF section (vmlinux), or raw BTF such as
/sys/kernel/btf/vmlinux.

A FILE that fails is left as it was and does not stop the others. A module that is
not of the base's kernel, by its release or by struct module, fails. One without
DWARF is named and left alone, and is no failure.

With --tree the files are the modules that OBJDIR/modules.order lists, and the base
is OBJDIR/vmlinux. What is up to date is not opened: OBJDIR/.gobtfenc.tree says what
was encoded, for which base and with what options.

Below make, -j is its jobserver's business, if the recipe begins with +.

The exit status is 0 when all files are good, 1 when one failed, 2 for misuse.`,
		Example: `  gobtfenc encode --base vmlinux $(find . -name '*.ko')
  gobtfenc encode --tree .
  gobtfenc encode --base /sys/kernel/btf/vmlinux --out-dir btf driver.ko`,
		Args: func(c *cobra.Command, args []string) error {
			if f.tree != "" {
				return f.checkTree(args)
			}
			return atLeastOne(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			f.jobsGiven = c.Flags().Changed("jobs")
			return encode(args, &f)
		},
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.base, "base", "", "base BTF: an ELF file with .BTF (`VMLINUX`), or raw BTF")
	fl.StringVar(&f.tree, "tree", "", "encode the modules of modules.order in the build directory `OBJDIR`, those\nthat are not up to date; --base is its vmlinux if not given")
	fl.StringArrayVar(&f.features, "features", nil, "BTF features in a comma-separated `LIST` of pahole's names: default,\n+name to add to the default, or pahole-1.24; may be repeated (default \"default\")")
	fl.StringSliceVar(&f.exclude, "lang_exclude", []string{"rust"}, "leave out units of the languages in `LIST`; none leaves none out")
	f.jobs = jobs(runtime.GOMAXPROCS(0))
	fl.VarP(&f.jobs, "jobs", "j", "how many modules, or units of one, are encoded at once")
	fl.Lookup("jobs").DefValue = "number of CPUs"
	fl.StringVar(&f.outDir, "out-dir", "", "write raw BTF to `DIR`/NAME.btf and leave the files alone")
	fl.StringVar(&f.detached, "detached", "", "write the raw BTF of the only input to `FILE`, not into the input")
	fl.StringVar(&f.object, "btf-object", "", "write the BTF of the only input as an object to `FILE`, ready to be\nlinked, not into the input")
	fl.BoolVar(&f.sort, "sort", false, "order types by name, as kernels since 7.0 expect them")
	fl.StringVar(&f.target, "target-kernel", "", "encode only what the kernel of version `X.Y` can load; 7.0 and later\nimply --sort")
	fl.BoolVar(&f.mismatch, "allow-mismatch", false, "encode modules of another kernel than the base's too, with a warning")
	fl.BoolVar(&f.verify, "verify", false, "check what is about to be written, as the command check does, and leave\nalone the file that would get something else")
	fl.BoolVar(&f.ids, "resolve-btfids", false, "fill in .BTF_ids, too, as the kernel's resolve_btfids does")
	fl.BoolVar(&f.fatal, "fatal-warnings", false, "fail a module that has warnings about .BTF_ids")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "name the functions that are left out, and what of a tree is up to date or\nnot, and why")
	fl.BoolVar(&f.noCache, "no-cache", false, "neither use nor keep what is known of the base from earlier calls")
	fl.BoolVar(&f.timing, "timing", false, "print the time of each pass, summed over all workers")
	return c
}

func encode(files []string, f *encodeFlags) error {
	start := time.Now()
	opts, err := f.options()
	if err != nil {
		return err
	}
	giveBack, warning := limitJobs(&opts, f.jobs, f.jobsGiven)
	defer giveBack()
	if warning != nil {
		report(warning)
	}
	limitMemory(opts.Jobs)
	ctx, stop := interruptible(giveBack)
	defer stop()

	var results []encoder.Result
	upToDate := 0
	if f.tree != "" {
		results, upToDate, err = encodeTree(ctx, f, opts)
	} else if opts.Base, err = f.loadBase(len(files), &opts); err == nil {
		results, err = runWithProgress(ctx, files, opts)
	}
	if err != nil {
		return err
	}
	failed := tell(results, f.verbose)
	if _, err := opts.Clock.WriteTo(os.Stderr); err != nil {
		return err
	}
	if _, err := fmt.Println(closingLine(results, failed, upToDate, time.Since(start))); err != nil {
		return outputError(err)
	}
	if failed > 0 {
		return errReported
	}
	return nil
}

func runWithProgress(ctx context.Context, files []string, opts encoder.Options) ([]encoder.Result, error) {
	bar := newProgress(len(files))
	opts.Done = func(*encoder.Result) { bar.step() }
	results, err := encoder.Run(ctx, files, opts)
	bar.stop()
	if err := opts.Base.Wait(); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, misuse{runError(err)}
	}
	return results, nil
}

// runError says which option an error of Run is about.
func runError(err error) error {
	var oe *encoder.OutputError
	switch {
	case errors.As(err, &oe):
		option := map[encoder.Output]string{encoder.OutDir: "--out-dir", encoder.Detached: "--detached", encoder.Object: "--btf-object"}[oe.Output]
		return fmt.Errorf("%s %w", option, err)
	case errors.Is(err, encoder.ErrIDsOnly):
		return fmt.Errorf("--resolve-btfids: %w", err)
	}
	return err
}

// hint adds to an error or a warning about a file which option helps.
func hint(err error) error {
	var wide *encoder.WideError
	switch {
	case errors.Is(err, encoder.ErrStaleIDs):
		return fmt.Errorf("%w: --resolve-btfids fills it in", err)
	case errors.As(err, &wide):
		return fmt.Errorf("%w; see --target-kernel", err)
	}
	return err
}

// checkTree refuses what does not go with --tree.
func (f *encodeFlags) checkTree(files []string) error {
	switch {
	case len(files) > 0:
		return misusef("--tree takes the files from modules.order, %q is one too many", files[0])
	case f.outDir != "", f.detached != "", f.object != "":
		return misusef("--tree encodes in place: --out-dir, --detached and --btf-object do not go with it")
	}
	return nil
}

func (f *encodeFlags) options() (encoder.Options, error) {
	opts := encoder.Options{OutDir: f.outDir, Detached: f.detached, Object: f.object, AllowMismatch: f.mismatch, ResolveIDs: f.ids, FatalWarnings: f.fatal}
	var err error
	if opts.Features, err = encoder.ParseFeatures(f.features, encoder.FeaturesStrict); err != nil {
		return opts, misuse{err}
	}
	if opts.Exclude, err = encoder.ParseLanguages(f.exclude); err != nil {
		return opts, misuse{err}
	}
	if f.target != "" {
		if opts.Target, err = encoder.ParseTarget(f.target); err != nil {
			return opts, misuse{fmt.Errorf("--target-kernel: %w", err)}
		}
		var left string
		if opts.Features, left = opts.Target.Fit(opts.Features); left != "" {
			report(errors.New(left))
		}
	}
	if f.verify {
		if opts.Verify, err = f.verifier(opts.Target); err != nil {
			return opts, err
		}
	}
	opts.Sort = f.sort || opts.Target.Sorts()
	if f.timing {
		opts.Clock = new(phase.Clock)
	}
	return opts, nil
}

// basePath is where the base is, empty for none.
func (f *encodeFlags) basePath() string {
	if f.base == "" && f.tree != "" {
		return treeBase(f.tree)
	}
	return f.base
}

// verifier checks BTF that is about to be written, on top of the base.
func (f *encodeFlags) verifier(target encoder.Target) (func(*encoder.Sections) error, error) {
	checker, found, err := newChecker(f.basePath(), target)
	switch {
	case err != nil && f.tree != "":
		return nil, baseError(err)
	case err != nil:
		return nil, err
	case len(found) > 0:
		return nil, fmt.Errorf("%s: base: %w", f.basePath(), &found[0])
	}
	return func(s *encoder.Sections) error {
		if found := checker.Check((*check.File)(s)); len(found) > 0 {
			return &found[0]
		}
		return nil
	}, nil
}

// loadBase loads the base of so many files.
func (f *encodeFlags) loadBase(files int, opts *encoder.Options) (*encoder.Base, error) {
	if f.base == "" {
		return nil, nil
	}
	opts.Clock.Start("base")
	defer opts.Clock.Stop()
	return startBaseFor(files, opts.Jobs, f.base, f.noCache)
}

// startBaseFor is loadBaseFor that loads the base beside the only file if two things
// may be done at once.
func startBaseFor(files, jobs int, path string, noCache bool) (*encoder.Base, error) {
	if files == 1 && jobs > 1 {
		return encoder.StartBase(path, func() *basecache.Cache { return openBaseCache(noCache) }), nil
	}
	return loadBaseFor(files, path, noCache)
}

// loadBaseFor loads the base of so many files. For many it is loaded in full, which
// takes a small part of the time, and neither needs a cache nor fills it.
func loadBaseFor(files int, path string, noCache bool) (*encoder.Base, error) {
	cache := openBaseCache(noCache || files != 1)
	defer cache.Close()
	return encoder.LoadBaseCached(path, cache)
}

// openBaseCache opens the user's cache of bases, nil for none.
func openBaseCache(no bool) *basecache.Cache {
	if no || os.Getenv("GOBTFENC_NO_CACHE") == "1" {
		return nil
	}
	return basecache.Open(toolID())
}

// tell reports what there is to say about each file, in the order in which the
// files were given, and returns how many are not done.
func tell(results []encoder.Result, verbose bool) (failed int) {
	interrupted := 0
	tellUnknown(results)
	for i := range results {
		r := &results[i]
		for _, w := range r.Warnings {
			report(fmt.Errorf("%s: warning: %w", r.Path, hint(w)))
		}
		switch {
		case errors.Is(r.Err, encoder.ErrInterrupted):
			interrupted++
		case r.Err != nil:
			failed++
			report(hint(r.Err))
		case r.NoDWARF:
			report(fmt.Errorf("%s: no DWARF (.debug_info): no types to encode", r.Path))
		}
		if verbose {
			for _, d := range details(r) {
				report(d)
			}
		}
	}
	if interrupted > 0 {
		report(fmt.Errorf("interrupted: %s of %s not done", number.Grouped(interrupted), number.Plural(len(results), "module", "modules")))
	}
	return failed + interrupted
}

// tellUnknown says once for all files what is not known of their machine.
func tellUnknown(results []encoder.Result) {
	first, n := -1, 0
	for i := range results {
		if results[i].UnknownABI != "" {
			if n++; n == 1 {
				first = i
			}
		}
	}
	if n == 0 {
		return
	}
	r, more := &results[first], ""
	if n > 1 {
		more = fmt.Sprintf(" (and %s more)", number.Grouped(n-1))
	}
	report(fmt.Errorf("%s%s: warning: it is not known how machine %s passes parameters: functions are described as they are declared", r.Path, more, r.UnknownABI))
}

// details are what was left out of a file's BTF or its distilled base, and why.
func details(r *encoder.Result) (all []error) {
	for _, s := range r.Skipped {
		all = append(all, fmt.Errorf("%s: function %s left out: %s", r.Path, s.Name, s.Reason))
	}
	for _, k := range r.Kept {
		all = append(all, fmt.Errorf("%s: %v %s not in .BTF.base: %s", r.Path, k.Kind, k.Name, k.Reason))
	}
	return all
}

func closingLine(results []encoder.Result, failed, upToDate int, took time.Duration) string {
	var before, after uint64
	changed := false
	for i := range results {
		r := &results[i]
		before += r.Before
		after += r.After
		changed = changed || r.Changed
	}
	var b strings.Builder
	b.WriteString(number.Plural(len(results), "module", "modules"))
	if failed > 0 {
		fmt.Fprintf(&b, ", %s failed", number.Grouped(failed))
	}
	if upToDate > 0 {
		fmt.Fprintf(&b, ", %s up to date", number.Grouped(upToDate))
	}
	fmt.Fprintf(&b, ": .BTF %s -> %s bytes, ", number.Grouped(before), number.Grouped(after))
	if !changed {
		b.WriteString("nothing changed, ")
	}
	b.WriteString(seconds(took))
	return b.String()
}
