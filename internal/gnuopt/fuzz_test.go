package gnuopt

import (
	"slices"
	"strings"
	"testing"
)

// spelled writes a command line that was understood in its plainest form.
func spelled(p Parsed) (args []string) {
	for i := range p.Options {
		g := &p.Options[i]
		switch o := g.Option; {
		case g.Negated:
			args = append(args, "--no-"+o.Long)
		case o.Long != "" && g.HasArg:
			args = append(args, "--"+o.Long+"="+g.Arg)
		case o.Long != "":
			args = append(args, "--"+o.Long)
		case g.HasArg:
			args = append(args, "-"+string(rune(o.Short)), g.Arg)
		default:
			args = append(args, "-"+string(rune(o.Short)))
		}
	}
	return append(append(args, "--"), p.Operands...)
}

// FuzzParse reads words, one a line, by the grammars that there are. What is understood
// is in the words, and means the same when it is spelled out in full; what is not has a
// message with the word in it.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"f -J g", "-Jj8 f", "-j 8", "--jobs=8 --alphab=1", "--base -- --", "-of -o -J", "f -- -J", "-Jx", "--al", "--alpha=1", "--base", "--no-alpha --no-al -o", "- -"} {
		for how := range byte(4) {
			f.Add(strings.ReplaceAll(s, " ", "\n"), how)
		}
	}
	f.Fuzz(func(t *testing.T, text string, how byte) {
		args := strings.Split(text, "\n")
		g := Grammar{StopAtOperand: how&1 != 0, Negation: how&2 != 0}
		p, err := g.Parse(table, args)
		for _, given := range p.Options {
			if given.HasArg && !strings.Contains(text, given.Arg) || given.HasArg && given.Option.Arg == NoArg || !given.HasArg && given.Option.Arg == RequiredArg && !given.Negated {
				t.Errorf("%q: %+v", args, given)
			}
		}
		if err != nil {
			e, ok := err.(*Error)
			if !ok || e.Word != "" && !strings.Contains(err.Error(), e.Word) {
				t.Errorf("%q: error %v", args, err)
			}
			return
		}
		again, err := g.Parse(table, spelled(p))
		if err != nil || !slices.Equal(again.Options, p.Options) || !slices.Equal(again.Operands, p.Operands) {
			t.Errorf("%q is %q, spelled out %q, error %v", args, said(p, nil), said(again, nil), err)
		}
	})
}
