// Package gnuopt parses command lines as GNU getopt_long and argp do, and as
// the parse-options of git and the kernel's tools.
//
// Commands that stand in for others have to read the very same words: the
// kernel build passes
//
//	pahole -J -j8 --btf_features=var,float --btf_base vmlinux x.ko
//
// where the 8 is part of -j, since its argument is optional and so has to be
// attached (-j 8 makes a file of 8), while --btf_base takes the next word.
// The rules, of which POSIX has some (Base Definitions 12.2) and glibc's manual
// the others ("Argument Syntax", "Parsing Long Options with getopt_long"):
//
//   - short options come in clusters, the last of which may have an argument;
//   - a long option may be shortened as long as it is the only one that begins
//     so; a full name always is that option;
//   - options may follow operands, but not --; a lone - is an operand;
//   - a required argument is attached or the next word, whatever that is.
//
// What an option means is not known here: the result is what was given, in
// order, and the caller acts on it.
package gnuopt

import "strings"

// ArgKind says whether an option has an argument.
type ArgKind int

const (
	NoArg       ArgKind = iota
	OptionalArg         // attached only: -j8, --jobs=8
	RequiredArg         // attached or the next word
)

// Option is an entry of the table of a command's options.
type Option struct {
	Short byte   // letter, 0 for none
	Long  string // name without dashes, empty for none

	Arg     ArgKind
	ArgName string // of the argument, in help

	// Help is a sentence for --help, which leaves out options without one.
	Help string

	// NoNegation says that there is no --no-NAME where Grammar.Negation has
	// others.
	NoNegation bool
}

// Grammar says where commands differ. The zero value is argp's.
type Grammar struct {
	// StopAtOperand makes everything from the first operand on an operand, as
	// getopt does where POSIXLY_CORRECT is in the environment.
	StopAtOperand bool

	// Negation makes --no-NAME of every long option, as git has it. It has no
	// argument.
	Negation bool
}

// Given is an option of a command line.
type Given struct {
	Option  *Option // in the table
	Arg     string
	HasArg  bool // tells an empty argument from none
	Negated bool // given as --no-NAME
}

// Parsed is a command line that was understood.
type Parsed struct {
	Options  []Given // in the order given
	Operands []string
}

// Parse reads args, which do not have the name of the command, by the options
// of table. When it fails (*Error) the options before the mistake are in the
// result, since --help or --version in front of it may be all that is wanted.
func (g Grammar) Parse(table []Option, args []string) (Parsed, error) {
	p := parser{Grammar: g, table: table, rest: args}
	err := p.parse()
	return p.out, err
}

// parser is a command line in work.
type parser struct {
	Grammar
	table []Option
	rest  []string // words not yet read
	out   Parsed
}

func (p *parser) parse() error {
	for len(p.rest) > 0 {
		word := p.rest[0]
		var err error
		switch {
		case word == "--":
			p.rest = p.rest[1:]
			p.takeRest()
		case len(word) < 2 || word[0] != '-':
			if p.StopAtOperand {
				p.takeRest()
				break
			}
			p.out.Operands = append(p.out.Operands, word)
			p.rest = p.rest[1:]
		case word[1] == '-':
			p.rest = p.rest[1:]
			err = p.long(word[2:])
		default:
			p.rest = p.rest[1:]
			err = p.cluster(word[1:])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takeRest makes operands of all that is left.
func (p *parser) takeRest() {
	p.out.Operands = append(p.out.Operands, p.rest...)
	p.rest = nil
}

// cluster reads the letters of -Jj8.
func (p *parser) cluster(letters string) error {
	for len(letters) > 0 {
		c := letters[0]
		letters = letters[1:]
		o := p.short(c)
		if o == nil {
			return &Error{Kind: UnknownShort, Word: string([]byte{c})}
		}
		given := Given{Option: o}
		switch {
		case o.Arg == NoArg:
		case letters != "":
			given.Arg, given.HasArg = letters, true
			letters = ""
		case o.Arg == RequiredArg:
			if !p.nextWord(&given) {
				return &Error{Kind: ShortNeedsArg, Word: string([]byte{c}), Option: o}
			}
		}
		p.out.Options = append(p.out.Options, given)
	}
	return nil
}

func (p *parser) short(c byte) *Option {
	for i := range p.table {
		if p.table[i].Short == c && c != 0 {
			return &p.table[i]
		}
	}
	return nil
}

// nextWord makes the next word the argument of an option.
func (p *parser) nextWord(g *Given) bool {
	if len(p.rest) == 0 {
		return false
	}
	g.Arg, g.HasArg = p.rest[0], true
	p.rest = p.rest[1:]
	return true
}

// long reads a word that began with two dashes.
func (p *parser) long(word string) error {
	name, arg, hasArg := strings.Cut(word, "=")
	m, err := p.find(name, word)
	if err != nil {
		return err
	}
	given := Given{Option: m.option, Arg: arg, HasArg: hasArg, Negated: m.negated}
	switch kind := m.arg(); {
	case kind == NoArg && hasArg:
		return &Error{Kind: TakesNoArg, Word: m.name(), Option: m.option}
	case kind == RequiredArg && !hasArg:
		if !p.nextWord(&given) {
			return &Error{Kind: NeedsArg, Word: m.name(), Option: m.option}
		}
	}
	p.out.Options = append(p.out.Options, given)
	return nil
}

// match is a long option under one of its names.
type match struct {
	option  *Option
	negated bool
}

func (m match) name() string {
	if m.negated {
		return "no-" + m.option.Long
	}
	return m.option.Long
}

func (m match) arg() ArgKind {
	if m.negated {
		return NoArg
	}
	return m.option.Arg
}

// find returns the option that name stands for: its own, or the only one that
// begins so.
func (p *parser) find(name, word string) (match, error) {
	var begin []match
	for i := range p.table {
		o := &p.table[i]
		if o.Long == "" {
			continue
		}
		for _, m := range [2]match{{o, false}, {o, true}} {
			switch full := m.name(); {
			case m.negated && (!p.Negation || o.NoNegation):
			case full == name:
				return m, nil
			case strings.HasPrefix(full, name):
				begin = append(begin, m)
			}
		}
	}
	switch len(begin) {
	case 0:
		return match{}, &Error{Kind: UnknownLong, Word: word}
	case 1:
		return begin[0], nil
	}
	err := &Error{Kind: Ambiguous, Word: word}
	for _, m := range begin {
		err.Candidates = append(err.Candidates, m.name())
	}
	return match{}, err
}
