package diff

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/escape"
	"github.com/gobtfenc/gobtfenc/internal/number"
)

// View says how much of a Report is written for people.
type View struct {
	All bool // also what is affected, with the way, and unnamed, not only their number
	Top int  // how many sizes, causes and, in Markdown, differences of a module are shown at most; 0 for all
}

// WriteJSON writes the whole of r as one line of JSON, which docs/diff.md
// describes.
func (r *Report) WriteJSON(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

// WriteText writes r for a terminal.
func (r *Report) WriteText(w io.Writer, v View) error {
	p := printer{w: w, escape: escape.Terminal}
	for _, s := range r.sections(v) {
		p.line("%s", s.title)
		for _, t := range s.lines {
			p.line("%s%s%s", strings.Repeat("    ", t.level), column(t), t.text)
		}
		p.line("")
	}
	for _, t := range r.tables(v.Top) {
		p.table(t)
	}
	p.line("%s", r.Total.text())
	return p.err
}

// column is where the word of a line goes, so that what changed is in line.
func column(t line) string {
	switch {
	case t.word == "":
		return ""
	case t.level == 1:
		return fmt.Sprintf("%-9s", t.word)
	}
	return t.word + " "
}

// WriteMarkdown writes r as GitHub's Markdown, fit for a pull request or a job's
// summary.
func (r *Report) WriteMarkdown(w io.Writer, v View) error {
	p := printer{w: w, escape: escape.Markdown}
	for _, s := range r.sections(v) {
		p.write("### ")
		p.line("%s", s.title)
		p.line("")
		for _, t := range shorten(s.lines, v.Top) {
			p.write(strings.Repeat("  ", t.level-1) + "- ")
			if t.word != "" {
				p.write("**" + t.word + "** ")
			}
			p.line("%s", t.text)
		}
		p.line("")
	}
	for _, t := range r.tables(v.Top) {
		p.markdownTable(t)
	}
	p.line("%s", r.Total.text())
	return p.err
}

// shorten leaves the first top differences, with their details, and says how
// many there are besides.
func shorten(lines []line, top int) []line {
	seen := 0
	for i, t := range lines {
		if t.level > 1 {
			continue
		}
		if seen++; top > 0 && seen > top {
			rest := 0
			for _, t := range lines[i:] {
				if t.level == 1 {
					rest++
				}
			}
			return append(lines[:i:i], line{level: 1, text: number.Grouped(uint64(rest)) + " more"})
		}
	}
	return lines
}

// section is what is said of one module, or of those that only one side has.
type section struct {
	title string
	lines []line
}

// line is one of a section.
type line struct {
	level int // 1, or 2 for a part of the line before
	word  string
	text  string
}

func (r *Report) sections(v View) []section {
	lone := section{title: "modules of one side"}
	var all []section
	for i := range r.Modules {
		m := &r.Modules[i]
		switch {
		case len(m.Errors) > 0:
			s := section{title: m.Name + ": not compared"}
			for _, e := range m.Errors {
				s.lines = append(s.lines, line{level: 1, text: e})
			}
			all = append(all, s)
		case m.Old == nil:
			lone.add(Added, m.Name, m.New.Bytes)
		case m.New == nil:
			lone.add(Removed, m.Name, m.Old.Bytes)
		case m.isTold(v):
			title := fmt.Sprintf("%s: %s -> %s bytes", m.Name, number.Grouped(m.Old.Bytes), number.Grouped(m.New.Bytes))
			all = append(all, section{title, m.lines(v)})
		}
	}
	if len(lone.lines) == 0 {
		return all
	}
	return append([]section{lone}, all...)
}

func (s *section) add(c Change, name string, bytes uint64) {
	s.lines = append(s.lines, line{1, string(c), name + ", " + number.Grouped(bytes) + " bytes"})
}

// isTold reports whether there is something to say of m, which is on both sides,
// by itself. What is only affected is told of with all other modules.
func (m *Module) isTold(v View) bool {
	return slices.ContainsFunc(m.Differences, func(d Difference) bool { return v.All || d.Change != Affected })
}

// lines returns what there is to say of m.
func (m *Module) lines(v View) []line {
	var all []line
	counts := map[Change]int{} // of what is not shown
	for i := range m.Differences {
		d := &m.Differences[i]
		if v.All || d.Change != Affected && d.Change != Unnamed {
			all = append(all, d.lines()...)
			continue
		}
		counts[d.Change]++
	}
	if n := counts[Unnamed]; n > 0 {
		all = append(all, line{level: 1, word: string(Unnamed), text: number.Plural(n, "type", "types")})
	}
	if counts[Affected] > 0 {
		for i := range m.Causes {
			all = append(all, line{level: 1, word: string(Affected), text: m.Causes[i].text()})
		}
	}
	return all
}

// text says what comes to c: "3 types and 5 functions (2 exported) by struct cfg".
func (c *Cause) text() string {
	var parts []string
	if c.Types > 0 {
		parts = append(parts, number.Plural(c.Types, "type", "types"))
	}
	if c.Functions > 0 {
		text := number.Plural(c.Functions, "function", "functions")
		if c.Exported > 0 {
			text += " (" + number.Grouped(uint64(c.Exported)) + " exported)"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " and ") + " by " + c.name()
}

func (c *Cause) name() string {
	if c.InBase {
		return c.Name + " of the base"
	}
	return c.Name
}

// lines returns what there is to say of d.
func (d *Difference) lines() []line {
	text := d.New
	switch {
	case d.Change == Unnamed && d.New == "":
		text = "- " + d.Old
	case d.Change == Unnamed && d.Old == "":
		text = "+ " + d.New
	case d.Change == Removed:
		text = d.Old
	case d.Change == Changed && d.Kind != "function":
		text = key{d.Kind, d.Name}.String()
	}
	if d.Exported {
		text += " (exported)"
	}
	all := []line{{level: 1, word: string(d.Change), text: text}}
	for _, t := range d.Details {
		all = append(all, t.line())
	}
	if len(d.Path) > 0 {
		all = append(all, line{level: 2, text: strings.Join(d.Path, " -> ")})
	}
	return all
}

// String returns d in words: "+ member flags: int at 8".
func (d Detail) String() string {
	l := d.line()
	return strings.TrimPrefix(l.word+" "+l.text, " ")
}

// line returns d in words: "size: 8 bytes -> 16 bytes", "+ member flags: int
// at 8".
func (d Detail) line() line {
	switch {
	case d.Old == "" && d.New == "":
		return line{level: 2, text: d.What}
	case d.Old == "":
		return line{level: 2, word: "+", text: d.What + ": " + d.New}
	case d.New == "":
		return line{level: 2, word: "-", text: d.What + ": " + d.Old}
	}
	return line{level: 2, text: d.What + ": " + d.Old + " -> " + d.New}
}

// text is the closing line of a report.
func (t *Total) text() string {
	parts := []string{number.Grouped(uint64(t.Same)) + " the same"}
	for _, n := range []struct {
		n    int
		what string
	}{{t.Different, "different"}, {t.Added, "added"}, {t.Removed, "removed"}, {t.Failed, "not compared"}} {
		if n.n > 0 {
			parts = append(parts, number.Grouped(uint64(n.n))+" "+n.what)
		}
	}
	text := number.Plural(t.Modules, "module", "modules") + ": " + strings.Join(parts, ", ")
	parts = nil
	for _, c := range changeRanks {
		if n := t.Changes[c]; n > 0 {
			parts = append(parts, number.Grouped(uint64(n))+" "+string(c))
		}
	}
	if len(parts) > 0 {
		text += "; types and functions: " + strings.Join(parts, ", ")
	}
	text += fmt.Sprintf("; .BTF %s -> %s bytes", number.Grouped(t.OldBytes), number.Grouped(t.NewBytes))
	if t.OldCopies+t.NewCopies > 0 {
		text += fmt.Sprintf(", copies %s -> %s", number.Grouped(uint64(t.OldCopies)), number.Grouped(uint64(t.NewCopies)))
	}
	return text
}
