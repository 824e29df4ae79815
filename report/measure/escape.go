package measure

import (
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/escape"
)

// Names of types, modules and files are whatever a file says. What is written
// for people or programs must not be taken for more than a name.

// csvCell keeps a spreadsheet from taking a cell for a formula: one that begins
// as formulas do gets an apostrophe in front (OWASP, CSV injection).
func csvCell(s string) string {
	s = escape.Terminal(s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}
