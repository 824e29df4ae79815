package escape

import "strings"

// Markdown is Terminal for GitHub's Markdown: what that, or HTML, would read as
// markup, a link or a mention is escaped. The bar is not, which only tables have a
// meaning for: who writes one escapes it.
func Markdown(s string) string { return markup.Replace(Terminal(s)) }

var markup = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "&#64;", "://", "&#58;//", "www.", "www&#46;",
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "~", `\~`, "#", `\#`, "!", `\!`,
)
