package btf

import (
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// appendJSON appends a name as a string of JSON, with escapes for all that
// [escape.Append] escapes. What is not UTF-8 becomes the replacement character,
// for JSON has no way to say it.
func appendJSON(b, name []byte) []byte {
	b = append(b, '"')
	for len(name) > 0 {
		r, n := utf8.DecodeRune(name)
		switch {
		case r == '"', r == '\\':
			b = append(b, '\\', byte(r))
		case r == utf8.RuneError && n == 1:
			b = append(b, `\ufffd`...)
		case unicode.IsPrint(r):
			b = append(b, name[:n]...)
		default:
			for _, u := range utf16.AppendRune(nil, r) {
				b = fmt.Appendf(b, `\u%04x`, u)
			}
		}
		name = name[n:]
	}
	return append(b, '"')
}
