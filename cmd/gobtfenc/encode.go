package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/phase"
)

type encodeFlags struct {
	base     string
	features []string
	exclude  []string
	jobs     jobs
	outDir   string
	detached string
	object   string
	sort     bool
	target   string
	mismatch bool
	ids      bool
	fatal    bool
	verbose  bool
	timing   bool
}

// jobs is the value of -j.
type jobs int

func (j *jobs) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return errors.New("not a number from 1")
	}
	*j = jobs(n)
	return nil
}

func (j *jobs) String() string { return strconv.Itoa(int(*j)) }

func (j *jobs) Type() string { return "N" }

func encodeCommand() *cobra.Command {
	var f encodeFlags
	c := &cobra.Command{
		Use:                   "encode [--base VMLINUX] [--features LIST] [-j N] [--out-dir DIR] FILE...",
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

The exit status is 0 when all files are good, 1 when one failed, 2 for misuse.`,
		Example: `  gobtfenc encode --base vmlinux $(find . -name '*.ko')
  gobtfenc encode --base /sys/kernel/btf/vmlinux --out-dir btf driver.ko`,
		Args: atLeastOne,
		RunE: func(_ *cobra.Command, args []string) error { return encode(args, &f) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.base, "base", "", "base BTF: an ELF file with .BTF (`VMLINUX`), or raw BTF")
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
	fl.BoolVar(&f.ids, "resolve-btfids", false, "fill in .BTF_ids, too, as the kernel's resolve_btfids does")
	fl.BoolVar(&f.fatal, "fatal-warnings", false, "fail a module that has warnings about .BTF_ids")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "name the functions that are left out, and why")
	fl.BoolVar(&f.timing, "timing", false, "print the time of each pass, summed over all workers")
	return c
}

func encode(files []string, f *encodeFlags) error {
	start := time.Now()
	opts, err := f.options()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal does not wait for the files in work

	bar := newProgress(len(files))
	opts.Done = func(*encoder.Result) { bar.step() }
	results, err := encoder.Run(ctx, files, opts)
	bar.stop()
	if err != nil {
		return misuse{err}
	}
	failed := tell(results, f.verbose)
	if _, err := opts.Clock.WriteTo(os.Stderr); err != nil {
		return err
	}
	if _, err := fmt.Println(closingLine(results, failed, time.Since(start))); err != nil {
		return outputError(err)
	}
	if failed > 0 {
		return errReported
	}
	return nil
}

func (f *encodeFlags) options() (encoder.Options, error) {
	opts := encoder.Options{Jobs: int(f.jobs), OutDir: f.outDir, Detached: f.detached, Object: f.object, AllowMismatch: f.mismatch, ResolveIDs: f.ids, FatalWarnings: f.fatal}
	if f.fatal && !f.ids {
		return opts, misusef("--fatal-warnings: there are none without --resolve-btfids")
	}
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
	opts.Sort = f.sort || opts.Target.Sorts()
	if f.timing {
		opts.Clock = new(phase.Clock)
	}
	opts.Clock.Start("base")
	defer opts.Clock.Stop()
	if f.base != "" {
		opts.Base, err = encoder.LoadBase(f.base)
	}
	return opts, err
}

// tell reports what there is to say about each file, in the order in which the
// files were given, and returns how many are not done.
func tell(results []encoder.Result, verbose bool) (failed int) {
	interrupted := 0
	for i := range results {
		r := &results[i]
		for _, w := range r.Warnings {
			report(fmt.Errorf("%s: warning: %w", r.Path, w))
		}
		switch {
		case errors.Is(r.Err, encoder.ErrInterrupted):
			interrupted++
		case r.Err != nil:
			failed++
			report(r.Err)
		case r.NoDWARF:
			report(fmt.Errorf("%s: no DWARF (.debug_info): no types to encode", r.Path))
		}
		if verbose {
			for _, s := range r.Skipped {
				report(fmt.Errorf("%s: function %s left out: %s", r.Path, s.Name, s.Reason))
			}
			for _, k := range r.Kept {
				report(fmt.Errorf("%s: %v %s not in .BTF.base: %s", r.Path, k.Kind, k.Name, k.Reason))
			}
		}
	}
	if interrupted > 0 {
		report(fmt.Errorf("interrupted: %d of %s not done", interrupted, plural(len(results), "module", "modules")))
	}
	return failed + interrupted
}

func closingLine(results []encoder.Result, failed int, took time.Duration) string {
	var before, after uint64
	changed := false
	for i := range results {
		r := &results[i]
		before += r.Before
		after += r.After
		changed = changed || r.Changed
	}
	var b strings.Builder
	b.WriteString(plural(len(results), "module", "modules"))
	if failed > 0 {
		fmt.Fprintf(&b, ", %s failed", grouped(uint64(failed)))
	}
	fmt.Fprintf(&b, ": .BTF %s -> %s bytes, ", grouped(before), grouped(after))
	if !changed {
		b.WriteString("nothing changed, ")
	}
	b.WriteString(seconds(took))
	return b.String()
}
