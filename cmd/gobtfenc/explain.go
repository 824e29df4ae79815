package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/report/explain"
)

type explainFlags struct {
	base     string
	features []string
	shipped  bool
	json     bool
	top      int
}

func explainCommand() *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:                   "explain --base VMLINUX [--shipped] [--json] FILE.ko [NAME]",
		DisableFlagsInUseLine: true,
		Short:                 "Say why types are not shared, and functions missing",
		Long: `Says which types of a module the base has by name but not in the same shape, and by
which difference: the causes, each with what hangs on it. Of a NAME it says what the
base has of that name, and by which members one comes to what differs. Of a function
it says why it has no BTF. NAME is as in C: foo, "struct foo" or "foo()".

What has DWARF is encoded, in memory; what has none, or with --shipped, is explained by
the BTF that it has. FILE may be compressed, or raw BTF.

The exit status is 0 when everything is explained, 1 when the base has types of the
module in the same shape, there is nothing of that NAME, or something failed, 2 for
misuse.`,
		Example: `  gobtfenc explain --base vmlinux net/wireless/cfg80211.ko
  gobtfenc explain --base vmlinux net/wireless/cfg80211.ko sk_buff
  gobtfenc explain --base vmlinux --shipped kvm-intel.ko "struct gfn_to_pfn_cache"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return misusef("explain takes a file and perhaps a name, not %d arguments", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case f.base == "":
				return misusef("no --base given: without one, all types are the file's own")
			case f.top < 0:
				return misusef("--top %d: not a number from 0", f.top)
			}
			return explainFile(args[0], strings.Join(args[1:], ""), &f)
		},
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.base, "base", "", "base BTF: an ELF file with .BTF (`VMLINUX`), or raw BTF")
	fl.StringArrayVar(&f.features, "features", nil, "BTF features in a comma-separated `LIST`, as encode takes them (default \"default\")")
	fl.BoolVar(&f.shipped, "shipped", false, "explain the .BTF that the file has, also if it has DWARF")
	fl.BoolVar(&f.json, "json", false, "print a report in JSON, with all there is")
	fl.IntVar(&f.top, "top", 20, "show `N` causes, copies and differences at most, 0 for all")
	return c
}

func explainFile(path, name string, f *explainFlags) error {
	opts := encoder.Options{Jobs: runtime.GOMAXPROCS(0), Shipped: f.shipped}
	var err error
	if opts.Features, err = encoder.ParseFeatures(f.features, encoder.FeaturesStrict); err != nil {
		return misuse{err}
	}
	if opts.Features.Has(encoder.FeatureDistilledBase) {
		return misusef("--features distilled_base: what it makes is not explained")
	}
	if opts.Base, err = encoder.LoadBase(f.base); err != nil {
		return err
	}
	var r *explain.Report
	opts.Take = func(of *encoder.Result) { r, err = explainResult(explain.New(opts.Base.BTF), of, name) }
	results, runErr := encoder.Run(context.Background(), []string{path}, opts)
	switch {
	case runErr != nil:
		return runErr
	case results[0].Err != nil:
		return results[0].Err
	case err != nil:
		return err
	}
	if err := f.write(os.Stdout, r); err != nil {
		return outputError(err)
	}
	switch {
	case name != "" && !r.Found():
		return nothingOf(r)
	case len(r.Copies) > 0:
		return errReported
	}
	return nil
}

// explainResult explains what was made or read of a file.
func explainResult(e *explain.Explainer, of *encoder.Result, name string) (*explain.Report, error) {
	in := &explain.Input{Path: of.Path, Source: explain.SourceDWARF, BTF: of.BTF, Bytes: of.After}
	switch {
	case of.BTF.Base == nil:
		return nil, fmt.Errorf("%s: BTF without a base, all of which is its own", of.Path)
	case of.NoDWARF:
		in.Source = explain.SourceBTF
	default:
		in.Function = func(name string) (*explain.Function, error) { return explainedFunction(of, name) }
		for _, s := range of.Skipped {
			in.Functions = append(in.Functions, s.Name)
		}
	}
	if name == "" {
		return e.Module(in), nil
	}
	return e.Name(in, name)
}

// explainedFunction tells of the functions of a name in a file that was encoded, and
// why they have no BTF if they have none.
func explainedFunction(of *encoder.Result, name string) (*explain.Function, error) {
	fn, err := encoder.ReadFunction(of.Path, name)
	if err != nil {
		return nil, err
	}
	f := &explain.Function{Reason: withoutBTF(of, fn, name), Inlined: fn.Inlined, Elsewhere: fn.Elsewhere}
	for _, s := range fn.Symbols {
		f.Symbols = append(f.Symbols, explain.Symbol(s))
	}
	for _, d := range fn.DIEs {
		f.DIEs = append(f.DIEs, explain.DIE(d))
	}
	return f, nil
}

// withoutBTF says why a function that has no BTF has none. What has a symbol and a
// definition is among those that the encoder has left out.
func withoutBTF(of *encoder.Result, fn *encoder.Function, name string) string {
	i := slices.IndexFunc(of.Skipped, func(s encoder.Skipped) bool { return s.Name == name })
	switch {
	case i >= 0:
		return of.Skipped[i].Reason.String()
	case slices.ContainsFunc(fn.DIEs, func(d encoder.FunctionDIE) bool { return !d.Declared }):
		return encoder.ReasonNoSymbol.String()
	case len(fn.DIEs) > 0:
		return "only declared here"
	case len(fn.Symbols) > 0 && fn.Elsewhere != "":
		return "DWARF does not define it" // it may declare it
	case len(fn.Symbols) > 0:
		return "DWARF does not describe it"
	}
	return ""
}

// nothingOf says that there is nothing of the name that was asked for.
func nothingOf(r *explain.Report) error {
	text := fmt.Sprintf("%s: neither a type nor a function is called %s", r.Path, r.Name)
	if len(r.Near) > 0 {
		text += "; near it are " + strings.Join(r.Near, ", ")
	}
	if r.Elsewhere != "" {
		text += fmt.Sprintf("; functions without code were not looked for in %s", r.Elsewhere)
	}
	return errors.New(text)
}

func (f *explainFlags) write(w io.Writer, r *explain.Report) error {
	out := bufio.NewWriter(w)
	var err error
	if f.json {
		err = r.JSON(out)
	} else {
		err = r.Text(out, f.top)
	}
	return errors.Join(err, out.Flush())
}
