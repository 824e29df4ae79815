package btftest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btf/colour"
)

// A Referee compares BTFs. The colours of a base are found once and kept. It
// is safe for concurrent use.
type Referee struct{ palette *colour.Palette }

// NewReferee returns a Referee that has seen nothing.
func NewReferee() *Referee { return &Referee{colour.NewPalette()} }

// Diff is what two BTFs differ in. A type is given as the line that [btf.Dump]
// has of it.
type Diff struct {
	Missing   []string // in want, but neither in got nor in its base
	Extra     []string // in got, but neither in want nor in its base
	Dup       []string // in got, where an earlier own type is the same
	DupInBase []string // in got, where a type of its base is the same
}

// KindAndName returns the kind and the name in a line of a Diff, which is
// "[7] FUNC 'f' type_id=6 linkage=static".
func KindAndName(line string) (kind, name string) {
	_, line, _ = strings.Cut(line, "] ")
	kind, line, _ = strings.Cut(line, " '")
	name, _, _ = strings.Cut(line, "'")
	return kind, name
}

// Empty reports whether got is all of want, nothing else, and nothing twice.
func (d Diff) Empty() bool {
	return len(d.Missing)+len(d.Extra)+len(d.Dup)+len(d.DupInBase) == 0
}

// String gives the four numbers and the first types of each kind.
func (d Diff) String() string {
	var w strings.Builder
	fmt.Fprintf(&w, "missing=%d extra=%d dup=%d dup_in_base=%d", len(d.Missing), len(d.Extra), len(d.Dup), len(d.DupInBase))
	for _, l := range []struct {
		head  string
		types []string
	}{{"missing", d.Missing}, {"extra", d.Extra}, {"dup", d.Dup}, {"dup in base", d.DupInBase}} {
		for i, s := range l.types {
			if i == 20 {
				fmt.Fprintf(&w, "\n%s: %d more", l.head, len(l.types)-i)
				break
			}
			fmt.Fprintf(&w, "\n%s: %s", l.head, s)
		}
	}
	return w.String()
}

// Compare compares by meaning. The two may stand on different bases.
func Compare(want, got *btf.BTF) Diff { return NewReferee().Compare(want, got) }

// Compare compares by meaning. The two may stand on different bases; of one
// base it is best the same pointer.
func (r *Referee) Compare(want, got *btf.BTF) Diff {
	wantColours, gotColours := r.palette.Of(want), r.palette.Of(got)
	w, g := wantColours.Own[want.First()-want.Start:], gotColours.Own[got.First()-got.Start:]
	inWant, inGot := wantColours.First(), make(map[uint64]bool, len(g))
	var d Diff
	for i, c := range g {
		id := got.First() + btf.ID(i)
		_, below := gotColours.InBase(c)
		dup := inGot[c]
		if dup {
			d.Dup = append(d.Dup, line(got, id))
		}
		if below {
			d.DupInBase = append(d.DupInBase, line(got, id))
		}
		if _, wanted := inWant[c]; !dup && !below && !wanted {
			d.Extra = append(d.Extra, line(got, id))
		}
		inGot[c] = true
	}
	for i, c := range w {
		if _, below := gotColours.InBase(c); !inGot[c] && !below {
			d.Missing = append(d.Missing, line(want, want.First()+btf.ID(i)))
			inGot[c] = true
		}
	}
	return d
}

// line is the first line of a type's dump.
func line(b *btf.BTF, id btf.ID) string {
	var w strings.Builder
	if err := btf.DumpTypes(&w, b, slices.Values([]btf.ID{id})); err != nil {
		return err.Error()
	}
	s, _, _ := strings.Cut(w.String(), "\n")
	return s
}
