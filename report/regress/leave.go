package regress

import (
	"fmt"
	"path"
	"strings"
)

// Leave is a pattern of what may be worse: "struct cfg", "function dev_*",
// "drivers/net/*:grown", with the wildcards of a shell. Without a module in front
// it is for every module; a module is named by its path or by its last element.
type Leave struct {
	module string // empty: any
	what   string
}

// ParseLeave reads a pattern.
func ParseLeave(s string) (Leave, error) {
	l := Leave{what: s}
	if module, what, ok := strings.Cut(s, ":"); ok {
		l = Leave{module, what}
	}
	for _, p := range []string{l.module, l.what} {
		if _, err := path.Match(p, ""); err != nil {
			return Leave{}, fmt.Errorf("%q: %w", s, err)
		}
	}
	if l.what == "" {
		return Leave{}, fmt.Errorf("%q: says nothing of what may be worse", s)
	}
	return l, nil
}

// covers reports whether f has leave.
func (l Leave) covers(f *Finding) bool {
	return (l.module == "" || matches(l.module, f.Module) || matches(l.module, path.Base(f.Module))) &&
		(matches(l.what, f.What) || matches(l.what, string(f.Rule)))
}

func matches(pattern, s string) bool {
	ok, err := path.Match(pattern, s)
	return ok && err == nil
}
