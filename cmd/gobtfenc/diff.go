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

	"github.com/spf13/cobra"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/modtree"
	"github.com/gobtfenc/gobtfenc/report/diff"
)

type diffFlags struct {
	base, base2 string
	twoBases    bool // base2 is given
	failOn      []string
	format      string
	verbose     bool
	top         int
	jobs        jobs
}

func diffCommand() *cobra.Command {
	var f diffFlags
	c := &cobra.Command{
		Use:                   "diff [--base VMLINUX] [--base2 VMLINUX] [--fail-on LIST] [--format text|markdown|json] [-j N] OLD NEW",
		DisableFlagsInUseLine: true,
		Short:                 "Tell what the BTF of two files or trees differs in",
		Long: `Says which types and functions the BTF of NEW has more or less than that of OLD, and
which are changed and in what: members, parameters, offsets, values. What is the same
in itself but refers to what is changed is affected; it is counted by what affects it.
Types are compared by meaning: how they are numbered and which of them are in the base
makes no difference.

OLD and NEW are two files, ELF or raw BTF, compressed or not; or two folders, of which
the modules are compared, or raw BTF (*.btf) where there are none: those with the same
path below their folder, else those of the same name. What was built twice may stand on
two bases.

The exit status is 0 when there is no difference of the kinds in --fail-on, 1 when there
is one or something could not be compared, which the report names, 2 for misuse.`,
		Example: `  gobtfenc diff --base vmlinux old.ko new.ko
  gobtfenc diff --base a/vmlinux --base2 b/vmlinux a b
  gobtfenc diff --fail-on removed,changed,affected vmlinux.released vmlinux
  gobtfenc diff --base vmlinux --fail-on size pahole/ gobtfenc/`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return misusef("diff takes two files or folders, not %d", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			f.twoBases = c.Flags().Changed("base2")
			return diffFiles(args[0], args[1], &f)
		},
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.base, "base", "", "base BTF of both sides: an ELF file with .BTF (`VMLINUX`), or raw BTF")
	fl.StringVar(&f.base2, "base2", "", "base BTF of NEW (`VMLINUX`), where it is another one; empty for none")
	fl.StringSliceVar(&f.failOn, "fail-on", []string{"added", "removed", "changed", "affected", "unnamed"}, "exit with 1 on differences of the kinds in `LIST`: added, removed, changed,\naffected, unnamed, size; none for none of them")
	fl.StringVar(&f.format, "format", "text", "write in `FORMAT`: text, markdown or json")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "name what is affected, and by which members, and types without a name")
	fl.IntVar(&f.top, "top", 20, "show `N` sizes, causes and, in markdown, differences of a module at\nmost, 0 for all")
	f.jobs = jobs(runtime.GOMAXPROCS(0))
	fl.VarP(&f.jobs, "jobs", "j", "how many modules are compared at once")
	fl.Lookup("jobs").DefValue = "number of CPUs"
	return c
}

var diffFormats = []string{"text", "markdown", "json"}

// check completes the flags.
func (f *diffFlags) check() error {
	if !f.twoBases {
		f.base2 = f.base
	}
	switch {
	case f.top < 0:
		return misusef("--top %d: not a number from 0", f.top)
	case !slices.Contains(diffFormats, f.format):
		return misusef("unknown format %q: text, markdown and json are what there is", f.format)
	}
	for _, kind := range f.failOn {
		if kind != "none" && !slices.Contains(diff.Kinds(), kind) {
			return misusef("--fail-on: unknown kind %q: %s and none are what there is", kind, strings.Join(diff.Kinds(), ", "))
		}
	}
	return nil
}

func diffFiles(old, new string, f *diffFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	pairs, partly, err := diffPairs(old, new)
	if err != nil {
		return err
	}
	oldBase, newBase, err := f.bases()
	if err != nil {
		return err
	}
	bar := newProgress(len(pairs))
	r := diff.Run(newComparer(oldBase, newBase), pairs, f.jobs.count(), func(path string, isNew bool) (*diff.Input, error) {
		if isNew {
			return diffInput(path, newBase)
		}
		return diffInput(path, oldBase)
	}, bar.step)
	bar.stop()
	if err := f.write(os.Stdout, r); err != nil {
		return outputError(err)
	}
	if partly || r.Total.Failed > 0 || slices.ContainsFunc(f.failOn, r.Has) {
		return errReported
	}
	return nil
}

// diffPairs returns what is to be compared. It tells of what could not be looked
// into, and whether there is such.
func diffPairs(old, new string) (pairs []diff.Pair, partly bool, err error) {
	oldIsTree, newIsTree := isFolder(old), isFolder(new)
	switch {
	case oldIsTree != newIsTree:
		for _, path := range []string{old, new} {
			if _, err := os.Stat(path); err != nil {
				return nil, false, fmt.Errorf("%s: %w", path, errors.Unwrap(err))
			}
		}
		return nil, false, misusef("%s and %s: a folder and a file do not compare", old, new)
	case !oldIsTree:
		return []diff.Pair{{Name: filepath.Base(new), Old: old, New: new}}, false, nil
	}
	var found [2][]string
	for i, tree := range []string{old, new} {
		found[i], err = modtree.FindBTF(tree)
		switch {
		case errors.Is(err, modtree.ErrNone):
			return nil, false, err
		case err != nil:
			report(err)
			partly = true
		}
	}
	return diff.PairTrees(old, found[0], new, found[1]), partly, nil
}

func isFolder(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

// bases reads the bases, as one where they have the same contents; nil for none.
func (f *diffFlags) bases() (old, new *encoder.Base, err error) {
	if f.base != "" {
		if old, err = encoder.LoadBase(f.base); err != nil {
			return nil, nil, err
		}
	}
	if f.base2 == "" {
		return old, nil, nil
	}
	if f.base2 == f.base {
		return old, old, nil
	}
	if new, err = encoder.LoadBase(f.base2); err != nil {
		return nil, nil, err
	}
	if old != nil && old.Sum() == new.Sum() {
		return old, old, nil
	}
	return old, new, nil
}

func newComparer(old, new *encoder.Base) *diff.Comparer {
	var none encoder.Base
	if old == nil {
		old = &none
	}
	if new == nil {
		new = &none
	}
	return diff.NewComparer(old.BTF, new.BTF)
}

// diffInput reads one side of a module. What it exports only matters where
// functions differ, and is not known where it cannot be read.
func diffInput(path string, base *encoder.Base) (*diff.Input, error) {
	b, size, err := encoder.ReadOn(path, base)
	if err != nil {
		return nil, err
	}
	return &diff.Input{Path: path, BTF: b, Bytes: size, Exports: func() map[string]bool {
		names, _ := encoder.Exports(path)
		return names
	}}, nil
}

func (f *diffFlags) write(w io.Writer, r *diff.Report) error {
	out := bufio.NewWriter(w)
	view := diff.View{All: f.verbose, Top: f.top}
	var err error
	switch f.format {
	case "json":
		err = r.WriteJSON(out)
	case "markdown":
		err = r.WriteMarkdown(out, view)
	default:
		err = r.WriteText(out, view)
	}
	return errors.Join(err, out.Flush())
}
