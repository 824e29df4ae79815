package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
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
	jobs     int
	outDir   string
	verbose  bool
	timing   bool
}

func encodeCommand() *cobra.Command {
	var f encodeFlags
	c := &cobra.Command{
		Use:   "encode --base VMLINUX [--features LIST] [-j N] [--out-dir DIR] FILE.ko...",
		Short: "Convert the DWARF of modules to split BTF and put it into them",
		Long: `Converts the DWARF of every FILE to BTF, leaves out what the base has, and puts the
rest into FILE as its .BTF section, or with --out-dir into DIR/NAME.btf as raw BTF.
Without --base the BTF of each file stands alone.

The base is an ELF file with a .BTF section (vmlinux), or raw BTF such as
/sys/kernel/btf/vmlinux.

A file that fails is left as it was and does not stop the others. The exit status is
0 when all files are good, 1 when one failed, 2 for misuse.`,
		Example: `  gobtfenc encode --base vmlinux $(find . -name '*.ko')
  gobtfenc encode --base /sys/kernel/btf/vmlinux --out-dir btf driver.ko`,
		Args: atLeastOne,
		RunE: func(_ *cobra.Command, args []string) error { return encode(args, &f) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.base, "base", "", "base BTF: an ELF file with .BTF (vmlinux), or raw BTF")
	fl.StringArrayVar(&f.features, "features", nil, "comma-separated BTF features, by pahole's names: a list, default,\n+name to add to the default, or pahole-1.24; may be repeated (default \"default\")")
	fl.StringSliceVar(&f.exclude, "lang_exclude", []string{"rust"}, "languages whose units are left out; none for all units")
	fl.IntVarP(&f.jobs, "jobs", "j", runtime.NumCPU(), "how many modules are encoded at once")
	fl.StringVar(&f.outDir, "out-dir", "", "write raw BTF to DIR/NAME.btf and leave the files alone")
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
	fmt.Println(closingLine(results, failed, time.Since(start)))
	if failed > 0 {
		return errReported
	}
	return nil
}

func (f *encodeFlags) options() (encoder.Options, error) {
	opts := encoder.Options{Jobs: f.jobs, OutDir: f.outDir}
	if f.jobs < 1 {
		return opts, misusef("-j takes a number from 1, not %d", f.jobs)
	}
	var err error
	if opts.Features, err = encoder.ParseFeatures(f.features, encoder.FeaturesStrict); err != nil {
		return opts, misuse{err}
	}
	if opts.Exclude, err = encoder.ParseLanguages(f.exclude); err != nil {
		return opts, misuse{err}
	}
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
// files were given, and returns how many failed.
func tell(results []encoder.Result, verbose bool) (failed int) {
	for i := range results {
		r := &results[i]
		switch {
		case r.Err != nil:
			failed++
			report(r.Err)
		case r.NoDWARF:
			report(fmt.Errorf("%s: no DWARF (.debug_info): no types to encode", r.Path))
		}
		if verbose {
			for _, s := range r.Skipped {
				fmt.Fprintf(os.Stderr, "gobtfenc: %s: function %s left out: %s\n", r.Path, s.Name, s.Reason)
			}
		}
	}
	return failed
}

func closingLine(results []encoder.Result, failed int, took time.Duration) string {
	var before, after uint64
	for i := range results {
		before += results[i].Before
		after += results[i].After
	}
	var b strings.Builder
	b.WriteString(plural(len(results), "module", "modules"))
	if failed > 0 {
		fmt.Fprintf(&b, ", %d failed", failed)
	}
	fmt.Fprintf(&b, ": .BTF %s -> %s bytes, %s", grouped(before), grouped(after), seconds(took))
	return b.String()
}
