package explain

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/escape"
	"github.com/gobtfenc/gobtfenc/internal/number"
)

// Text writes r for a terminal, with at most top rows of what a module has many
// of, 0 for all.
func (r *Report) Text(w io.Writer, top int) error {
	p := printer{w: w, top: top}
	if r.Name == "" {
		p.module(r)
	} else {
		p.name(r)
	}
	return p.err
}

// printer keeps the first error of w.
type printer struct {
	w   io.Writer
	top int
	err error
}

func (p *printer) line(format string, a ...any) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, escape.Terminal(fmt.Sprintf(format, a...))+"\n")
	}
}

// rows calls row for the first of n, and says how many are left.
func (p *printer) rows(n int, row func(i int)) {
	for i := range n {
		if p.top > 0 && i == p.top {
			p.line("    %s more", number.Grouped(n-i))
			return
		}
		row(i)
	}
}

func (p *printer) module(r *Report) {
	p.line("%s: %s bytes of BTF, %s", r.Path, number.Grouped(r.Bytes), number.Plural(r.Types, "type", "types"))
	p.line("    %s that the base has none of", sum(r.Own))
	p.line("    %s that the base has otherwise, for %s", sum(r.Hanging), number.Plural(len(r.Causes), "cause", "causes"))
	p.line("    %s that the base has in the same shape", number.Plural(len(r.Copies), "type", "types"))
	if r.Repeats > 0 {
		p.line("    %s that are there twice", number.Plural(r.Repeats, "type", "types"))
	}
	if len(r.Copies) > 0 {
		p.line("")
		p.line("the base has them:")
		p.rows(len(r.Copies), func(i int) {
			c := &r.Copies[i]
			p.line("    [%d] %s: [%d] in the base", c.ID, c.What, c.Base)
		})
	}
	if len(r.Causes) > 0 {
		p.line("")
		p.line("%8s%10s%12s  cause", "types", "bytes", "alone")
		p.rows(len(r.Causes), func(i int) {
			c := &r.Causes[i]
			p.line("%8s%10s%12s  %s", number.Grouped(c.Types), number.Grouped(c.Bytes), number.Grouped(c.Only.Bytes), c.words())
		})
	}
}

func sum(s Sum) string {
	return fmt.Sprintf("%s of %s bytes", number.Plural(s.Types, "type", "types"), number.Grouped(s.Bytes))
}

func (c *Cause) words() string { return c.Name + ": " + first(c.Differences) }

// first is the first of several differences in words.
func first(all []Difference) string {
	switch len(all) {
	case 0:
		return "differs in more than can be told of"
	case 1:
		return all[0].words()
	}
	return all[0].words() + ", and " + number.Grouped(len(all)-1) + " more"
}

// words are those for one difference: "FWD in the base, complete here".
func (d *Difference) words() string {
	if d.Base == "" && d.Here == "" {
		return d.What
	}
	text := cmp.Or(d.Base, "nothing") + " in the base, " + cmp.Or(d.Here, "nothing") + " here"
	if d.What == "" {
		return text
	}
	return d.What + ": " + text
}

func (p *printer) name(r *Report) {
	for i := range r.Asked {
		p.asked(&r.Asked[i])
	}
	for _, c := range r.InBase {
		p.line("[%d] %s: the base's; the module has none of its own", c.ID, c.What)
	}
	if r.Function != nil {
		p.function(strings.TrimSuffix(r.Name, "()"), r.Function)
		if r.Elsewhere != "" {
			p.line("    DIEs in %s are not looked at", r.Elsewhere)
		}
	}
}

func (p *printer) asked(a *Asked) {
	p.line("[%d] %s", a.ID, a.What)
	if a.Same != nil {
		p.line("    the base has it in the same shape: [%d]", a.Same.Base)
		return
	}
	if len(a.Candidates) == 0 {
		p.line("    the module's own: the base has none of that kind and name")
		return
	}
	for i := range a.Candidates {
		p.candidate(&a.Candidates[i])
	}
	if c := a.Cause; c != nil {
		p.line("    %s: nearest cause of %s, the only one of %s", c.Name, sum(c.Sum), sum(c.Only))
	}
}

func (p *printer) candidate(c *Candidate) {
	p.line("    [%d] in the base: %s", c.ID, strings.Join(c.Path, " → ")+": "+first(c.Differences))
	if len(c.Differences) < 2 {
		return
	}
	p.rows(len(c.Differences), func(i int) { p.line("        %s", c.Differences[i].words()) })
}
