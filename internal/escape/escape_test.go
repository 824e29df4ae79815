package escape_test

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/internal/escape"
)

func TestTerminal(t *testing.T) {
	for in, want := range map[string]string{
		"sk_buff":           "sk_buff",
		"größe":             "größe",
		"a\x1b[2Jb":         `a\u001b[2Jb`,
		"a\nb\tc":           `a\u000ab\u0009c`,
		"\xff\u202eabc\x7f": `\xff\u202eabc\u007f`,
		"\ufffd":            "\ufffd",
	} {
		if got := escape.Terminal(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
