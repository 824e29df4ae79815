// Package diff tells what two BTFs differ in, by meaning and in the words of C:
// two builds of a module, two kernels, or what two encoders make of one file.
//
// Ids and the order of types mean nothing; the bases of two builds differ as
// well. Types are the same if nothing in them or in all that they refer to is
// different (btf/colour). But then a member more in struct task_struct makes a
// kernel's every function a different one, and what a developer asks is what was
// changed:
//
//	struct cfg { int a; };              struct cfg { long a; };             changed
//	struct dev { struct cfg *cfg; };    struct dev { struct cfg *cfg; };    affected
//	int open(struct dev *);             int open(struct dev *);             affected
//
// So there are two questions for what is not the same:
//
//   - What is it on the other side? Types are paired by what C calls them (key.go,
//     pair.go); what has no partner is removed or added. What has no name, such as
//     a pointer, is a part of what refers to it; where nothing does, it is told
//     of as unnamed.
//   - Is it different in itself? It is not if it looks the same down to the names
//     that it refers to, and these are partners (same.go). Then it is affected, and
//     the way from it to what is changed can be told (cause.go). Otherwise it is
//     changed, and detail.go finds words for where.
//
// That two modules are the same rests on the colours alone: whatever is not the
// same is told of.
//
// A module's own types are compared; what they refer to may be in the bases. These
// are compared first, in the same way, for partners and causes.
package diff

import (
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btf/colour"
)

// Input is one side of a module.
type Input struct {
	Path    string
	BTF     *btf.BTF
	Bytes   uint64                 // of BTF
	Exports func() map[string]bool // names of functions, nil where they are not known; called where functions differ
}

// Comparer compares modules. It is safe for concurrent use.
type Comparer struct {
	palette  *colour.Palette
	old, new *btf.BTF

	// What is made when a module needs it, once.
	bases              func() *comparison
	namedOld, namedNew func() map[key][]btf.ID
}

// NewComparer returns a Comparer of modules that stand on old and new, which may
// be nil for none, and should be one where they have the same contents. Modules
// with bases of their own are compared as well.
func NewComparer(old, new *btf.BTF) *Comparer {
	c := &Comparer{palette: colour.NewPalette(), old: old, new: new}
	c.bases = sync.OnceValue(func() *comparison {
		if old == nil || new == nil || old == new {
			return nil
		}
		return c.compare(old, new)
	})
	c.namedOld = sync.OnceValue(func() map[key][]btf.ID { return namedOf(old) })
	c.namedNew = sync.OnceValue(func() map[key][]btf.ID { return namedOf(new) })
	return c
}

// Compare returns what a module differs in. Either side may be nil, but not both.
func (c *Comparer) Compare(name string, old, new *Input) Module {
	m := Module{Name: name}
	if old != nil && new != nil {
		l := c.compare(old.BTF, new.BTF)
		m.Old, m.New = l.old.side(old), l.new.side(new)
		var all bool
		if m.Differences, all = l.differences(old, new); !all {
			return Module{Name: name, Errors: []string{new.Path + ": differs in more than can be told of"}}
		}
		m.Causes = causesOf(m.Differences)
		return m
	}
	if old != nil {
		m.Old = c.view(old.BTF).side(old)
	} else {
		m.New = c.view(new.BTF).side(new)
	}
	return m
}

// view is a BTF with what is needed to look types up by meaning.
type view struct {
	*btf.BTF
	colours *colour.Colours
	first   map[uint64]btf.ID // own types by colour
}

func (c *Comparer) view(b *btf.BTF) *view {
	colours := c.palette.Of(b)
	return &view{b, colours, colours.First()}
}

// find returns the type of a colour, the base's if that has one.
func (v *view) find(c uint64) (btf.ID, bool) {
	if id, ok := v.colours.InBase(c); ok {
		return id, true
	}
	id, ok := v.first[c]
	return id, ok
}

// canon returns the one type that stands for all that are the same as id.
func (v *view) canon(id btf.ID) btf.ID {
	id, _ = v.find(v.colours.Colour(id))
	return id
}

// isOwn reports whether id is one of v's own types.
func (v *view) isOwn(id btf.ID) bool { return id >= v.First() }

// side returns what a report says of the file as a whole.
func (v *view) side(in *Input) *Side {
	s := &Side{Path: in.Path, Bytes: in.Bytes, Types: v.NumOwn()}
	for id := v.First(); int(id) < v.NumTypes(); id++ {
		if v.Row(id).Info.Kind() == btf.KindFunc {
			s.Functions++
		}
		if v.canon(id) != id {
			s.Copies++
		}
	}
	return s
}

// comparison is that of one level: of two modules, or of two bases.
type comparison struct {
	on       *Comparer
	old, new *view
	below    *comparison // of the bases; nil where these are one, or there are none

	// Own types that are not the same as any of the other side, and those of them
	// that are told of: the others are a part of these.
	onlyOld, onlyNew         []btf.ID
	oldEntities, newEntities []btf.ID

	// Of types that stand for all copies of theirs (view.canon):
	toNew, toOld map[btf.ID]btf.ID // partners, of which one may be in the base
	changed      map[btf.ID]bool   // old entities without a partner, or that differ in themselves
	ways         map[btf.ID]step   // from old own types to what is changed

	byName bool // types of one kind and name count as partners

	steps int // that may still be taken
}

func (c *Comparer) compare(old, new *btf.BTF) *comparison {
	if old.Base != c.old || new.Base != c.new {
		c = NewComparer(old.Base, new.Base)
	}
	l := &comparison{on: c, old: c.view(old), new: c.view(new), below: c.bases()}
	l.steps = minSteps + stepsPerRecord*(records(old)+records(new))
	l.onlyOld, l.onlyNew = l.old.notIn(l.new), l.new.notIn(l.old)
	l.oldEntities, l.newEntities = l.old.entities(l.onlyOld), l.new.entities(l.onlyNew)
	l.pairUp()
	l.changed = map[btf.ID]bool{}
	for _, id := range l.oldEntities {
		partner, ok := l.newOf(id)
		l.changed[l.old.canon(id)] = !ok || !l.sameInItself(id, partner)
	}
	l.findWays()
	return l
}

// records counts the own types of b and what they consist of.
func records(b *btf.BTF) int { return len(b.Types.Rows) + len(b.Types.Items) }

// notIn returns v's own types that are not the same as any of other, copies of
// one once.
func (v *view) notIn(other *view) []btf.ID {
	var all []btf.ID
	for id := v.First(); int(id) < v.NumTypes(); id++ {
		c := v.colours.Colour(id)
		if _, ok := other.find(c); !ok && v.first[c] == id {
			all = append(all, id)
		}
	}
	return all
}
