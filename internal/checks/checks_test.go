package checks

import (
	"strings"
	"testing"
)

func TestTally(t *testing.T) {
	var out strings.Builder
	c := Tally{To: &out}
	c.Check(true, "%d of 2", 1)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	c.Note("a figure")
	c.Check(false, "bad")
	if err := c.Close(); err == nil {
		t.Error("no error for a failed check")
	}
	const want = "ok   1 of 2\n1 passed, 0 failed\n     a figure\nFAIL bad\n1 passed, 1 failed\n"
	if out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
}
