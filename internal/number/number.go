// Package number writes numbers for people.
package number

import "strconv"

// Grouped writes n with commas: 9,668,112.
func Grouped[N int | int64 | uint64](n N) string {
	if n < 0 {
		return "-" + grouped(-uint64(n))
	}
	return grouped(uint64(n))
}

func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural writes how many there are of something: 1 module, 1,138 modules.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Grouped(n) + " " + many
}
