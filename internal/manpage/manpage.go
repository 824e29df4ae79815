// Package manpage makes manual pages of commands, out of the words that their --help
// prints, so that no flag is described twice. What only the page says is written by hand,
// in man(7), in a file for each command: text that belongs to an option stands behind a
// comment with its name, sections of its own follow.
//
//	.\" --sort
//	What stands behind the first words on --sort.
//	.SH NOTES
//	…
//
// In plain text, options become bold and what stands for an argument (FILE, X.Y) italic.
package manpage

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Page is what there is to say of a command. All but Prose is plain text.
type Page struct {
	Name     string   // of the command, with blanks: gobtfenc measure merge
	Short    string   // one line
	Synopsis []string // a line each
	Text     string   // paragraphs
	Commands []Entry  // name of the page without the number, one line each
	Options  []Entry
	Examples string // command lines
	Prose    string // man(7), see above
	SeeAlso  []string
}

// Entry is an option or a command and what it does. An option is written as
// "-o, --output FILE"; what does a thing begins in lower case, without full stop.
type Entry struct{ Name, Help string }

// FileName returns the name of a command's page: gobtfenc-measure-merge.1.
func FileName(command string) string { return pageName(command) + ".1" }

func pageName(command string) string { return strings.ReplaceAll(command, " ", "-") }

// statusBegins is how the paragraph begins that is the section EXIT STATUS.
const statusBegins = "The exit status is "

// Write returns the page. The error is about Prose: text for an option that the command
// does not have, or that has it twice.
func (p *Page) Write() (string, error) {
	details, sections, err := p.prose()
	if err != nil {
		return "", err
	}
	w := &writer{names: p.arguments()}
	w.line(`.\" SPDX-License-Identifier: BSD-2-Clause`)
	w.line(`.\" Made by "make man" of the texts of --help and of docs/man/*.roff.`)
	w.line(`.TH %s 1 "" "gobtfenc" "User Commands"`, escape(strings.ToUpper(pageName(p.Name))))
	w.line(".SH NAME\n%s \\- %s", escape(pageName(p.Name)), escape(p.Short))
	w.section("SYNOPSIS")
	for i, s := range p.Synopsis {
		if i > 0 {
			w.line(".br")
		}
		w.line("%s", w.synopsis(s))
	}
	w.section("DESCRIPTION")
	text, status := cutStatus(p.Text)
	w.paragraphs(text)
	w.entries("COMMANDS", p.Commands, nil)
	w.entries("OPTIONS", p.Options, details)
	w.WriteString(sections)
	if status != "" {
		w.section("EXIT STATUS")
		w.paragraphs(status)
	}
	if p.Examples != "" {
		w.section("EXAMPLES")
		w.line(".EX")
		for l := range strings.Lines(strings.Trim(p.Examples, "\n")) {
			w.line("%s", guard(escape(strings.TrimSpace(l))))
		}
		w.line(".EE")
	}
	w.section("SEE ALSO")
	for i, s := range p.SeeAlso {
		name, number, _ := strings.Cut(s, "(")
		comma := ","
		if i == len(p.SeeAlso)-1 {
			comma = ""
		}
		w.line(".BR %s (%s%s", escape(name), number, comma)
	}
	return w.String(), nil
}

// prose cuts Prose into what belongs to options, by name, and sections.
func (p *Page) prose() (details map[string]string, sections string, err error) {
	details = map[string]string{}
	text := p.Prose
	if i := strings.Index(text, "\n.SH "); i >= 0 {
		text, sections = text[:i+1], text[i+1:]
	}
	to := ""
	for l := range strings.Lines(text) {
		comment, is := strings.CutPrefix(l, `.\" `)
		switch name := strings.TrimSpace(comment); {
		case is && strings.HasPrefix(name, "--"):
			if !slices.ContainsFunc(p.Options, func(o Entry) bool { return long(o) == name }) {
				return nil, "", fmt.Errorf("%s has no option %s", p.Name, name)
			}
			if _, twice := details[name]; twice {
				return nil, "", fmt.Errorf("%s: option %s is there twice", p.Name, name)
			}
			to, details[name] = name, ""
		case is: // a comment
		case to == "":
			return nil, "", fmt.Errorf("%s: text of no option: %q", p.Name, l)
		default:
			details[to] += l
		}
	}
	return details, sections, nil
}

var longName = regexp.MustCompile(`--[\w-]+`)

// long returns the name by which prose calls an option.
func long(o Entry) string { return longName.FindString(o.Name) }

// cutStatus takes the paragraph on the exit status out of a text.
func cutStatus(text string) (rest, status string) {
	var kept []string
	for _, par := range strings.Split(text, "\n\n") {
		if strings.HasPrefix(par, statusBegins) {
			status = par
		} else {
			kept = append(kept, par)
		}
	}
	return strings.Join(kept, "\n\n"), status
}

var upper = regexp.MustCompile(`\b[A-Z][A-Z_]*\b`)

// arguments returns the words that stand for arguments in synopsis and options.
func (p *Page) arguments() *regexp.Regexp {
	seen := map[string]bool{}
	for _, s := range p.Synopsis {
		for _, word := range upper.FindAllString(s, -1) {
			seen[word] = true
		}
	}
	for _, o := range p.Options {
		for _, word := range upper.FindAllString(longName.ReplaceAllString(o.Name, ""), -1) {
			if len(word) > 1 || !strings.HasPrefix(o.Name, "-"+word) {
				seen[word] = true
			}
		}
	}
	if len(seen) == 0 {
		return nil
	}
	var words []string
	for word := range seen {
		words = append(words, word)
	}
	slices.Sort(words)
	return regexp.MustCompile(`\b(?:` + strings.Join(words, "|") + `)\b`)
}

// writer writes man(7).
type writer struct {
	strings.Builder
	names *regexp.Regexp // what stands for arguments; nil for nothing
}

func (w *writer) line(format string, a ...any) { fmt.Fprintf(w, format+"\n", a...) }

func (w *writer) section(title string) { w.line(".SH %s", title) }

// paragraphs writes a text in which empty lines part paragraphs. A paragraph that is
// indented is shown as it is.
func (w *writer) paragraphs(text string) {
	for i, par := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			w.line(".PP")
		}
		for l := range strings.Lines(par) {
			w.line("%s", w.text(strings.TrimSpace(l)))
		}
	}
}

// entries writes a list of commands or options, each with its details.
func (w *writer) entries(title string, list []Entry, details map[string]string) {
	if len(list) == 0 {
		return
	}
	w.section(title)
	for _, e := range list {
		w.line(".TP")
		if title == "COMMANDS" {
			w.line(".BR %s (1)", escape(e.Name))
		} else {
			w.line("%s", w.synopsis(e.Name))
		}
		for l := range strings.Lines(sentence(e.Help)) {
			w.line("%s", w.text(strings.TrimSpace(l)))
		}
		w.WriteString(details[long(e)])
	}
}

var byDefault = regexp.MustCompile(`\s*\(default ([^()]*)\)$`)

// sentence makes one of what --help says of an option.
func sentence(help string) string {
	def := byDefault.FindStringSubmatch(help)
	help = byDefault.ReplaceAllString(help, "")
	s := strings.ToUpper(help[:1]) + help[1:] + "."
	if def != nil {
		s += "\nThe default is " + def[1] + "."
	}
	return s
}

var (
	option  = regexp.MustCompile(`(^|[^\w-])(--?[A-Za-z?][\w-]*)`)
	literal = regexp.MustCompile(`--?[A-Za-z?][\w-]*|[A-Z][A-Z_]*(?:\.[A-Z][A-Z]?)?|[a-z][\w-]*`)
)

// synopsis writes how a command is called: what is typed as it stands in bold, what
// stands for something in italics.
func (w *writer) synopsis(s string) string {
	s = literal.ReplaceAllStringFunc(s, func(word string) string {
		if upper.FindString(word) == word || strings.Contains(word, ".") {
			return "\x01I" + word + "\x01R"
		}
		return "\x01B" + word + "\x01R"
	})
	return guard(fonts(s))
}

// text writes a line of text.
func (w *writer) text(s string) string {
	s = option.ReplaceAllString(s, "$1\x01B$2\x01R")
	if w.names != nil {
		parts := regexp.MustCompile("\x01B[^\x01]*\x01R").FindAllStringIndex(s, -1)
		var b strings.Builder
		at := 0
		for _, p := range append(parts, []int{len(s), len(s)}) {
			b.WriteString(w.names.ReplaceAllString(s[at:p[0]], "\x01I$0\x01R"))
			b.WriteString(s[p[0]:p[1]])
			at = p[1]
		}
		s = b.String()
	}
	return guard(fonts(s))
}

// fonts escapes a text in which \x01 and a letter change the font.
func fonts(s string) string { return strings.ReplaceAll(escape(s), "\x01", `\f`) }

// escape writes plain text so that roff prints it. Minus signs are such as can be copied
// into a shell.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, `"`, `\(dq`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`, "…", "...").Replace(s)
}

// guard keeps a line from being a request.
func guard(s string) string {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		return `\&` + s
	}
	return s
}
