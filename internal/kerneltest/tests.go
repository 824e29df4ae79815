package main

import "fmt"

// tests counts checks.
type tests struct{ passed, failed int }

// check prints what was checked and counts it.
func (t *tests) check(ok bool, format string, a ...any) {
	verdict := "ok  "
	if ok {
		t.passed++
	} else {
		verdict = "FAIL"
		t.failed++
	}
	fmt.Printf("%s %s\n", verdict, fmt.Sprintf(format, a...))
}

// note prints a figure that nothing depends on.
func (t *tests) note(format string, a ...any) {
	fmt.Printf("     %s\n", fmt.Sprintf(format, a...))
}

// close prints the closing line; the error is for failed checks.
func (t *tests) close() error {
	fmt.Printf("%d passed, %d failed\n", t.passed, t.failed)
	if t.failed > 0 {
		return fmt.Errorf("%d of %d checks failed", t.failed, t.passed+t.failed)
	}
	return nil
}
