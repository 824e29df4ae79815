// Package escape makes text from outside fit to be shown: names of types,
// modules and files are whatever a file says.
package escape

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Terminal writes out what would move a terminal's cursor or turn the line
// around, and what is invisible or no text at all, as Go does it (\x1b, \u202e).
// Names that a kernel takes have nothing of the kind.
func Terminal(s string) string {
	if plainStart(s) == len(s) {
		return s
	}
	return string(Append(nil, []byte(s)))
}

// Append appends text to b as [Terminal] makes it.
func Append(b, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch plain := plainStart(text); {
		case plain > 0:
			b, n = append(b, text[:plain]...), plain
		case r == utf8.RuneError && n == 1, r < utf8.RuneSelf && !unicode.IsPrint(r):
			b = fmt.Appendf(b, `\x%02x`, text[0])
		case unicode.IsPrint(r):
			b = append(b, text[:n]...)
		case r > 0xffff:
			b = fmt.Appendf(b, `\U%08x`, r)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
		text = text[n:]
	}
	return b
}

// plainStart returns how many bytes text begins with that are escaped nowhere; in
// kernels they are all of it.
func plainStart[T string | []byte](text T) int {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return i
		}
	}
	return len(text)
}
