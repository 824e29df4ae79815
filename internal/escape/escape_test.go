package escape_test

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/internal/escape"
)

func TestTerminal(t *testing.T) {
	for name, want := range map[string]string{
		"task_struct": "task_struct",
		"\x1b[2J":     `\x1b[2J`,
		"a\r\nb\x7f":  `a\x0d\x0ab\x7f`,
		"\u009b1m":    `\u009b1m`,
		"\u202egpj":   `\u202egpj`,
		"\U000e0041":  `\U000e0041`,
		"\xff\xfe":    `\xff\xfe`,
		"\ufffd":      "\ufffd",
		"größe":       "größe",
		`say "x\y"`:   `say "x\y"`,
	} {
		if got := escape.Terminal(name); got != want {
			t.Errorf("%q is shown as %s, want %s", name, got, want)
		}
		if got := string(escape.Append([]byte("> "), []byte(name))); got != "> "+want {
			t.Errorf("%q is shown as %s, want > %s", name, got, want)
		}
	}
}
