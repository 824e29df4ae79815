package manpage

import (
	"strings"
	"testing"
)

func page(prose string) *Page {
	return &Page{
		Name:     "prog do it",
		Short:    "Do it",
		Synopsis: []string{"prog do it [-o FILE] TREE...", "prog do it --version"},
		Text:     "Does what -o says to\neach TREE of X-FILE, not to\n.hidden.\n\nThe exit status is 0.\n\n'Tis all, \\ and ~.",
		Options:  []Entry{{"-o, --output FILE", "write to FILE (default what TREE says)"}, {"--sort", "sort"}},
		Examples: "  prog do it\n  .prog",
		Prose:    prose,
		SeeAlso:  []string{"prog(1)", "ls-all(8)"},
	}
}

func TestWrite(t *testing.T) {
	got, err := page(".\\\" a comment\n.\\\" --sort\nIn order\nof size.\n.SH NOTES\nNone.\n").Write()
	if err != nil {
		t.Fatal(err)
	}
	_, got, _ = strings.Cut(got, ".TH")
	want := ` PROG\-DO\-IT 1 "" "gobtfenc" "User Commands"
.SH NAME
prog\-do\-it \- Do it
.SH SYNOPSIS
\fBprog\fR \fBdo\fR \fBit\fR [\fB\-o\fR \fIFILE\fR] \fITREE\fR...
.br
\fBprog\fR \fBdo\fR \fBit\fR \fB\-\-version\fR
.SH DESCRIPTION
Does what \fB\-o\fR says to
each \fITREE\fR of X\-\fIFILE\fR, not to
\&.hidden.
.PP
\(aqTis all, \e and \(ti.
.SH OPTIONS
.TP
\fB\-o\fR, \fB\-\-output\fR \fIFILE\fR
Write to \fIFILE\fR.
The default is what \fITREE\fR says.
.TP
\fB\-\-sort\fR
Sort.
In order
of size.
.SH NOTES
None.
.SH EXIT STATUS
The exit status is 0.
.SH EXAMPLES
.EX
prog do it
\&.prog
.EE
.SH SEE ALSO
.BR prog (1),
.BR ls\-all (8)
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestProse(t *testing.T) {
	for _, c := range []struct{ prose, want string }{
		{".\\\" --sorted\nText.\n", "prog do it has no option --sorted"},
		{".\\\" --sort\nText.\n.\\\" --sort\n", "prog do it: option --sort is there twice"},
		{"Text.\n", `prog do it: text of no option: "Text.\n"`},
	} {
		if _, err := page(c.prose).Write(); err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %s", c.prose, err, c.want)
		}
	}
}
