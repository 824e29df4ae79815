package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/internal/number"
	"github.com/gobtfenc/gobtfenc/report/measure"
)

type measureFlags struct {
	base     string
	features []string
	costs    []string
	shipped  bool
	shard    string
	jobs     jobs
	reportFlags
}

// reportFlags say how a report is written.
type reportFlags struct {
	format string
	output string
	top    int
}

func measureCommand() *cobra.Command {
	var f measureFlags
	c := &cobra.Command{
		Use:                   "measure [--base VMLINUX] [--format table|json|csv|markdown|html] [-o FILE] [-j N] TREE|FILE...\n  gobtfenc measure merge [--format table|json|csv|markdown|html] [-o FILE] REPORT...",
		DisableFlagsInUseLine: true,
		Short:                 "Account the bytes of modules' BTF",
		Long: `Says how large the BTF of modules is, alone and on top of the base, what of it is
each module's own, what the bytes are for, and which types several modules have
alike, so that the base could have them once.

A TREE is a folder, whose modules are measured and those of all folders below, also
behind links, but none twice. A FILE is a module, compressed or not, or raw BTF. What
has DWARF is encoded, in memory; what has none, or with --shipped, is measured by the
BTF that it has. No input is written to.

With --shard, only a part of the modules is measured. The reports of all parts, in
JSON, are made one by measure merge, in any order; it is the report that one run
over all would have given.

The exit status is 0 when everything was measured, 1 when something was not, which
the report names, 2 for misuse. Who is interrupted writes no report and has the
status of who was killed, 143 for SIGTERM, so that another try makes sense.`,
		Example: `  gobtfenc measure --base vmlinux .
  gobtfenc measure --base vmlinux --cost global_var --format markdown drivers/net
  gobtfenc measure --base /sys/kernel/btf/vmlinux --format csv /lib/modules/$(uname -r)
  gobtfenc measure --base vmlinux --shard 0/4 -o part0.json .
  gobtfenc measure merge part*.json`,
		Args: atLeastOne,
		RunE: func(_ *cobra.Command, args []string) error { return measureFiles(args, &f) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.base, "base", "", "base BTF: an ELF file with .BTF (`VMLINUX`), or raw BTF")
	fl.StringArrayVar(&f.features, "features", nil, "BTF features in a comma-separated `LIST`, as encode takes them (default \"default\")")
	fl.StringSliceVar(&f.costs, "cost", nil, "say what each feature in `LIST` costs, such as global_var: modules are\nencoded with and without it")
	fl.BoolVar(&f.shipped, "shipped", false, "measure the .BTF that files have, also of those with DWARF")
	fl.StringVar(&f.shard, "shard", "", "measure part `I/N` of the modules, I from 0, or of N parts that of the\ntask's index in JOB_COMPLETION_INDEX or SLURM_ARRAY_TASK_ID")
	f.jobs = jobs(runtime.GOMAXPROCS(0))
	fl.VarP(&f.jobs, "jobs", "j", "how many modules are measured at once")
	fl.Lookup("jobs").DefValue = "number of CPUs"
	f.reportFlags.add(c)
	c.AddCommand(measureMergeCommand())
	return c
}

func measureMergeCommand() *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:                   "merge [--format table|json|csv|markdown|html] [-o FILE] REPORT...",
		DisableFlagsInUseLine: true,
		Short:                 "Make one report of several",
		Long: `Makes one report of those of several runs of measure, in JSON. Their order does not
matter, and neither does it whether one is given twice. Where one run failed to
measure a module and another did not, the second counts.

The exit status is 1 when a module is in the report that nobody has measured.`,
		Args: atLeastOne,
		RunE: func(_ *cobra.Command, args []string) error { return measureMerge(args, &f) },
	}
	f.add(c)
	return c
}

func (f *reportFlags) add(c *cobra.Command) {
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.format, "format", "", "write in `FORMAT`: table, json, csv, markdown or html (default what FILE ends in, else table)")
	fl.StringVarP(&f.output, "output", "o", "", "write the report to `FILE`, not to standard output")
	fl.IntVar(&f.top, "top", 20, "show `N` rows of a table or markdown at most, 0 for all")
}

// reportFormat is one of the forms of a report.
type reportFormat struct {
	name  string // as --format takes it
	ext   string // of the files that get it
	write func(r *measure.Report, w io.Writer, top int) error
}

var reportFormats = []reportFormat{
	{"table", ".txt", (*measure.Report).WriteText},
	{"json", ".json", func(r *measure.Report, w io.Writer, _ int) error { return r.WriteJSON(w) }},
	{"csv", ".csv", func(r *measure.Report, w io.Writer, _ int) error { return r.WriteCSV(w) }},
	{"markdown", ".md", (*measure.Report).WriteMarkdown},
	{"html", ".html", func(r *measure.Report, w io.Writer, _ int) error { return r.WriteHTML(w) }},
}

// check completes the flags.
func (f *reportFlags) check() error {
	if f.top < 0 {
		return misusef("--top %d: not a number from 0", f.top)
	}
	if f.format == "" {
		f.format = "table"
		i := slices.IndexFunc(reportFormats, func(known reportFormat) bool { return known.ext == filepath.Ext(f.output) })
		if i >= 0 {
			f.format = reportFormats[i].name
		}
	}
	if f.writer() == nil {
		var names []string
		for _, known := range reportFormats {
			names = append(names, known.name)
		}
		return misusef("unknown format %q; known are %s", f.format, strings.Join(names, ", "))
	}
	return nil
}

// writer returns the format asked for, nil if there is none of that name.
func (f *reportFlags) writer() *reportFormat {
	for i := range reportFormats {
		if reportFormats[i].name == f.format {
			return &reportFormats[i]
		}
	}
	return nil
}

// write writes r where the flags say.
func (f *reportFlags) write(r *measure.Report) error {
	if f.output == "" {
		if err := f.writeTo(os.Stdout, r); err != nil {
			return outputError(err)
		}
		return nil
	}
	err := elfio.WriteAtomic(f.output, 0o644, func(w io.Writer) error { return f.writeTo(w, r) })
	if err != nil {
		return fmt.Errorf("-o %s: %w", f.output, withoutPath(err))
	}
	return nil
}

func (f *reportFlags) writeTo(w io.Writer, r *measure.Report) error {
	out := bufio.NewWriter(w)
	if err := f.writer().write(r, out, f.top); err != nil {
		return err
	}
	return out.Flush()
}

func measureFiles(args []string, f *measureFlags) error {
	start := time.Now()
	if err := f.check(); err != nil {
		return err
	}
	limitMemory(int(f.jobs))
	run, err := f.plan()
	if err != nil {
		return err
	}
	ctx, stop := interruptible(func() {})
	defer stop()
	err = run.measure(ctx, run.find(args))
	if by, ok := errors.AsType[interruption](err); ok {
		report(errors.New("interrupted: no report is written"))
		return by.status()
	}
	if err != nil {
		return err
	}
	r := run.report.Report()
	if err := f.write(r); err != nil {
		return err
	}
	return tellMeasured(r, time.Since(start))
}

func measureMerge(args []string, f *reportFlags) error {
	start := time.Now()
	if err := f.check(); err != nil {
		return err
	}
	parts := measure.NewMerger()
	for _, path := range args {
		if err := addReport(parts, path); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	r := parts.Report()
	if err := f.write(r); err != nil {
		return err
	}
	return tellMeasured(r, time.Since(start))
}

// addReport adds the report in the file at path.
func addReport(parts *measure.Merger, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return withoutPath(err)
	}
	r, err := measure.ReadReport(data)
	if err != nil {
		return err
	}
	return parts.Add(r)
}

// tellMeasured tells what could not be measured, and how it went.
func tellMeasured(r *measure.Report, took time.Duration) error {
	for i := range r.Modules {
		if m := &r.Modules[i]; m.Error != "" {
			report(errors.New(m.Error))
		}
	}
	report(fmt.Errorf("%s measured in %s", number.Plural(r.Total.Modules, "module", "modules"), seconds(took)))
	if r.Total.Failed > 0 {
		return errReported
	}
	return nil
}
