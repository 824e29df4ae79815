package escape_test

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/internal/escape"
)

func TestMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"sk_buff":                 "sk\\_buff",
		"struct list_head *":      "struct list\\_head \\*",
		"<script>alert(1)":        "&lt;script&gt;alert(1)",
		"![x](https://x.example)": `\!\[x\](https&#58;//x.example)`,
		"@someone www.x.example":  "&#64;someone www&#46;x.example",
		"a|b\nc":                  `a|b\\x0ac`,
	} {
		if got := escape.Markdown(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
