package gnuopt

// The list of options for --help, in the form that GNU programs have:
//
//	  -j, --jobs[=N]             encode so many files at once
//	      --btf_base=FILE        BTF that the result stands on; a sentence that
//	                             does not fit is broken between words
//
// An option whose names reach into the second column has its sentence on the
// next line.

import "strings"

const (
	helpColumn = 29 // where sentences begin, from 0
	helpWidth  = 79 // of a line
)

// AppendHelp appends the list of the options of table that have help to b.
func AppendHelp(b []byte, table []Option) []byte {
	for i := range table {
		o := &table[i]
		if o.Help == "" {
			continue
		}
		left := o.names()
		b = append(b, left...)
		col := len(left)
		if col > helpColumn-2 {
			b, col = append(b, '\n'), 0
		}
		first := true
		for word := range strings.FieldsSeq(o.Help) {
			if !first && col+1+len(word) > helpWidth {
				b, col, first = append(b, '\n'), 0, true
			}
			pad := 1
			if first {
				pad = helpColumn - col
			}
			b = append(append(b, strings.Repeat(" ", pad)...), word...)
			col, first = col+pad+len(word), false
		}
		b = append(b, '\n')
	}
	return b
}

// names returns the first column.
func (o *Option) names() string {
	if o.Short == 0 {
		return "      " + o.String()
	}
	return "  " + o.String()
}

// String returns the option as help shows it: -j, --jobs[=N].
func (o *Option) String() string {
	s := ""
	if o.Short != 0 {
		s = "-" + string(rune(o.Short))
		if o.Long != "" {
			s += ", "
		}
	}
	if o.Long != "" {
		s += "--" + o.Long
	}
	switch {
	case o.Arg == NoArg:
	case o.Arg == OptionalArg:
		s += "[=" + o.ArgName + "]"
	case o.Long != "":
		s += "=" + o.ArgName
	default:
		s += " " + o.ArgName
	}
	return s
}
