package gnuopt

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// table is that of testdata/getopt.c.
var table = []Option{
	{Long: "alpha"},
	{Long: "alphabet", Arg: OptionalArg, ArgName: "N"},
	{Short: 'j', Long: "jobs", Arg: OptionalArg, ArgName: "N"},
	{Long: "base", Arg: RequiredArg, ArgName: "FILE"},
	{Long: "basic"},
	{Short: 'J', Long: "encode"},
	{Short: 'o', Arg: RequiredArg, ArgName: "FILE"},
}

// said writes a result as testdata/getopt.c does.
func said(p Parsed, err error) string {
	var b strings.Builder
	for _, g := range p.Options {
		switch {
		case g.Negated:
			b.WriteString("--no-" + g.Option.Long)
		case g.Option.Short != 0:
			b.WriteString("-" + string(rune(g.Option.Short)))
		default:
			b.WriteString("--" + g.Option.Long)
		}
		if g.HasArg {
			b.WriteString("=" + g.Arg)
		}
		b.WriteString(" ")
	}
	if err != nil {
		return b.String() + "x: " + err.Error()
	}
	for _, o := range p.Operands {
		b.WriteString("<" + o + "> ")
	}
	return strings.TrimSuffix(b.String(), " ")
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		args, want string
	}{
		{"", ""},
		{"f -J g", "-J <f> <g>"},
		{"-Jj8 f", "-J -j=8 <f>"},
		{"-j 8", "-j <8>"},
		{"-j", "-j"},
		{"--jobs 8", "-j <8>"},
		{"--jobs=8", "-j=8"},
		{"--jobs=", "-j="},
		{"--j", "-j"},
		{"--alpha", "--alpha"},
		{"--alphab=1", "--alphabet=1"},
		{"--base f", "--base=f"},
		{"--base=f=g", "--base=f=g"},
		{"--base -- --", "--base=--"},
		{"--base --encode", "--base=--encode"},
		{"-of -o -J", "-o=f -o=-J"},
		{"-Jof", "-J -o=f"},
		{"- -J -", "-J <-> <->"},
		{"-J -- -J --jobs --", "-J <-J> <--jobs> <-->"},
		{"f -- -J", "<f> <-J>"},

		{"-Jx -J", "-J x: invalid option -- 'x'"},
		{"-J-", "-J x: invalid option -- '-'"},
		{"-Jo", "-J x: option requires an argument -- 'o'"},
		{"f --wrong=3", "x: unrecognized option '--wrong=3'"},
		{"--alphabets", "x: unrecognized option '--alphabets'"},
		{"--base", "x: option '--base' requires an argument"},
		{"--enc=1", "x: option '--encode' doesn't allow an argument"},
		{"--bas=1", "x: option '--bas=1' is ambiguous; possibilities: '--base' '--basic'"},
		{"--alp", "x: option '--alp' is ambiguous; possibilities: '--alpha' '--alphabet'"},
	} {
		if got := said(Grammar{}.Parse(table, strings.Fields(c.args))); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.args, got, c.want)
		}
	}
}

func TestGrammars(t *testing.T) {
	withNo := append([]Option{{Long: "help", NoNegation: true}, {Long: "no-color"}}, table...)
	for _, c := range []struct {
		g          Grammar
		args, want string
	}{
		{Grammar{StopAtOperand: true}, "-J f -J --jobs", "-J <f> <-J> <--jobs>"},
		{Grammar{StopAtOperand: true}, "-J -- -J", "-J <-J>"},
		{Grammar{StopAtOperand: true}, "-J - -J", "-J <-> <-J>"},
		{Grammar{Negation: true}, "--no-base f", "--no-base <f>"},
		{Grammar{Negation: true}, "--no-enc", "--no-encode"},
		{Grammar{Negation: true}, "--no-color", "--no-color"},
		{Grammar{Negation: true}, "--no-base=f", "x: option '--no-base' doesn't allow an argument"},
		{Grammar{Negation: true}, "--no-bas", "x: option '--no-bas' is ambiguous; possibilities: '--no-base' '--no-basic'"},
		{Grammar{Negation: true}, "--no-help", "x: unrecognized option '--no-help'"},
		{Grammar{}, "--no-base", "x: unrecognized option '--no-base'"},
	} {
		got := strings.ReplaceAll(said(c.g.Parse(withNo, strings.Fields(c.args))), "-J=", "-J")
		if got != c.want {
			t.Errorf("%+v: %s\ngot  %s\nwant %s", c.g, c.args, got, c.want)
		}
	}
}

func TestErrorFields(t *testing.T) {
	for _, c := range []struct {
		args string
		want Error
	}{
		{"-Jx", Error{Kind: UnknownShort, Word: "x"}},
		{"--x=1", Error{Kind: UnknownLong, Word: "x=1"}},
		{"-o", Error{Kind: ShortNeedsArg, Word: "o", Option: &table[6]}},
		{"--base", Error{Kind: NeedsArg, Word: "base", Option: &table[3]}},
		{"--enc=1", Error{Kind: TakesNoArg, Word: "encode", Option: &table[5]}},
		{"--bas", Error{Kind: Ambiguous, Word: "bas", Candidates: []string{"base", "basic"}}},
	} {
		var got *Error
		if _, err := (Grammar{}).Parse(table, strings.Fields(c.args)); !errors.As(err, &got) {
			t.Errorf("%s: %v", c.args, err)
		} else if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.args, *got, c.want)
		}
	}
}

// TestGetopt compares with glibc on command lines put together by chance.
func TestGetopt(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no gcc")
	}
	helper := filepath.Join(t.TempDir(), "getopt")
	if out, err := exec.Command("gcc", "-o", helper, "testdata/getopt.c").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := randomLines(20_000)
	cmd := exec.Command(helper)
	cmd.Env = []string{}
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "POSIXLY_CORRECT=") && !strings.HasPrefix(e, "LANG") && !strings.HasPrefix(e, "LC_") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	var in bytes.Buffer
	for _, args := range lines {
		for _, word := range args {
			in.WriteString(word + "\x01")
		}
		in.WriteString("\n")
	}
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := glibcLines(string(out))
	if len(answers) != len(lines) {
		t.Fatalf("%d answers to %d lines", len(answers), len(lines))
	}
	mistakes := 0
	for i, args := range lines {
		p, err := Grammar{}.Parse(table, args)
		if err != nil {
			mistakes++
		}
		if got := said(p, err); got != answers[i] {
			t.Fatalf("%q\ngot   %s\nglibc %s", args, got, answers[i])
		}
	}
	if mistakes < len(lines)/10 || mistakes > len(lines)*9/10 {
		t.Errorf("%d of %d lines are mistakes: the mixture tests little", mistakes, len(lines))
	}
}

// glibcLines splits what the helper prints: a message ends in a newline of its
// own, which leaves an empty line behind it.
func glibcLines(out string) (answers []string) {
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		answers = append(answers, strings.TrimSuffix(lines[i], " "))
		if strings.Contains(lines[i], "x: ") {
			i++
		}
	}
	return answers
}

// randomLines returns n command lines, the same ones each time.
func randomLines(n int) [][]string {
	rnd := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"-", "-", "--", "--", "J", "j", "8", "o", "x", "f", "=", "=1", "alpha", "alphabet", "al", "jobs", "j", "base", "bas", "basic", "encode", "e"}
	words := []string{"--", "-", "f", "", "-J", "-j8", "--base", "--base=g", "-o", "--jobs", "--alph", "-Jj", "--e"}
	lines := make([][]string, n)
	for i := range lines {
		for range rnd.IntN(5) {
			word := words[rnd.IntN(len(words))]
			if rnd.IntN(3) == 0 {
				word = ""
				for range 1 + rnd.IntN(3) {
					word += pieces[rnd.IntN(len(pieces))]
				}
			}
			lines[i] = append(lines[i], word)
		}
	}
	return lines
}

func TestAppendHelp(t *testing.T) {
	got := string(AppendHelp(nil, []Option{
		{Short: 'j', Long: "jobs", Arg: OptionalArg, ArgName: "N", Help: "encode so many files at once"},
		{Long: "base", Arg: RequiredArg, ArgName: "FILE", Help: "BTF that the result stands on; a sentence that does not fit is broken between words"},
		{Long: "hidden"},
		{Short: 'o', Arg: RequiredArg, ArgName: "FILE", Help: "write it to FILE"},
		{Long: "a_name_that_is_too_long_for_it", Help: "stands below"},
		{Short: 'V', Help: "be verbose"},
	}))
	want := `  -j, --jobs[=N]             encode so many files at once
      --base=FILE            BTF that the result stands on; a sentence that
                             does not fit is broken between words
  -o FILE                    write it to FILE
      --a_name_that_is_too_long_for_it
                             stands below
  -V                         be verbose
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAppendUsage(t *testing.T) {
	got := string(AppendUsage(nil, "name", []Option{
		{Short: 'J', Long: "encode", Help: "."},
		{Short: 'j', Long: "jobs", Arg: OptionalArg, ArgName: "N", Help: "."},
		{Long: "base", Arg: RequiredArg, ArgName: "FILE", Help: "."},
		{Long: "hidden"},
		{Short: 'o', Arg: RequiredArg, ArgName: "FILE", Help: "."},
		{Short: 'V', Help: "."},
	}, "FILE..."))
	want := `Usage: name [-JV] [-j[N]] [-o FILE] [--encode] [--jobs[=N]] [--base=FILE]
            FILE...
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
