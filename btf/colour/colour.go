// Package colour tells types of different BTFs apart by meaning.
//
// Two encoders number the same types differently, so types are compared by
// colours. A type's first colour is a hash of its own shape: kind, flags, name,
// sizes, member names and offsets. In each round its colour becomes a hash of
// that shape and of the colours of what it refers to:
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
// consumer reads it. Of a kind that this module does not know, only the info
// word and the name are.
package colour

import (
	"hash/maphash"
	"slices"
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Rounds is far more than a kernel needs: all types of Linux 6.12's vmlinux
// have colours of their own after 6. Two graphs of types that differ, at
// whatever distance, have types on the way that are told apart.
const Rounds = 64

// A Palette has the colours of BTFs that are to be compared with one another.
// Those of a base are found once and kept. It is safe for concurrent use.
type Palette struct {
	seed  maphash.Seed // no input can be prepared to have equal colours
	mu    sync.Mutex
	bases map[*btf.BTF]*base
}

// base is what is kept of a BTF that others stand on.
type base struct {
	once    sync.Once
	colours [Rounds + 1][]uint64 // by round and id - Start
	first   map[uint64]btf.ID    // by last colour, own types and void
}

// NewPalette returns a Palette that has seen nothing.
func NewPalette() *Palette {
	return &Palette{seed: maphash.MakeSeed(), bases: map[*btf.BTF]*base{}}
}

// Colours are those of the types of one BTF and its bases.
type Colours struct {
	// Own are those of the own types, of Types.Rows[i] at i.
	Own []uint64

	start btf.ID
	below []level // the bases, the nearest first
}

type level struct {
	start btf.ID
	*base
}

// Of returns the colours of b, which is not kept. What b stands on should be the
// same pointer for all that stand on it.
func (p *Palette) Of(b *btf.BTF) *Colours {
	c := &Colours{start: b.Start, below: p.below(b)}
	p.refine(b, c.below, func(round int, colours []uint64) {
		if round == Rounds {
			c.Own = colours
		}
	})
	return c
}

// Colour returns the colour of a type, the base's included.
func (c *Colours) Colour(id btf.ID) uint64 {
	if id >= c.start {
		return c.Own[id-c.start]
	}
	return c.inBase(Rounds, id)
}

// InBase returns the first type of a colour in the nearest base that has one, and
// whether there is one.
func (c *Colours) InBase(colour uint64) (btf.ID, bool) {
	for _, l := range c.below {
		if id, ok := l.first[colour]; ok {
			return id, true
		}
	}
	return 0, false
}

// inBase returns the colour of a base's type in a round.
func (c *Colours) inBase(round int, id btf.ID) uint64 {
	for _, l := range c.below {
		if id >= l.start {
			return l.colours[round][id-l.start]
		}
	}
	return 0 // no such type
}

// First returns the first own type of each colour.
func (c *Colours) First() map[uint64]btf.ID { return firstOf(c.Own, c.start) }

// firstOf returns the first id of each colour, those of ids from start on.
func firstOf(colours []uint64, start btf.ID) map[uint64]btf.ID {
	first := make(map[uint64]btf.ID, len(colours))
	for i, c := range colours {
		if _, known := first[c]; !known {
			first[c] = start + btf.ID(i)
		}
	}
	return first
}

func (p *Palette) below(b *btf.BTF) []level {
	var below []level
	for s := b.Base; s != nil; s = s.Base {
		below = append(below, level{s.Start, p.base(s)})
	}
	return below
}

// base returns what is kept of b.
func (p *Palette) base(b *btf.BTF) *base {
	p.mu.Lock()
	k := p.bases[b]
	if k == nil {
		k = new(base)
		p.bases[b] = k
	}
	p.mu.Unlock()
	k.once.Do(func() {
		p.refine(b, p.below(b), func(round int, colours []uint64) { k.colours[round] = slices.Clone(colours) })
		k.first = firstOf(k.colours[Rounds], b.Start)
	})
	return k
}

// refine gives the colours of b's rows after each round to keep, which may
// hold them until the next call, and those of the last one for good.
func (p *Palette) refine(b *btf.BTF, below []level, keep func(round int, colours []uint64)) {
	g := p.graph(b, below)
	cur, next := slices.Clone(g.shapes), make([]uint64, len(g.shapes))
	for round := 0; ; round++ {
		keep(round, cur)
		if round == Rounds {
			return
		}
		g.step(round, cur, next)
		cur, next = next, cur
	}
}

// graph is b's own types as the rounds need them.
type graph struct {
	Colours          // of the bases
	shapes  []uint64 // hash of what is not a reference, by row
	first   []uint32 // first[i]:first[i+1] are row i's refs
	refs    []btf.ID
}

func (p *Palette) graph(b *btf.BTF, below []level) *graph {
	g := &graph{Colours: Colours{start: b.Start, below: below}}
	for i := range b.Types.Rows {
		row := &b.Types.Rows[i]
		g.first = append(g.first, uint32(len(g.refs)))
		g.shapes = append(g.shapes, p.shape(b, row))
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
			} else {
				c = mix(c, g.inBase(round, ref))
			}
		}
		next[i] = c
	}
}

// shape hashes what a row says without what it refers to.
func (p *Palette) shape(b *btf.BTF, row *btf.Row) uint64 {
	name := func(off uint32) uint64 {
		s, _ := b.Str(btf.StrOff(off))
		return maphash.Bytes(p.seed, s)
	}
	s := btf.Shapes[row.Info.Kind()]
	c := mix(uint64(row.Info), name(uint32(row.Name)))
	if !s.TypeIsRef {
		c = mix(c, uint64(row.Type))
	}
	switch row.Info.Kind() {
	case btf.KindInt, btf.KindVar, btf.KindDeclTag, btf.KindVoid: // the last are types of unknown kinds
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
