// Package checks counts what a command that tests others has checked, and
// prints it: a line for each check, figures between them, and a line that
// counts.
//
//	ok   1138 modules encoded
//	     6.1s wall, 80 MiB
//	FAIL a second run touches no file
//	1 passed, 1 failed
package checks

import (
	"fmt"
	"io"
	"os"
)

// Tally counts checks. The zero value prints to standard output.
type Tally struct {
	Passed, Failed int

	// To is where lines go, nil for standard output.
	To io.Writer
}

func (t *Tally) print(format string, a ...any) {
	to := t.To
	if to == nil {
		to = os.Stdout
	}
	fmt.Fprintf(to, format, a...)
}

// Check prints what was checked and counts it.
func (t *Tally) Check(ok bool, format string, a ...any) {
	verdict := "ok  "
	if ok {
		t.Passed++
	} else {
		verdict = "FAIL"
		t.Failed++
	}
	t.print("%s %s\n", verdict, fmt.Sprintf(format, a...))
}

// Note prints a figure that nothing depends on.
func (t *Tally) Note(format string, a ...any) {
	t.print("     %s\n", fmt.Sprintf(format, a...))
}

// Close prints the closing line; the error is for failed checks.
func (t *Tally) Close() error {
	t.print("%d passed, %d failed\n", t.Passed, t.Failed)
	if t.Failed > 0 {
		return fmt.Errorf("%d of %d checks failed", t.Failed, t.Passed+t.Failed)
	}
	return nil
}
