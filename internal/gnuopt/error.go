package gnuopt

import "fmt"

// ErrorKind is what is wrong with a command line.
type ErrorKind int

const (
	UnknownShort ErrorKind = iota
	UnknownLong
	Ambiguous     // the beginning of several long options
	ShortNeedsArg // nothing follows
	NeedsArg      // nothing follows a long option
	TakesNoArg    // a long option that has =
)

// Error is a mistake in a command line. Error returns it in glibc's words;
// a command with words of its own makes them of the fields.
type Error struct {
	Kind ErrorKind

	// Word is the letter of a short option; the name of a long one without
	// dashes, in full where the option is known, else as given with all that
	// followed.
	Word string

	Option     *Option  // nil for one that is not known
	Candidates []string // for Ambiguous, names in the table's order
}

func (e *Error) Error() string {
	switch e.Kind {
	case UnknownShort:
		return fmt.Sprintf("invalid option -- '%s'", e.Word)
	case ShortNeedsArg:
		return fmt.Sprintf("option requires an argument -- '%s'", e.Word)
	case NeedsArg:
		return fmt.Sprintf("option '--%s' requires an argument", e.Word)
	case TakesNoArg:
		return fmt.Sprintf("option '--%s' doesn't allow an argument", e.Word)
	case Ambiguous:
		s := fmt.Sprintf("option '--%s' is ambiguous; possibilities:", e.Word)
		for _, c := range e.Candidates {
			s += fmt.Sprintf(" '--%s'", c)
		}
		return s
	}
	return fmt.Sprintf("unrecognized option '--%s'", e.Word)
}
