package main

// Completion by the shell. Its script asks the program itself, by cobra's hidden command
// __complete, so that it knows every flag of the version that is installed.
//
// Where a shell would offer all files of a kernel's build directory, of which one in twenty
// is a module, the program lists those that fit, and folders. Where none fits, the shell
// goes on with all files: it knows ~ and $HOME, too.

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/gnuopt"
	"github.com/gobtfenc/gobtfenc/report/diff"
)

func completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "completion bash|zsh|fish|powershell",
		DisableFlagsInUseLine: true,
		Short:                 "Print what makes a shell complete commands, flags and files",
		Long: `Prints a script of the shell that is named, for make install or another package to put
where that looks for it, or to be read by each shell that begins.`,
		Example: `  source <(gobtfenc completion bash)
  gobtfenc completion bash >/usr/share/bash-completion/completions/gobtfenc
  gobtfenc completion zsh >/usr/share/zsh/site-functions/_gobtfenc
  gobtfenc completion fish >/usr/share/fish/vendor_completions.d/gobtfenc.fish`,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misusef("completion takes the name of one shell: bash, zsh, fish or powershell")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			root, out := c.Root(), c.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			}
			return misusef("unknown shell %q: bash, zsh, fish and powershell are what there is", args[0])
		},
	}
}

// What files are called that a command can do something with.
var (
	moduleNames = []string{"*.ko", "*.ko.gz", "*.ko.xz", "*.ko.zst", "vmlinux*"}
	btfNames    = append([]string{"*.btf", "*.BTF"}, moduleNames...)
	baseNames   = []string{"vmlinux*", "*.btf", "*.BTF", "btf_vmlinux.ko"}
	reportNames = []string{"*.json"}
)

// runningKernel is the base of most modules that are looked at without their tree.
const runningKernel = "/sys/kernel/btf/vmlinux"

// files completes folders and the files whose names match.
func files(names []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		return matching(names, begun)
	}
}

// atMost is f for a command that takes so many arguments.
func atMost(limit int, f cobra.CompletionFunc) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= limit {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f(c, args, begun)
	}
}

// bases completes the names of a base.
func bases(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	found, directive := matching(baseNames, begun)
	if _, err := os.Stat(runningKernel); err == nil && begun == "" {
		found = append(found, runningKernel)
	}
	return found, directive
}

// matching returns what begins so: folders, and files whose names match one of the
// patterns. Hidden ones are left out unless they are asked for.
func matching(patterns []string, begun string) (found []string, _ cobra.ShellCompDirective) {
	dir, name := filepath.Split(begun)
	from := dir
	if from == "" {
		from = "."
	}
	entries, _ := os.ReadDir(from) // without it there is nothing to offer
	directive := cobra.ShellCompDirectiveDefault
	for _, e := range entries {
		switch hidden := strings.HasPrefix(e.Name(), "."); {
		case !strings.HasPrefix(e.Name(), name), hidden && name == "":
		case isDir(from, e):
			found = append(found, dir+e.Name()+"/")
			directive = cobra.ShellCompDirectiveNoSpace // one goes on in it
		case slices.ContainsFunc(patterns, func(p string) bool { ok, _ := filepath.Match(p, e.Name()); return ok }):
			found = append(found, dir+e.Name())
		}
	}
	return found, directive
}

// isDir says whether an entry is a folder, or a link to one.
func isDir(dir string, e os.DirEntry) bool {
	if e.Type()&os.ModeSymlink == 0 {
		return e.IsDir()
	}
	st, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && st.IsDir()
}

// listed completes a list with commas between words, none twice.
func listed(words ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) (found []string, _ cobra.ShellCompDirective) {
		before := begun[:strings.LastIndexByte(begun, ',')+1]
		taken := strings.Split(strings.TrimPrefix(before, "+"), ",")
		plus := ""
		if strings.HasPrefix(begun, "+") && before == "" {
			plus = "+"
		}
		for _, word := range words {
			if !slices.Contains(taken, word) {
				found = append(found, before+plus+word)
			}
		}
		return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
	}
}

// addCompletion says how the arguments and flags of all commands are completed. A flag
// that is not named takes a file, as the shell completes it.
func addCompletion(root *cobra.Command) {
	arguments := map[string]cobra.CompletionFunc{
		"encode":         files(moduleNames),
		"measure":        files(btfNames),
		"merge":          files(reportNames),
		"explain":        atMost(1, files(btfNames)),
		"check":          files(btfNames),
		"diff":           atMost(2, files(btfNames)),
		"regress":        atMost(1, folders),
		"dump":           atMost(1, files(btfNames)),
		"pahole":         gnuOptions(paholeTable, moduleNames),
		"resolve-btfids": gnuOptions(resolveTable, moduleNames),
	}
	features := encoder.FeatureNames()
	flags := map[string]cobra.CompletionFunc{
		"base": bases, "base2": bases,
		"tree": folders, "out-dir": folders,
		"features":     listed(append([]string{"default", "pahole-1.24"}, features...)...),
		"cost":         listed(features...),
		"lang_exclude": listed("none", "rust"),
		"fail-on":      listed(append([]string{"none"}, diff.Kinds()...)...),
	}
	for _, flag := range []string{"jobs", "top", "shard", "target-kernel", "root", "max-growth", "max-module-growth", "allow"} {
		flags[flag] = cobra.NoFileCompletions
	}
	formats := map[string][]string{"dump": nil, "diff": diffFormats, "measure": nil, "merge": nil}
	for _, known := range reportFormats {
		formats["measure"] = append(formats["measure"], known.name)
	}
	formats["merge"] = formats["measure"]
	for _, known := range encoder.DumpFormats() {
		formats["dump"] = append(formats["dump"], string(known))
	}

	for _, c := range allCommands(root) {
		if c.ValidArgs == nil {
			c.ValidArgsFunction = arguments[c.Name()]
		}
		for flag, way := range flags {
			completeFlag(c, flag, way)
		}
		completeFlag(c, "format", cobra.FixedCompletions(formats[c.Name()], cobra.ShellCompDirectiveNoFileComp))
	}
}

// completeFlag completes a flag of a command that has it.
func completeFlag(c *cobra.Command, flag string, way cobra.CompletionFunc) {
	if c.Flags().Lookup(flag) == nil {
		return
	}
	if err := c.RegisterFlagCompletionFunc(flag, way); err != nil {
		panic(err) // it is there, and registered once
	}
}

// allCommands returns a command and all below it.
func allCommands(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		all = append(all, allCommands(sub)...)
	}
	return all
}

func folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// gnuOptions completes the options of a command that reads them itself, and files.
func gnuOptions(table func() []gnuopt.Option, names []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) (found []string, _ cobra.ShellCompDirective) {
		if !strings.HasPrefix(begun, "-") {
			return matching(names, begun)
		}
		directive := cobra.ShellCompDirectiveNoFileComp
		for _, o := range table() {
			name := "--" + o.Long
			if o.Help == "" || o.Long == "" || !strings.HasPrefix(name, begun) {
				continue
			}
			if o.Arg == gnuopt.RequiredArg {
				name += "="
				directive |= cobra.ShellCompDirectiveNoSpace
			}
			found = append(found, name+"\t"+o.Help)
		}
		return found, directive
	}
}
