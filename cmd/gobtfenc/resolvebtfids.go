package main

// resolve_btfids by its own command line, so that the kernel's build can be given
// gobtfenc in its place (RESOLVE_BTFIDS=). Its users know its words and its exit
// statuses, which are not gobtfenc's: they search for "WARN: multiple IDs found"
// and "FAILED: load BTF from vmlinux", and make prints "Error 255".

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/gnuopt"
)

// Exit statuses of resolve_btfids: main returns -1, and parse_options ends with
// 129 (the kernel's tools/lib/subcmd).
const (
	idsFailed = 255
	idsMisuse = 129
)

const idsUsage = `Usage: resolve_btfids [-b VMLINUX] [--fatal_warnings] FILE
       resolve_btfids [-b VMLINUX] --btf FILE.BTF.1 [--distill_base] [--fatal_warnings] FILE
       resolve_btfids --patch_btfids FILE.BTF_ids FILE
`

const idsLong = `The command line is that of the kernel's tools/bpf/resolve_btfids, and so are warnings
and the exit status: 0, 255 when it failed, 129 for misuse. When it fails, FILE is as it
was.

The first form, of kernels before 7.0, fills in the section .BTF_ids of FILE, a module or
vmlinux, with the ids of the types and functions that the kernel's code asks for by name.
FILE's own .BTF is where they are looked up. A FILE without .BTF_ids is left alone, and
neither its BTF nor the base is read.

The second form, of kernels since 7.0, makes of the BTF that pahole wrote to FILE.BTF.1
what is loaded, and writes FILE.BTF, the ids to FILE.BTF_ids, and with --distill_base
FILE.BTF.base. FILE itself is left alone. The third form puts the ids into it.
`

// resolveTable returns the options that the original has, oldest and newest versions
// together, and one of our own.
func resolveTable() []gnuopt.Option {
	return []gnuopt.Option{
		{Short: 'b', Long: "btf_base", Arg: gnuopt.RequiredArg, ArgName: "FILE", Help: "base BTF: an ELF file with .BTF (vmlinux), or raw BTF"},
		{Long: "btf", Arg: gnuopt.RequiredArg, ArgName: "FILE", Help: "take the BTF from FILE, raw or ELF, and write files"},
		{Long: "distill_base", Help: "give the BTF a base of its own, and write files"},
		{Long: "in_place", Help: "with --btf, look ids up in its FILE and fill them in, as before 7.0"},
		{Long: "patch_btfids", Arg: gnuopt.RequiredArg, ArgName: "FILE", Help: "put the contents of FILE into .BTF_ids"},
		{Long: "fatal_warnings", Help: "fail when there are warnings"},
		{Short: 'v', Long: "verbose", Help: "say what is done"},
		{Short: 'h', Long: "help", Help: "print this", NoNegation: true},
		{Long: "no-fail", NoNegation: true}, // before 5.14; nothing to do is no failure here
	}
}

func resolveBtfidsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "resolve-btfids [OPTION...] FILE",
		Short: "Stand in for resolve_btfids in the kernel build: fill in .BTF_ids",
		Long: `Fills in .BTF_ids as the kernel build calls resolve_btfids for, with its options, which
gobtfenc resolve-btfids --help lists. A link named resolve_btfids that leads to gobtfenc
is this command.`,
		DisableFlagParsing:    true,
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if s := resolveBtfids("gobtfenc resolve-btfids", args); s != exitOK {
				return exitStatus(s)
			}
			return nil
		},
	}
}

// idsCall is a command line of resolve_btfids.
type idsCall struct {
	file, base, btf, patch  string
	distill, inPlace, fatal bool
	verbose, help           bool
}

// resolveBtfids runs the command under a name and returns its exit status.
func resolveBtfids(name string, args []string) int {
	c, err := parseIDsCall(args)
	if err != nil {
		report(err)
		fmt.Fprintf(os.Stderr, "see %s --help\n", name)
		return idsMisuse
	}
	if c.help {
		err = printIDsHelp()
	} else {
		err = c.run()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "FAILED: %s\n", line(err))
		return idsFailed
	}
	return exitOK
}

func printIDsHelp() error {
	if _, err := fmt.Printf("%s\n%s\n%s", idsUsage, idsLong, gnuopt.AppendHelp(nil, resolveTable())); err != nil {
		return outputError(err)
	}
	return nil
}

// run does what is asked for and tells of it.
func (c *idsCall) run() error {
	ids, err := c.resolve()
	if ids != nil {
		c.tell(ids)
	}
	return err
}

// resolve does what the form of the command line asks for. Before 7.0 --btf did not
// mean to write files; only the kernel's own tests called it so.
func (c *idsCall) resolve() (*encoder.IDs, error) {
	switch {
	case c.patch != "":
		return encoder.PatchIDs(c.file, c.patch)
	case c.distill, c.btf != "" && !c.inPlace:
		cache := openBaseCache(false)
		defer cache.Close()
		return encoder.Finalize(c.file, encoder.FinalizeOptions{BTF: c.btf, Base: c.base, Distill: c.distill, Fatal: c.fatal, Cache: cache})
	}
	return encoder.ResolveIDs(c.file, encoder.IDOptions{BTF: c.btf, Base: c.base, Fatal: c.fatal})
}

// parseIDsCall reads a command line.
func parseIDsCall(args []string) (*idsCall, error) {
	parsed, err := gnuopt.Grammar{StopAtOperand: true, Negation: true}.Parse(resolveTable(), args)
	c := new(idsCall)
	for _, g := range parsed.Options {
		if g.HasArg && g.Arg == "" {
			// A variable of make that is empty must not choose another form.
			return nil, fmt.Errorf("--%s: the name of the file is empty", g.Option.Long)
		}
		c.set(g)
	}
	switch n := len(parsed.Operands); {
	case c.help:
		return c, nil
	case err != nil:
		return nil, errors.New(subcmdWords(err))
	case n != 1:
		return nil, fmt.Errorf("one file is asked for, %d are given", n)
	case c.inPlace && c.distill:
		return nil, errors.New("--distill_base: not with --in_place")
	case c.distill && c.base == "":
		return nil, errors.New("--distill_base: there is no --btf_base to distil")
	}
	c.file = parsed.Operands[0]
	return c, nil
}

// set notes an option; --no-NAME takes it back.
func (c *idsCall) set(g gnuopt.Given) {
	on := !g.Negated
	switch g.Option.Long {
	case "btf_base":
		c.base = g.Arg
	case "btf":
		c.btf = g.Arg
	case "patch_btfids":
		c.patch = g.Arg
	case "distill_base":
		c.distill = on
	case "in_place":
		c.inPlace = on
	case "fatal_warnings":
		c.fatal = on
	case "verbose":
		c.verbose = on
	case "help":
		c.help = true
	}
}

// subcmdWords says what is wrong with a command line in the words of the kernel's
// tools/lib/subcmd.
func subcmdWords(err error) string {
	var e *gnuopt.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	switch e.Kind {
	case gnuopt.UnknownShort:
		return fmt.Sprintf("unknown switch `%s'", e.Word)
	case gnuopt.UnknownLong:
		return fmt.Sprintf("unknown option `%s'", e.Word)
	case gnuopt.ShortNeedsArg:
		return fmt.Sprintf("switch `%s' requires a value", e.Word)
	case gnuopt.NeedsArg:
		return fmt.Sprintf("option `%s' requires a value", e.Word)
	case gnuopt.TakesNoArg:
		return fmt.Sprintf("option `%s' takes no value", e.Word)
	}
	return fmt.Sprintf("Ambiguous option: %s (could be --%s or --%s)", e.Word, e.Candidates[0], e.Candidates[1])
}

// tell reports warnings, and what was done to those who ask.
func (c *idsCall) tell(ids *encoder.IDs) {
	for _, w := range ids.Warnings {
		fmt.Fprintf(os.Stderr, "WARN: %s\n", line(w))
	}
	if !c.verbose {
		return
	}
	what := "done"
	if !ids.Changed {
		what = "nothing changed"
	}
	if ids.None {
		what += ", no ids are asked for"
	}
	report(fmt.Errorf("%s: %s", c.file, what))
}
