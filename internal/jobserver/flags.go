package jobserver

import (
	"strconv"
	"strings"
)

// flags are what MAKEFLAGS says of jobs.
type flags struct {
	jobs int    // of -jN, 0 for -j or none
	auth string // "" for no jobserver
}

// parse reads MAKEFLAGS. Its first word can be a cluster of short options
// without a dash, none of which is -j. Behind -- there are variables, whose
// values may look like anything. As in make, the last of several options counts,
// and people who set MAKEFLAGS may write -j N, too.
func parse(makeflags string) (f flags) {
	all := append(words(makeflags), "")
	for i, word := range all[:len(all)-1] {
		if word == "--" {
			break
		}
		name, value, _ := strings.Cut(word, "=")
		switch {
		case name == "--jobserver-auth", name == "--jobserver-fds":
			f.auth = value
		case word == "-j", word == "--jobs":
			f.jobs = number(all[i+1])
		case name == "--jobs":
			f.jobs = number(value)
		case strings.HasPrefix(word, "-j"):
			f.jobs = number(word[len("-j"):])
		}
	}
	return f
}

// number returns a number of jobs, 0 for none.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0
	}
	return n
}

// words splits MAKEFLAGS. A backslash takes the next character as it is.
func words(s string) (all []string) {
	var word strings.Builder
	begun, quoted := false, false
	for _, c := range s {
		switch {
		case !quoted && c == '\\':
			quoted, begun = true, true
		case !quoted && (c == ' ' || c == '\t'):
			if begun {
				all = append(all, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			quoted, begun = false, true
		}
	}
	if begun {
		all = append(all, word.String())
	}
	return all
}
