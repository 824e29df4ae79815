package diff

import (
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Why is a type of a module not the base's, which has one of that name? Because
// of the first difference on the way from the one to the other:
//
//	struct wdev;                                   struct wdev { int id; };
//	struct net { struct wdev *wdev; };             struct net { struct wdev *wdev; };
//	struct buf { struct net *dev; };               struct buf { struct net *dev; };
//
// struct buf is the same in itself, and so is struct net, but struct wdev is only
// declared in the base. Pairs of a base's type and a module's are looked at, from
// those of one name on, by the same reference on both sides. A pair differs in
// itself if its rows do, or if what they refer to goes by two names. All others
// have a way to such a one, and it is the shortest that is told: distances are
// found from the ends backwards, so that the work is that of each pair once,
// whatever number of types hangs on one end.
//
// Unlike in Compare, where a type has one partner, each of several types of one
// name is compared with what it refers to itself.

// Namesakes compares the types of a module with those of its base that have their
// names. It is not safe for concurrent use.
type Namesakes struct {
	c     comparison
	named map[key][]btf.ID // the base's

	of    map[btf.ID][]btf.ID // of own types
	index map[idPair]int32
	pairs []pairState
	refs  []pairRef // of pairs, one pair's after the other's
}

// pairState is what is known of a pair.
type pairState struct {
	idPair
	first, end int32 // Namesakes.refs[first:end]
	distance   int32 // pairs to the nearest that differs in itself, unreached where there is none
}

const unreached = -1

// maxNamesakes bounds how many of the base's types one of the module is compared
// with. No name is in Debian's 6.12 for clouds more than 3 times.
const maxNamesakes = 64

// pairRef is a reference of a pair, on both sides the ref'th of refs.
type pairRef struct {
	ref int
	to  int32
}

// Namesakes returns what there is to say of b, which stands on a base, the
// Comparer's old one or another.
func (c *Comparer) Namesakes(b *btf.BTF) *Namesakes {
	if b.Base != c.old {
		c = NewComparer(b.Base, nil)
	}
	v := c.view(b)
	n := &Namesakes{
		c:     comparison{on: c, old: v, new: v, byName: true, steps: minSteps + stepsPerRecord*(records(b.Base)+records(b))},
		named: c.namedOld(),
		of:    map[btf.ID][]btf.ID{},
		index: map[idPair]int32{},
	}
	for id := range b.OwnIDs() {
		if _, shared := n.InBase(id); shared || !IsType(b, id) {
			continue
		}
		if of := n.named[keyOf(b, id)]; len(of) > 0 {
			of = of[:min(len(of), maxNamesakes)]
			n.of[id] = of
			for _, candidate := range of {
				n.pair(candidate, id)
			}
		}
	}
	n.follow()
	n.findDistances()
	return n
}

// IsType reports whether id has a name as a type of C, and is not a function,
// variable, section or tag.
func IsType(b *btf.BTF, id btf.ID) bool {
	switch kindOf(b.Row(id)) {
	case "", "function", "variable", "section", "tag":
		return false
	}
	return true
}

// InBase returns the base's type that an own one is the same as.
func (n *Namesakes) InBase(own btf.ID) (btf.ID, bool) {
	v := n.c.new
	return v.colours.InBase(v.colours.Colour(own))
}

// Repeats reports whether an earlier own type is the same as this one.
func (n *Namesakes) Repeats(own btf.ID) bool {
	v := n.c.new
	return v.first[v.colours.Colour(own)] != own
}

// Of returns the base's types of an own type's kind and name, none where one of
// them is the same.
func (n *Namesakes) Of(own btf.ID) []btf.ID { return n.of[own] }

// pair returns the index of a pair.
func (n *Namesakes) pair(old, new btf.ID) int32 {
	p := idPair{old, new}
	i, known := n.index[p]
	if !known {
		i = int32(len(n.pairs))
		n.index[p] = i
		n.pairs = append(n.pairs, pairState{idPair: p, distance: unreached})
	}
	return i
}

// follow finds the references of all pairs, which become pairs, too. Those that
// differ in themselves have none.
func (n *Namesakes) follow() {
	for i := 0; i < len(n.pairs); i++ {
		p := &n.pairs[i]
		p.first = int32(len(n.refs))
		if !n.followPair(p.idPair) {
			n.refs = n.refs[:p.first]
			n.pairs[i].distance = 0
		}
		n.pairs[i].end = int32(len(n.refs)) // p may have moved
	}
}

// followPair appends the references of a pair that lead to what is not the same.
// It reports false for a pair that differs in itself, or where the steps are used
// up.
func (n *Namesakes) followPair(p idPair) bool {
	b, colours := n.c.new.BTF, n.c.new.colours
	if !n.c.take(1+len(b.ItemsOf(p.new))) || !n.c.sameRow(p.old, p.new) {
		return false
	}
	x, y := refs(b, p.old), refs(b, p.new)
	for i := range x {
		switch {
		case x[i] == y[i], x[i] != 0 && y[i] != 0 && colours.Colour(x[i]) == colours.Colour(y[i]):
			continue
		case x[i] == 0, y[i] == 0:
			return false
		case (isNamed(b.Row(x[i])) || isNamed(b.Row(y[i]))) && !haveOneKey(b, x[i], b, y[i]):
			return false
		}
		n.refs = append(n.refs, pairRef{i, n.pair(x[i], y[i])})
	}
	return true
}

// findDistances goes from the pairs that differ in themselves back to all that
// come to them.
func (n *Namesakes) findDistances() {
	from := make([][]int32, len(n.pairs))
	var open []int32
	for i, p := range n.pairs {
		if p.distance == 0 {
			open = append(open, int32(i))
		}
		for _, r := range n.refs[p.first:p.end] {
			from[r.to] = append(from[r.to], int32(i))
		}
	}
	for ; len(open) > 0; open = open[1:] {
		for _, i := range from[open[0]] {
			if n.pairs[i].distance == unreached {
				n.pairs[i].distance = n.pairs[open[0]].distance + 1
				open = append(open, i)
			}
		}
	}
}

// Way is how a type and one of the base that has its name come to differ.
type Way struct {
	Base, Own btf.ID // the pair that it begins with

	// Words are names of types, and between them the members and parameters
	// that lead on. The last is the name of the types that differ in
	// themselves.
	Words []string

	BaseEnd, OwnEnd btf.ID // these types

	// Length is how many references it has: the longer, the more alike its two
	// types are.
	Length int
}

// maxWayWords bounds what is told of one way; a hostile file may have it as long
// as it has types. Those of Debian's 1,138 modules need 4.
const maxWayWords = 64

// Way returns the shortest way from a pair of Of to a difference. A way that has
// too many words is told from its begin, and its end.
func (n *Namesakes) Way(base, own btf.ID) Way {
	b := n.c.new.BTF
	w := Way{Base: base, Own: own, BaseEnd: base, OwnEnd: own, Words: []string{keyOf(b, own).String()}}
	p := &n.pairs[n.index[idPair{base, own}]]
	w.Length = int(max(p.distance, 0))
	var labels []string // behind the last name
	for p.distance > 0 {
		r := n.nearest(p)
		if label := refLabel(b, p.new, r.ref); label != "" {
			labels = append(labels, label)
		}
		p = &n.pairs[r.to]
		if !isNamed(b.Row(p.new)) {
			continue
		}
		w.BaseEnd, w.OwnEnd = p.old, p.new
		if len(w.Words)+len(labels) < maxWayWords {
			w.Words = append(append(w.Words, labels...), keyOf(b, p.new).String())
		} else if last := len(w.Words) - 1; p.distance == 0 || w.Words[last] != etc {
			w.Words = append(w.Words, etc)
		}
		labels = labels[:0]
	}
	if end := keyOf(b, w.OwnEnd).String(); w.Words[len(w.Words)-1] != end {
		w.Words = append(w.Words, end)
	}
	return w
}

// nearest returns the reference of a pair that the shortest way has.
func (n *Namesakes) nearest(p *pairState) pairRef {
	all := n.refs[p.first:p.end]
	i := slices.IndexFunc(all, func(r pairRef) bool { return n.pairs[r.to].distance == p.distance-1 })
	return all[i]
}

// Details says in what the ends of a way differ; Old is what the base has.
func (n *Namesakes) Details(w Way) []Detail { return n.c.details(w.BaseEnd, w.OwnEnd) }

// Closest returns the way to the base's type that an own one is most like: from
// which the difference is farthest, and of several the first.
func (n *Namesakes) Closest(own btf.ID) (Way, bool) {
	of := n.of[own]
	if len(of) == 0 {
		return Way{}, false
	}
	best := of[0]
	for _, candidate := range of[1:] {
		if n.distance(candidate, own) > n.distance(best, own) {
			best = candidate
		}
	}
	return n.Way(best, own), true
}

func (n *Namesakes) distance(base, own btf.ID) int32 {
	return n.pairs[n.index[idPair{base, own}]].distance
}

// Describe returns what a type is, in the words of C and on one line.
func Describe(b *btf.BTF, id btf.ID) string { return describe(b, id) }

// Name returns the kind and the name that a type goes by in C. What has no name
// goes by its spelling, and is of kind "type".
func Name(b *btf.BTF, id btf.ID) (kind, name string) {
	k := keyOf(b, id)
	return k.kind, k.name
}

// Refs returns what a type refers to, in order. An array's index type is none of
// it.
func Refs(b *btf.BTF, id btf.ID) []btf.ID { return refs(b, id) }
