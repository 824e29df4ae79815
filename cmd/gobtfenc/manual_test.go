package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gobtfenc/gobtfenc/internal/gnuopt"
	"github.com/gobtfenc/gobtfenc/internal/manpage"
)

var update = flag.Bool("update", false, "write docs/man/*.1")

const manual = "../../docs/man"

// The pages in docs/man are what the commands' --help and docs/man/*.roff make of them.
func TestManualPages(t *testing.T) {
	if *update {
		old, _ := filepath.Glob(manual + "/*.1")
		for _, path := range old {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := map[string]bool{}
	for _, c := range commands() {
		page := pageOf(t, c)
		text, err := page.Write()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(manual, manpage.FileName(page.Name))
		want[path] = true
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(path); err != nil || string(have) != text {
			t.Errorf("%s is not what %s --help says (%v): make man", path, page.Name, err)
		}
	}
	for _, path := range manualPages(t) {
		if !want[path] {
			t.Errorf("%s is of no command", path)
		}
	}
	prose, _ := filepath.Glob(manual + "/*.roff")
	for _, path := range prose {
		if !want[strings.TrimSuffix(filepath.Join(manual, "gobtfenc-"+filepath.Base(path)), ".roff")+".1"] && filepath.Base(path) != "gobtfenc.roff" {
			t.Errorf("%s is of no command", path)
		}
	}
}

// No page names a flag that does not exist, and readers of pages have nothing to say.
func TestManualPagesAreSound(t *testing.T) {
	known := flagNames(t, func(*cobra.Command, *pflag.Flag) {})
	pages := manualPages(t)
	for _, path := range pages {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`--([a-z][a-z0-9_-]*)`).FindAllSubmatch(bytes.ReplaceAll(data, []byte(`\-`), []byte("-")), -1) {
			if !known[string(m[1])] {
				t.Errorf("%s has --%s, which does not exist", path, m[1])
			}
		}
	}
	t.Run("mandoc", func(t *testing.T) {
		if _, err := exec.LookPath("mandoc"); err != nil {
			t.Skip("no mandoc")
		}
		// The exit status says that there are warnings. One there always is: a page without
		// a date, which would change with every version.
		out, _ := exec.Command("mandoc", append([]string{"-T", "lint", "-W", "warning"}, pages...)...).CombinedOutput()
		for l := range strings.Lines(string(out)) {
			if !strings.HasSuffix(l, "missing date, using \"\": TH\n") {
				t.Error(l)
			}
		}
	})
}

func manualPages(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob(manual + "/*.1")
	if err != nil || len(pages) < 10 {
		t.Fatalf("%q, %v", pages, err)
	}
	return pages
}

// pageOf returns the page of a command.
func pageOf(t *testing.T, c *cobra.Command) *manpage.Page {
	t.Helper()
	p := &manpage.Page{
		Name:     c.CommandPath(),
		Short:    c.Short,
		Text:     c.Long,
		Examples: c.Example,
		SeeAlso:  []string{"gobtfenc(1)"},
	}
	for _, usage := range strings.Split(c.UseLine(), "\n") {
		p.Synopsis = append(p.Synopsis, strings.TrimSpace(usage))
	}
	switch {
	case !c.HasParent():
		p.Synopsis = []string{"gobtfenc COMMAND [OPTION...] [ARGUMENT...]", "gobtfenc --help|--version"}
		p.SeeAlso = []string{"pahole(1)", "bpftool-btf(8)"}
	case c.Name() == "pahole":
		p.Synopsis = []string{"gobtfenc pahole -J [OPTION...] FILE...", "pahole -J [OPTION...] FILE..."}
		p.Text, p.Options = paholeText+"\n"+paholeNotes, optionsOf(paholeTable())
		p.SeeAlso = append(p.SeeAlso, "pahole(1)")
	case c.Name() == "resolve-btfids":
		p.Synopsis = nil
		for usage := range strings.Lines(strings.TrimPrefix(idsUsage, "Usage: ")) {
			p.Synopsis = append(p.Synopsis, "gobtfenc "+strings.ReplaceAll(strings.TrimSpace(usage), "resolve_btfids ", "resolve-btfids "))
		}
		p.Text, p.Options = idsLong, optionsOf(resolveTable())
	}
	if c.HasSubCommands() {
		for _, sub := range c.Commands() {
			if !sub.Hidden && sub.Name() != "help" {
				p.Commands = append(p.Commands, manpage.Entry{Name: strings.ReplaceAll(sub.CommandPath(), " ", "-"), Help: lowered(sub.Short)})
			}
		}
	}
	if p.Options == nil {
		c.Flags().VisitAll(func(f *pflag.Flag) { p.Options = append(p.Options, flagEntry(f)) })
	}
	name := strings.ReplaceAll(strings.TrimPrefix(c.CommandPath(), "gobtfenc "), " ", "-")
	prose, err := os.ReadFile(filepath.Join(manual, name+".roff"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	p.Prose = string(prose)
	return p
}

func lowered(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// flagEntry writes a flag as --help does.
func flagEntry(f *pflag.Flag) manpage.Entry {
	arg, help := pflag.UnquoteUsage(f)
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	if arg != "" {
		name += " " + arg
	}
	if !slices.Contains([]string{"", "false", "[]", "0"}, f.DefValue) {
		value := strings.Trim(f.DefValue, "[]")
		if strings.Contains(value, " ") { // a phrase
			value = "the " + value
		}
		help += " (default " + value + ")"
	}
	switch f.Name { // whose words are cobra's
	case "help":
		help = "print help"
	case "version":
		help = "print the version"
	}
	return manpage.Entry{Name: name, Help: help}
}

// optionsOf writes those options of a table that --help has.
func optionsOf(table []gnuopt.Option) (list []manpage.Entry) {
	for i := range table {
		if o := &table[i]; o.Help != "" {
			list = append(list, manpage.Entry{Name: o.String(), Help: o.Help})
		}
	}
	return list
}
