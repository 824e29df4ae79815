package main

// The command that stands in for pahole in the kernel build:
//
//	pahole -J -j8 --btf_features=… --btf_base vmlinux x.ko
//	pahole -J … --btf_base vmlinux --btf_encode_detached=x.ko.BTF.1 x.ko
//
// It is called as gobtfenc pahole, or as pahole by a link of that name. It says
// nothing when all is well, since there is a call for each of a kernel's
// thousands of modules, and has pahole's exit statuses: 0, 1, and argp's 64 for
// a command line that is not understood or asks for what only pahole does.
//
// What is different on purpose is in docs/differences.md: above all that no call
// succeeds that has not encoded, where pahole's do and leave it to the next tool
// to stumble.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/gnuopt"
	"github.com/gobtfenc/gobtfenc/internal/number"
)

// The version of pahole whose options and features these are. The kernel build
// decides by it what to ask for.
const paholeMajor, paholeMinor = "1", "31"

// exitUsage is argp's exit status for misuse (EX_USAGE of sysexits.h).
const exitUsage = 64

// paholeCall is a command line.
type paholeCall struct {
	name     string // by which the command is called
	encode   bool
	base     string
	detached string
	prefix   string
	jobs     int
	lang     string
	exclude  bool // lang is of those that are left out
	features paholeFeatures
	numeric  bool
	verbose  bool
	refused  []error
	files    []string
}

// usageError is a command line that is not understood, or not served here.
type usageError struct {
	error
	hint bool // the options would help
}

func paholeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "pahole -J [--btf_base VMLINUX] [OPTION...] FILE...",
		Short: "Stand in for pahole in the kernel build: its options for encoding BTF",
		Long: `Encodes BTF as the kernel build calls pahole for, with pahole's options, which
gobtfenc pahole --help lists. A link named pahole that leads to gobtfenc is this
command.`,
		DisableFlagParsing:    true,
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if s := runPahole("gobtfenc pahole", args); s != exitOK {
				return exitStatus(s)
			}
			return nil
		},
	}
}

// runPahole runs the command under a name and returns its exit status.
func runPahole(name string, args []string) int {
	c := paholeCall{name: name, jobs: 1, features: newPaholeFeatures()}
	answer, err := c.read(args)
	if err == nil && answer == "" {
		err = c.run()
	}
	if answer != "" {
		if _, werr := fmt.Print(answer); werr != nil {
			err = outputError(werr)
		}
	}
	var misused usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
	default:
		reportPahole(err)
	}
	if errors.As(err, &misused) {
		if misused.hint {
			fmt.Fprintf(os.Stderr, "Try `%s --help' or `%s --usage' for more information.\n", name, name)
		}
		return exitUsage
	}
	return exitFailed
}

// read takes the options in order. An answer is all that is wanted.
func (c *paholeCall) read(args []string) (answer string, err error) {
	_, posix := os.LookupEnv("POSIXLY_CORRECT")
	parsed, mistake := gnuopt.Grammar{StopAtOperand: posix}.Parse(paholeTable(), args)
	c.files = parsed.Operands
	for i := range parsed.Options {
		if answer, err := c.option(&parsed.Options[i]); answer != "" || err != nil {
			return answer, err
		}
	}
	switch {
	case mistake != nil:
		return "", usageError{mistake, true}
	case c.numeric:
		return paholeMajor + paholeMinor + "\n", nil
	}
	return "", nil
}

// option does what an option says.
func (c *paholeCall) option(g *gnuopt.Given) (answer string, err error) {
	on, off := true, false
	switch g.Option.Long {
	case "btf_encode":
		c.encode = true
	case "btf_encode_detached":
		c.encode, c.detached = true, g.Arg
		return "", named(g)
	case "btf_base":
		c.base = g.Arg
		return "", named(g)
	case "kabi_prefix":
		c.prefix = g.Arg
	case "jobs":
		c.jobs = paholeJobs(g)
	case "lang":
		c.lang = g.Arg
	case "lang_exclude":
		c.lang, c.exclude = g.Arg, true
	case "verbose":
		c.verbose = true
	case "numeric_version":
		c.numeric = true

	case "btf_features":
		return "", c.features.list(g.Arg, encoder.FeaturesLenient)
	case "btf_features_strict":
		if err := c.features.list(g.Arg, encoder.FeaturesStrict); err != nil {
			return "", fmt.Errorf("--btf_features_strict: %w", err)
		}
	case "btf_gen_all":
		c.features.set = c.features.set.With(encoder.DefaultFeatures())
	case "skip_encoding_btf_vars":
		c.feature(encoder.FeatureVar, off)
	case "skip_encoding_btf_decl_tag":
		c.feature(encoder.FeatureDeclTag, off)
	case "skip_encoding_btf_type_tag":
		c.feature(encoder.FeatureTypeTag, off)
	case "skip_encoding_btf_enum64":
		c.feature(encoder.FeatureEnum64, off)
	case "skip_encoding_btf_inconsistent_proto":
		c.feature(encoder.FeatureConsistentFunc, on)
	case "btf_gen_optimized":
		c.feature(encoder.FeatureOptimizedFunc, on)
	case "btf_gen_floats":
		c.feature(encoder.FeatureFloat, on)
	case "btf_encode_force":
		c.feature(encoder.FeatureEncodeForce, on)
	case "btf_attributes":
		c.feature(encoder.FeatureAttributes, on)
	case "reproducible_build":
		c.feature(encoder.FeatureReproducible, on)

	case "help":
		return c.help(), nil
	case "usage":
		return string(gnuopt.AppendUsage(nil, c.name, paholeTable(), "FILE...")), nil
	case "version":
		return "v" + paholeMajor + "." + paholeMinor + "\n", nil
	case "supported_btf_features":
		return strings.Join(encoder.PaholeFeatureNames(), ",") + "\n", nil

	case "quiet", "hashbits", "program-name":
	default:
		if g.Option.Long != "format_path" || g.Arg != "dwarf" {
			c.refused = append(c.refused, refusedOption(g.Option))
		}
	}
	return "", nil
}

// named refuses a path that came out empty in a Makefile: without it the BTF
// would go elsewhere, or stand alone.
func named(g *gnuopt.Given) error {
	if g.Arg == "" {
		return fmt.Errorf("--%s: no file is named", g.Option.Long)
	}
	return nil
}

func (c *paholeCall) feature(f encoder.Feature, on bool) {
	c.features.set = c.features.set.Set(f, on)
}

// paholeJobs reads the argument of -j as atoi does: what is no number is one
// job.
func paholeJobs(g *gnuopt.Given) int {
	if !g.HasArg {
		return runtime.GOMAXPROCS(0)
	}
	digits := strings.TrimLeft(g.Arg, " ")
	if i := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		digits = digits[:i]
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 1
	}
	return max(n, 1)
}

// refusedOption says what an option is for that is not served.
func refusedOption(o *gnuopt.Option) error {
	name := "--" + o.Long
	if o.Short != 0 {
		name = "-" + string(rune(o.Short))
	}
	return fmt.Errorf("%s: %s; this pahole only encodes BTF (-J)", name, paholeDoes(o.Long))
}

// What paholeCall.help says before and behind the options.
const (
	paholeText = `Encodes the DWARF of each FILE as BTF. This is gobtfenc, which stands in for pahole
in the kernel build. What else pahole does is refused.
`
	paholeNotes = `What a long option needs as argument, its letter needs too.

Without a list of features, KERNELVERSION in the environment, which the kernel
build sets, leaves out what that kernel cannot load. PAHOLE_LANG_EXCLUDE stands in
for --lang_exclude where there is neither that nor --lang.
GOBTFENC_ALLOW_MISMATCH=1 encodes modules of another kernel than the base's too,
with a warning. GOBTFENC_NO_CACHE=1 neither uses nor keeps what is known of the
base from earlier calls.
`
)

func (c *paholeCall) help() string {
	return fmt.Sprintf("Usage: %s -J [OPTION...] FILE...\n%s\n%s\n%s", c.name, paholeText, gnuopt.AppendHelp(nil, paholeTable()), paholeNotes)
}

// run encodes.
func (c *paholeCall) run() error {
	if len(c.refused) > 0 {
		for _, err := range c.refused[1:] {
			reportPahole(err)
		}
		return usageError{c.refused[0], false}
	}
	switch {
	case !c.encode:
		return usageError{errors.New("shows types without -J; this pahole only encodes BTF"), true}
	case len(c.files) == 0:
		return usageError{errors.New("no file given"), true}
	}
	if c.withoutBase() {
		for _, path := range c.files {
			fmt.Fprintf(os.Stderr, "Skipping BTF generation for %s due to unavailability of %s\n", path, c.base)
		}
		return nil
	}
	opts, err := c.options()
	if err != nil {
		return err
	}
	giveBack, warning := limitJobs(&opts, jobs(c.jobs), true)
	defer giveBack()
	if warning != nil && c.verbose {
		reportPahole(warning)
	}
	ctx, stop := interruptible(giveBack)
	defer stop()
	results, err := encoder.Run(ctx, c.files, opts)
	if err := opts.Base.Wait(); err != nil {
		return err
	}
	var oe *encoder.OutputError
	if errors.As(err, &oe) {
		return fmt.Errorf("--btf_encode_detached %w", err)
	}
	if err != nil {
		return err
	}
	for i := range results {
		if r := &results[i]; r.Err == nil && c.detached == "" && !r.Changed {
			r.Err = renew(r.Path)
		}
	}
	return c.tell(results)
}

// renew makes a file that stays as it is as new as one that was written. Kbuild
// goes by the time: a module that is older than vmlinux is encoded again by every
// make (scripts/Makefile.modfinal before Linux 7.0), however often that gives the
// same bytes.
func renew(path string) error {
	now := time.Now()
	return os.Chtimes(path, now, now)
}

// withoutBase reports whether there is no vmlinux yet, as in a build of modules
// alone, where Kbuild goes on without BTF. Whoever wants the BTF in a file of its
// own is going to read it.
func (c *paholeCall) withoutBase() bool {
	if c.base == "" || c.detached != "" {
		return false
	}
	_, err := os.Stat(c.base)
	return errors.Is(err, fs.ErrNotExist)
}

func (c *paholeCall) options() (opts encoder.Options, err error) {
	opts = encoder.Options{
		Detached:      c.detached,
		NamePrefix:    c.prefix,
		AllowMismatch: os.Getenv("GOBTFENC_ALLOW_MISMATCH") == "1",
		EmptyIDs:      c.detached == "",
	}
	if err := c.languages(&opts); err != nil {
		return opts, err
	}
	if c.base != "" {
		if opts.Base, err = startBaseFor(len(c.files), int(c.jobs), c.base, false); err != nil {
			return opts, err
		}
	}
	var left string
	opts.Features, opts.Target, left = c.features.fit(opts.Base)
	if c.detached != "" {
		// A file has room for one BTF: pahole leaves the base out, too.
		opts.Features = opts.Features.Set(encoder.FeatureDistilledBase, false)
	}
	if c.verbose {
		for _, name := range c.features.ignored {
			reportPahole(fmt.Errorf("feature %q is not known: passed over", name))
		}
		if left != "" {
			reportPahole(errors.New(left))
		}
		reportPahole(fmt.Errorf("features: %v", opts.Features))
	}
	return opts, nil
}

// languages sets which units are taken. The last list counts, and it is one of
// languages to leave out where any of them was (pahole.c, languages).
func (c *paholeCall) languages(opts *encoder.Options) error {
	if c.lang == "" {
		c.lang, c.exclude = os.Getenv("PAHOLE_LANG_EXCLUDE"), true
	}
	if c.lang == "" {
		return nil
	}
	codes, err := encoder.ParseLanguages(strings.Split(c.lang, ","))
	if c.exclude {
		opts.Exclude = codes
	} else {
		opts.Only = codes
	}
	return err
}

// tell reports what went wrong, and what was done where that is wanted.
func (c *paholeCall) tell(results []encoder.Result) error {
	failed := false
	for i := range results {
		r := &results[i]
		for _, w := range r.Warnings {
			reportPahole(fmt.Errorf("%s: warning: %w", r.Path, w))
		}
		switch {
		case errors.Is(r.Err, encoder.ErrInterrupted):
			failed = true
			reportPahole(fmt.Errorf("%s: %w", r.Path, r.Err))
		case r.Err != nil:
			failed = true
			reportPahole(r.Err)
		case c.verbose:
			c.describe(r)
		}
	}
	if failed {
		return errReported
	}
	return nil
}

// describe says what became of a file.
func (c *paholeCall) describe(r *encoder.Result) {
	for _, d := range details(r) {
		reportPahole(d)
	}
	if r.NoDWARF {
		reportPahole(fmt.Errorf("%s: no DWARF (.debug_info): no types to encode", r.Path))
		return
	}
	reportPahole(fmt.Errorf("%s: %s of BTF, %s", r.Path, number.Plural(int(r.After), "byte", "bytes"), number.Plural(r.Types, "type", "types")))
}
