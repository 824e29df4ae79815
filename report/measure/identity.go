package measure

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// When are types of two modules the same, whose ids have nothing to do with each
// other, and which may have been measured on two machines? When they look the
// same and what they refer to is the same, cycles included:
//
//	struct a { struct b *next; };    // in two modules, which are the same
//	struct b { struct a *prev; };    // if the struct b's are
//
// So a type's identity is a digest of what it looks like and of the identities
// of what it refers to. Types that reach each other (a strongly connected
// component of the graph) wait for each other; these are coloured in rounds:
//
//  0. A type's colour is what it looks like, references left out.
//  1. In each further round it is a digest of what it looks like and of the
//     colours, in the round before, of what it refers to; outside the component
//     of identities.
//  2. When a round makes no more colours than the one before, types of one
//     colour are the same (Moore's minimisation of automata).
//  3. The digest of all pairs of a type's last two colours describes the
//     component, and with it the colour becomes an identity. Without it a colour
//     would only tell types apart as far as the rounds have come.
//
// The work is the size of a component times its rounds, which maxRounds bounds.
//
// What it does not do: an array's index type does not count, as in splitdedup.

// Identity says what a type means, by what it is itself and all that it refers
// to. Types of equal identity are the same type, whatever file they are in.
// The zero value is void's.
type Identity [12]byte

func (id Identity) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

func (id Identity) compare(other Identity) int { return bytes.Compare(id[:], other[:]) }

// MarshalText is String.
func (id Identity) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, id[:]), nil
}

// UnmarshalText reads what MarshalText writes.
func (id *Identity) UnmarshalText(text []byte) error {
	if len(text) != base64.RawURLEncoding.EncodedLen(len(id)) {
		return fmt.Errorf("%q is no type's identity", text)
	}
	_, err := base64.RawURLEncoding.Decode(id[:], text)
	return err
}

// Identify returns the identities of b's own types, Types.Rows[i]'s at i. base
// has those of its base by id, nil without one.
func Identify(b *btf.BTF, base []Identity) []Identity {
	g := &identifier{b: b, base: base, own: make([]Identity, len(b.Types.Rows)), looks: make([]Identity, len(b.Types.Rows))}
	for i := range b.Types.Rows {
		g.looks[i] = g.look(b.Start + btf.ID(i))
	}
	for _, component := range components(g) {
		g.identify(component)
	}
	if b.Start == 0 {
		g.own[0] = Identity{}
	}
	return g.own
}

// identifier is the state of Identify. Slices are by own index.
type identifier struct {
	b     *btf.BTF
	base  []Identity
	own   []Identity // those that are known; within the component in work colours
	looks []Identity

	buf  []byte
	refs []btf.ID
}

// look digests what a type is, references left out.
func (g *identifier) look(id btf.ID) Identity {
	r := g.b.Row(id)
	shape := btf.Shapes[r.Info.Kind()]
	g.buf = binary.LittleEndian.AppendUint32(g.buf[:0], uint32(r.Info))
	g.name(uint32(r.Name))
	if !shape.TypeIsRef {
		g.word(r.Type)
	}
	if !shape.HasItems {
		g.word(r.Aux)
		return g.digest()
	}
	for _, it := range g.b.ItemsOf(id) {
		switch {
		case shape.ItemNameStr:
			g.name(it.Name)
		case !shape.ItemNameRef:
			g.word(it.Name)
		}
		if !shape.ItemTypeRef {
			g.word(it.Type)
		}
		g.word(it.Val)
	}
	return g.digest()
}

func (g *identifier) word(v uint32) { g.buf = binary.LittleEndian.AppendUint32(g.buf, v) }

func (g *identifier) name(off uint32) {
	s, _ := g.b.Str(btf.StrOff(off))
	g.buf = append(append(g.buf, s...), 0)
}

func (g *identifier) digest() (id Identity) {
	sum := sha256.Sum256(g.buf)
	copy(id[:], sum[:])
	return id
}

// refsOf returns the types that id refers to, in order; valid until the next
// call.
func (g *identifier) refsOf(id btf.ID) []btf.ID {
	r := g.b.Row(id)
	shape := btf.Shapes[r.Info.Kind()]
	g.refs = g.refs[:0]
	if shape.TypeIsRef {
		g.refs = append(g.refs, btf.ID(r.Type))
	}
	if shape.ItemTypeRef {
		for _, it := range g.b.ItemsOf(id) {
			g.refs = append(g.refs, btf.ID(it.Type))
		}
	}
	return g.refs
}

// of returns the identity, or the colour, of a type.
func (g *identifier) of(id btf.ID) Identity {
	if id < g.b.Start {
		return g.base[id]
	}
	return g.own[id-g.b.Start]
}

// colour returns the next colour of a type.
func (g *identifier) colour(id btf.ID) Identity {
	g.buf = append(g.buf[:0], g.looks[id-g.b.Start][:]...)
	for _, ref := range g.refsOf(id) {
		c := g.of(ref)
		g.buf = append(g.buf, c[:]...)
	}
	return g.digest()
}

// maxRounds bounds the rounds of a component, which a file could make as many as
// its types: then types are told apart by what is within so many references, and
// by their component as a whole. The largest component of a kernel, 4,486 types,
// takes 5.
const maxRounds = 256

// identify gives the types of a component their identities. What they refer to
// outside of it has its own.
func (g *identifier) identify(component []btf.ID) {
	if len(component) == 1 && !slices.Contains(g.refsOf(component[0]), component[0]) {
		g.own[component[0]-g.b.Start] = g.colour(component[0])
		return
	}
	for _, id := range component {
		g.own[id-g.b.Start] = g.looks[id-g.b.Start]
	}
	pairs := make([][2]Identity, len(component)) // last colour and the one before
	for colours, round := 0, 0; round < maxRounds; round++ {
		for i, id := range component {
			pairs[i] = [2]Identity{g.colour(id), g.of(id)}
		}
		for i, id := range component {
			g.own[id-g.b.Start] = pairs[i][0]
		}
		slices.SortFunc(pairs, comparePairs)
		n := countColours(pairs)
		if n == colours {
			break
		}
		colours = n
	}
	g.buf = g.buf[:0]
	for _, p := range slices.Compact(pairs) {
		g.buf = append(append(g.buf, p[0][:]...), p[1][:]...)
	}
	whole := g.digest()
	for _, id := range component {
		c := &g.own[id-g.b.Start]
		g.buf = append(append(g.buf[:0], c[:]...), whole[:]...)
		*c = g.digest()
	}
}

func comparePairs(a, b [2]Identity) int {
	return cmp.Or(a[0].compare(b[0]), a[1].compare(b[1]))
}

// countColours returns how many last colours there are in sorted pairs.
func countColours(pairs [][2]Identity) int {
	n := 0
	for i := range pairs {
		if i == 0 || pairs[i][0] != pairs[i-1][0] {
			n++
		}
	}
	return n
}
