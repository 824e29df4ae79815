package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gobtfenc/gobtfenc/internal/gnuopt"
)

// commands returns the root command and all below it that users call.
func commands() []*cobra.Command {
	root := rootCommand()
	root.InitDefaultHelpFlag()
	root.InitDefaultVersionFlag()
	all := []*cobra.Command{root}
	for i := 0; i < len(all); i++ {
		for _, c := range all[i].Commands() {
			if !c.Hidden {
				c.InitDefaultHelpFlag()
				all = append(all, c)
			}
		}
	}
	return all
}

// standInOptions returns the options of the commands that read them themselves.
func standInOptions() []gnuopt.Option { return append(paholeTable(), resolveTable()...) }

// flagNames returns the long names of all commands' flags and calls each for
// every flag.
func flagNames(t *testing.T, each func(*cobra.Command, *pflag.Flag)) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	for _, c := range commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			known[f.Name] = true
			each(c, f)
		})
	}
	for _, o := range standInOptions() {
		known[o.Long] = true
	}
	if len(known) < 10 {
		t.Fatalf("%d flags found", len(known))
	}
	return known
}

// What the README and scripts/ci call are commands and flags that exist.
func TestCalls(t *testing.T) {
	known := flagNames(t, func(*cobra.Command, *pflag.Flag) {})
	subs := map[string]bool{"help": true}
	for _, c := range commands()[1:] {
		subs[c.Name()] = true
	}
	for _, path := range append([]string{"../../README.md", "../../docs/ci.md"}, workflows(t)...) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		calls := callsIn(string(data))
		if len(calls) == 0 {
			t.Errorf("%s calls gobtfenc nowhere", path)
		}
		for _, c := range calls {
			if !subs[c.command] {
				t.Errorf("%s: no command %q", path, c.command)
			}
			for _, f := range c.flags {
				if !known[f] {
					t.Errorf("%s: gobtfenc %s: no flag --%s", path, c.command, f)
				}
			}
		}
	}
}

// call is a command line of gobtfenc in a text.
type call struct {
	command string
	flags   []string // long ones, without the dashes
}

// callsIn returns the command lines of a text that have long flags.
func callsIn(text string) (calls []call) {
	line := regexp.MustCompile(`\bgobtfenc ([a-z]+) (.*)`)
	flag := regexp.MustCompile(`(?:^|\s)--([a-z][a-z_-]*)`)
	for l := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		m := line.FindStringSubmatch(l)
		if m == nil || !strings.Contains(l, "--") {
			continue
		}
		c := call{command: m[1]}
		rest, _, _ := strings.Cut(m[2], "|")
		for _, f := range flag.FindAllStringSubmatch(rest, -1) {
			c.flags = append(c.flags, f[1])
		}
		calls = append(calls, c)
	}
	return calls
}

// workflows returns the paths of what scripts/ci has for services that build.
func workflows(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../scripts/ci/*.yml")
	if err != nil || len(paths) < 2 {
		t.Fatalf("%q, %v", paths, err)
	}
	return paths
}

// The workflows are YAML without a key that is there twice, and the scripts that they call exist.
func TestWorkflows(t *testing.T) {
	script := regexp.MustCompile(`\bgobtfenc/(scripts/\S+)`)
	for _, path := range workflows(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		scripts := script.FindAllStringSubmatch(string(data), -1)
		if len(scripts) == 0 {
			t.Errorf("%s calls no script", path)
		}
		for _, m := range scripts {
			if st, err := os.Stat("../../" + m[1]); err != nil || st.Mode()&0o111 == 0 {
				t.Errorf("%s calls %s, which is no script", path, m[1])
			}
		}
	}
	if _, err := exec.LookPath("yamllint"); err != nil {
		t.Skip("no yamllint")
	}
	out, err := exec.Command("yamllint", append([]string{"--no-warnings", "-d", "relaxed"}, workflows(t)...)...).CombinedOutput()
	if err != nil {
		t.Errorf("yamllint: %v\n%s", err, out)
	}
}
