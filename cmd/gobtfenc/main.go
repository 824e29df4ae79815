// Command gobtfenc turns the DWARF of Linux kernel modules into split BTF and
// puts it into the modules.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set by the build (-ldflags -X main.version=…).
var version = "devel"

// Exit statuses. Nothing else is used.
const (
	exitOK     = 0
	exitFailed = 1 // something was found, or a file failed
	exitMisuse = 2
)

// errReported says that the failure has been told already.
var errReported = errors.New("reported")

// misuse is an error in how the command was called.
type misuse struct{ error }

func misusef(format string, a ...any) error { return misuse{fmt.Errorf(format, a...)} }

// exitStatus is a failure that has been told already, of a command that has exit
// statuses of its own.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func main() {
	if os.Getenv("GOGC") == "" {
		tuneGC()
	}
	if filepath.Base(os.Args[0]) == "pahole" {
		os.Exit(runPahole("pahole", os.Args[1:]))
	}
	if filepath.Base(os.Args[0]) == "resolve_btfids" {
		os.Exit(resolveBtfids("resolve_btfids", os.Args[1:]))
	}
	os.Exit(run(os.Args[1:]))
}

// tuneGC has no garbage collected before the heap has 32 MB: a process that encodes
// one small module never comes to that, and to collect takes it 2 ms. From then on
// it is at three times what is in use: on flat slices, to collect more often would
// spend more time than the memory is worth.
func tuneGC() {
	debug.SetGCPercent(800) // of 4 MB
	runtime.AddCleanup(new([4]uint64), func(percent int) { debug.SetGCPercent(percent) }, 200)
}

// softLimit is how many bytes of memory there are before a command that encodes collects
// garbage more often than main says. What has to be held is half of that for the
// largest module there is, or for the report of a whole kernel. A limit below what
// is held would have it collected all the time; so there is more for more than eight
// jobs, whose buffers fill it.
const (
	softLimit = 400 << 20
	moreByJob = 48 << 20
)

// limitMemory sets the limit for so many jobs.
func limitMemory(jobs int) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softLimit + moreByJob*int64(max(0, min(jobs, 1024)-8)))
	}
}

func run(args []string) int {
	root := rootCommand()
	root.SetArgs(args)
	out := &keptError{w: os.Stdout}
	root.SetOut(out)
	cmd, err := root.ExecuteC()
	if err == nil && out.err != nil {
		err = outputError(out.err)
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
		return exitFailed
	}
	var own exitStatus
	if errors.As(err, &own) {
		return int(own)
	}
	report(err)
	var m misuse
	if errors.As(err, &m) {
		fmt.Fprintf(os.Stderr, "see %s --help\n", cmd.CommandPath())
		return exitMisuse
	}
	return exitFailed
}

// keptError writes to w until that fails, and keeps the error: cobra has no use for
// one from help.
type keptError struct {
	w   io.Writer
	err error
}

func (k *keptError) Write(b []byte) (int, error) {
	if k.err == nil {
		_, k.err = k.w.Write(b)
	}
	return len(b), nil
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "gobtfenc",
		Short:         "BTF for Linux kernel modules",
		Long:          "gobtfenc turns the DWARF of Linux kernel modules into BTF, removes what a module\nshares with the BTF of vmlinux (split BTF), and puts a .BTF section into the module.",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          func(_ *cobra.Command, args []string) error { return unknownCommand(args) },
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true // completionCommand takes its place
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misuse{err} })
	root.AddCommand(
		encodeCommand(), measureCommand(), explainCommand(), checkCommand(), diffCommand(), regressCommand(), dumpCommand(),
		paholeCommand(), resolveBtfidsCommand(), completionCommand(),
	)
	addCompletion(root)
	return root
}

func unknownCommand(args []string) error {
	if len(args) > 0 {
		return misusef("unknown command %q", strings.Join(args, " "))
	}
	return nil
}

// atLeastOne demands file arguments.
func atLeastOne(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return misusef("no file given")
	}
	return nil
}
