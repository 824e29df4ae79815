package btftest

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Two encoders number the same types differently, so BTFs are compared by
// colours. A type's first colour is a hash of its own shape: kind, flags,
// name, sizes, member names and offsets. In each round its colour becomes a
// hash of that shape and of the colours of what it refers to:
//
//	round 0   list: STRUCT list     item: STRUCT item     the two PTRs alike
//	round 1   (members are PTRs)                          PTR list | PTR item
//	round 2   a struct of a PTR list | a struct of a PTR item
//
// Types that no round tells apart are the same, cycles included, because a
// cycle is never entered: equal until shown different. The number of rounds is
// how far a difference can be from a type that it tells apart. It is a
// constant because colours of different BTFs compare only after equally many.
//
// An array's index type is not compared: compilers differ in it and no
// consumer reads it.

// rounds is far more than a kernel needs: all types of Linux 6.12's vmlinux
// have colours of their own after 6.
const rounds = 96

// A Referee compares BTFs. The colours of a base are found once and kept. It
// is safe for concurrent use.
type Referee struct {
	seed  maphash.Seed
	mu    sync.Mutex
	bases map[*btf.BTF]*base
}

// base is what a Referee keeps of a BTF that others stand on.
type base struct {
	once    sync.Once
	colours [rounds + 1][]uint64 // by round and id - Start
	set     map[uint64]bool      // last round, own types and void
}

// NewReferee returns a Referee that has seen nothing.
func NewReferee() *Referee {
	return &Referee{seed: maphash.MakeSeed(), bases: map[*btf.BTF]*base{}}
}

// Diff is what two BTFs differ in. A type is given as the line that [btf.Dump]
// has of it.
type Diff struct {
	Missing   []string // in want, but neither in got nor in its base
	Extra     []string // in got, but neither in want nor in its base
	Dup       []string // in got, where an earlier own type is the same
	DupInBase []string // in got, where a type of its base is the same
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
	w, g := r.last(want), r.last(got)
	inWant, inGot := colourSet(w), make(map[uint64]bool, len(g))
	var d Diff
	for i, c := range g {
		id := got.First() + btf.ID(i)
		dup, below := inGot[c], r.inBase(got, c)
		if dup {
			d.Dup = append(d.Dup, line(got, id))
		}
		if below {
			d.DupInBase = append(d.DupInBase, line(got, id))
		}
		if !dup && !below && !inWant[c] {
			d.Extra = append(d.Extra, line(got, id))
		}
		inGot[c] = true
	}
	for i, c := range w {
		if !inGot[c] && !r.inBase(got, c) {
			d.Missing = append(d.Missing, line(want, want.First()+btf.ID(i)))
			inGot[c] = true
		}
	}
	return d
}

func colourSet(colours []uint64) map[uint64]bool {
	set := make(map[uint64]bool, len(colours))
	for _, c := range colours {
		set[c] = true
	}
	return set
}

// inBase reports whether a type of b's bases has colour c.
func (r *Referee) inBase(b *btf.BTF, c uint64) bool {
	for b = b.Base; b != nil; b = b.Base {
		if r.base(b).set[c] {
			return true
		}
	}
	return false
}

// line is the first line of a type's dump.
func line(b *btf.BTF, id btf.ID) string {
	var w strings.Builder
	if err := btf.DumpType(&w, b, id); err != nil {
		return err.Error()
	}
	s, _, _ := strings.Cut(w.String(), "\n")
	return s
}

// last returns the last colours of b's own types, from b.First() on.
func (r *Referee) last(b *btf.BTF) []uint64 {
	var all []uint64
	r.refine(b, func(round int, colours []uint64) {
		if round == rounds {
			all = colours
		}
	})
	return all[b.First()-b.Start:]
}

// base returns what is kept of b.
func (r *Referee) base(b *btf.BTF) *base {
	r.mu.Lock()
	k := r.bases[b]
	if k == nil {
		k = new(base)
		r.bases[b] = k
	}
	r.mu.Unlock()
	k.once.Do(func() {
		r.refine(b, func(round int, colours []uint64) { k.colours[round] = slices.Clone(colours) })
		k.set = colourSet(k.colours[rounds])
	})
	return k
}

// refine gives the colours of b's rows after each round to keep, which may
// hold them until the next call.
func (r *Referee) refine(b *btf.BTF, keep func(round int, colours []uint64)) {
	g := r.graph(b)
	cur, next := slices.Clone(g.shapes), make([]uint64, len(g.shapes))
	for round := 0; ; round++ {
		keep(round, cur)
		if round == rounds {
			return
		}
		g.step(round, cur, next)
		cur, next = next, cur
	}
}

// graph is b's own types as the rounds need them.
type graph struct {
	start  btf.ID
	shapes []uint64 // hash of what is not a reference, by row
	first  []uint32 // first[i]:first[i+1] are row i's refs
	refs   []btf.ID
	below  []level // the bases, the nearest first
}

type level struct {
	start btf.ID
	*base
}

func (r *Referee) graph(b *btf.BTF) *graph {
	g := &graph{start: b.Start}
	for s := b.Base; s != nil; s = s.Base {
		g.below = append(g.below, level{s.Start, r.base(s)})
	}
	for i := range b.Types.Rows {
		row := &b.Types.Rows[i]
		g.first = append(g.first, uint32(len(g.refs)))
		g.shapes = append(g.shapes, r.shape(b, row))
		s := btf.Shapes[row.Info.Kind()]
		if s.TypeIsRef {
			g.refs = append(g.refs, btf.ID(row.Type))
		}
		if s.ItemTypeRef {
			for _, m := range b.Types.ItemsOf(row) {
				g.refs = append(g.refs, btf.ID(m.Type))
			}
		}
	}
	g.first = append(g.first, uint32(len(g.refs)))
	return g
}

// step computes the next colours of every row from the current ones.
func (g *graph) step(round int, cur, next []uint64) {
	for i, c := range g.shapes {
		for _, ref := range g.refs[g.first[i]:g.first[i+1]] {
			if ref >= g.start {
				c = mix(c, cur[ref-g.start])
				continue
			}
			for _, l := range g.below {
				if ref >= l.start {
					c = mix(c, l.colours[round][ref-l.start])
					break
				}
			}
		}
		next[i] = c
	}
}

// shape hashes what a row says without what it refers to.
func (r *Referee) shape(b *btf.BTF, row *btf.Row) uint64 {
	name := func(off uint32) uint64 {
		s, _ := b.Str(btf.StrOff(off))
		return maphash.Bytes(r.seed, s)
	}
	s := btf.Shapes[row.Info.Kind()]
	c := mix(uint64(row.Info), name(uint32(row.Name)))
	if !s.TypeIsRef {
		c = mix(c, uint64(row.Type))
	}
	switch row.Info.Kind() {
	case btf.KindInt, btf.KindVar, btf.KindDeclTag:
		c = mix(c, uint64(row.Aux))
	}
	for _, m := range b.Types.ItemsOf(row) {
		c = mix(c, uint64(m.Val))
		switch {
		case s.ItemNameStr:
			c = mix(c, name(m.Name))
		case !s.ItemNameRef:
			c = mix(c, uint64(m.Name))
		}
		if !s.ItemTypeRef {
			c = mix(c, uint64(m.Type))
		}
	}
	return c
}

// mix folds v into c so that order counts.
func mix(c, v uint64) uint64 {
	c = c*0x9fb21c651e98df25 + v
	c ^= c >> 32
	c *= 0xd6e8feb86659fd93
	return c ^ c>>32
}
