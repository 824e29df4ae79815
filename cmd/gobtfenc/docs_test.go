package main

import (
	"os"
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
	for _, c := range root.Commands() {
		if !c.Hidden {
			c.InitDefaultHelpFlag()
			all = append(all, c)
		}
	}
	return all
}

// standInOptions returns the options of the commands that read them themselves.
func standInOptions() []gnuopt.Option { return append(paholeTable(), resolveTable()...) }

// Every command and flag is in the manual page, and it has no others.
func TestManualPage(t *testing.T) {
	data, err := os.ReadFile("../../docs/gobtfenc.1")
	if err != nil {
		t.Fatal(err)
	}
	page := strings.ReplaceAll(string(data), `\-`, "-")
	known := flagNames(t, func(c *cobra.Command, f *pflag.Flag) {
		if !regexp.MustCompile(`(?m)^\.B.*--` + f.Name + `\b`).MatchString(page) {
			t.Errorf("--%s of %s is not in the page", f.Name, c.CommandPath())
		}
		if f.Shorthand != "" && !regexp.MustCompile(`(?m)^\.B.*[ "]-`+f.Shorthand+`\b`).MatchString(page) {
			t.Errorf("-%s of %s is not in the page", f.Shorthand, c.CommandPath())
		}
	})
	for _, o := range standInOptions() {
		if o.Help != "" && !regexp.MustCompile(`(?m)^\.B.*--`+o.Long+`\b`).MatchString(page) {
			t.Errorf("--%s of a command that stands in is not in the page", o.Long)
		}
		if o.Help != "" && o.Short != 0 && !regexp.MustCompile(`(?m)^\.B.*[ "]-`+regexp.QuoteMeta(string(rune(o.Short)))).MatchString(page) {
			t.Errorf("-%c of a command that stands in is not in the page", o.Short)
		}
	}
	for _, c := range commands()[1:] {
		if !strings.Contains(page, ".SS "+c.CommandPath()+"\n") {
			t.Errorf("%s has no section", c.CommandPath())
		}
	}
	for _, m := range regexp.MustCompile(`--([a-z][a-z0-9_-]*)`).FindAllStringSubmatch(page, -1) {
		if !known[m[1]] {
			t.Errorf("the page has --%s, which does not exist", m[1])
		}
	}
}

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

// The README calls commands and flags that exist.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	known := flagNames(t, func(*cobra.Command, *pflag.Flag) {})
	subs := map[string]bool{"help": true}
	for _, c := range commands()[1:] {
		subs[c.Name()] = true
	}
	call := regexp.MustCompile(`\bgobtfenc ([a-z]+) (.*)`)
	flag := regexp.MustCompile(`(?:^|\s)--([a-z][a-z_-]*)`)
	calls := 0
	for line := range strings.Lines(strings.ReplaceAll(string(data), "\\\n", " ")) {
		m := call.FindStringSubmatch(line)
		if m == nil || !strings.Contains(line, "--") {
			continue
		}
		calls++
		if !subs[m[1]] {
			t.Errorf("no command %q: %s", m[1], line)
		}
		rest, _, _ := strings.Cut(m[2], "|")
		for _, f := range flag.FindAllStringSubmatch(rest, -1) {
			if !known[f[1]] {
				t.Errorf("no flag --%s: %s", f[1], line)
			}
		}
	}
	if calls == 0 {
		t.Error("the README calls gobtfenc nowhere")
	}
}
