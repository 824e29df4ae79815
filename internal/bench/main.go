// Command bench measures gobtfenc against pahole and against the bare walk over
// all DIEs, on the modules of a real kernel: wall time, processor time and peak
// memory of whole processes. It prints a Markdown table, and writes every sample
// as JSON.
//
//	bench [-runs N] [-long N] [-only REGEXP] [-full KERNEL] [-json FILE] KERNEL
//	bench -scale [-runs N] [-only REGEXP] [-full KERNEL] [-json FILE] KERNEL
//	bench -plot FILE >PLOT.svg
//
// KERNEL is a folder with a vmlinux and modules that have DWARF and .BTF, as
// scripts/fetch-kernel.sh unpacks it; -full names that of a larger kernel, of
// which all modules and amdgpu.ko are taken, too. With -scale, gobtfenc and the
// walk are measured over more and more modules, and over single ones that are
// larger and larger. -plot draws what -scale has written as JSON.
//
// The programs of a row run in turns, so that a machine that is busy for a while
// hits all of them. What they need is made ready outside the time measured.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"github.com/gobtfenc/gobtfenc/internal/kerneldir"
)

// jobs is how many modules, or units of one, all programs work on at once.
const jobs = 2

// bench is what all rows have in common.
type bench struct {
	tool, walk, pahole string // commands
	paholeVersion      version
	work               string // folder for what they write
	runs, longRuns     int    // longRuns: of pahole over all modules
	only               *regexp.Regexp
	table, log         io.Writer
	kernel, full       *kerneldir.Kernel // full: nil for none
	sizes              sizes
}

func main() {
	b := &bench{table: os.Stdout, log: os.Stderr}
	paholeDefault := os.Getenv("PAHOLE")
	if paholeDefault == "" {
		paholeDefault = "pahole"
	}
	flag.StringVar(&b.tool, "gobtfenc", "bin/gobtfenc", "the command that is measured")
	flag.StringVar(&b.walk, "walk", "bin/gobtfenc-walk", "the bare walk")
	flag.StringVar(&b.pahole, "pahole", paholeDefault, "what it is measured against")
	flag.IntVar(&b.runs, "runs", 5, "how often each program runs")
	flag.IntVar(&b.longRuns, "long", 1, "how often pahole runs over all modules, at most -runs")
	only := flag.String("only", "", "take the rows alone whose title has a match of this expression")
	full := flag.String("full", "", "folder of a second, larger kernel")
	scale := flag.Bool("scale", false, "measure how cost grows with work")
	to := flag.String("json", "", "file for all samples")
	plot := flag.String("plot", "", "print a plot of the samples that -scale has put into this file, and measure nothing")
	flag.Parse()
	var err error
	if *plot != "" && flag.NArg() == 0 {
		if err := printPlot(os.Stdout, *plot); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if b.only, err = regexp.Compile(*only); err != nil || flag.NArg() != 1 || b.runs < 1 || b.longRuns < 1 {
		flag.Usage()
		os.Exit(2)
	}
	// An interrupt must not leave copies of a kernel behind.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if err = b.find(flag.Arg(0), *full); err == nil {
		err = b.run(ctx, *scale, *to)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// find looks for the kernels. full may be empty.
func (b *bench) find(dir, full string) (err error) {
	if b.kernel, err = kerneldir.Find(dir); err != nil || full == "" {
		return err
	}
	b.full, err = kerneldir.Find(full)
	return err
}

// run measures all rows, prints the table and writes JSON to a file, if there
// is a name for it.
func (b *bench) run(ctx context.Context, scale bool, to string) (err error) {
	if b.work, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	rep, err := b.newReport()
	if err != nil {
		return err
	}
	rows, table := b.rows, comparison
	if scale {
		rows, table = b.scaleRows, growth
	}
	if rep.Rows, err = rows(); err != nil {
		return err
	}
	for _, r := range rep.Rows {
		if err := b.measure(ctx, r); err != nil {
			return fmt.Errorf("%s: %w", r.Work, err)
		}
	}
	rep.Host.LoadAfter = load()
	if _, err := fmt.Fprint(b.table, rep.heading(), "\n", table(rep.Rows)); err != nil || to == "" {
		return err
	}
	return rep.write(to)
}
