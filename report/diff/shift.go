package diff

import "fmt"

// shift is members or enumerators in a row that have moved by equally much,
// because of one that is new or gone before them: they make one detail.
type shift struct {
	what        string // one of them
	n           int
	first, last string
	by          uint64 // modulo 2^64
	old, new    string // where the first one was and is
}

// add goes on with one that is the same but for where it is, and may be that, too.
func (s *shift) add(d *detailer, name string, by uint64, old, new string) {
	if s.n > 0 && s.by != by {
		s.end(d)
	}
	if by == 0 {
		return
	}
	if s.n == 0 {
		s.first, s.by, s.old, s.new = name, by, old, new
	}
	s.n++
	s.last = name
}

// end tells of what has been gathered.
func (s *shift) end(d *detailer) {
	switch {
	case s.n == 1:
		d.add(s.what+" "+s.first, s.old, s.new)
	case s.n > 1:
		d.add(fmt.Sprintf("%d %ss, %s to %s", s.n, s.what, s.first, s.last), s.old, s.new)
	}
	s.n = 0
}
