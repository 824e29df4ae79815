package diff

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// entities returns those of ids that are told of on their own: what has a name,
// and what no other of them comes to.
func (v *view) entities(ids []btf.ID) []btf.ID {
	isPart := make(map[btf.ID]bool, len(ids))
	for _, id := range ids {
		for _, ref := range refs(v.BTF, id) {
			ref = v.canon(ref)
			isPart[ref] = isPart[ref] || ref != v.canon(id)
		}
	}
	var all []btf.ID
	told := make(map[btf.ID]bool, len(ids)) // an entity, or a part of one
	tell := func(id btf.ID) {
		all = append(all, id)
		told[v.canon(id)] = true
		for open := []btf.ID{id}; len(open) > 0; {
			next := open[len(open)-1]
			open = open[:len(open)-1]
			for _, ref := range refs(v.BTF, next) {
				ref = v.canon(ref)
				if !told[ref] && !isNamed(v.Row(ref)) {
					told[ref] = true
					open = append(open, ref)
				}
			}
		}
	}
	for _, id := range ids {
		if isNamed(v.Row(id)) || !isPart[v.canon(id)] {
			tell(id)
		}
	}
	for _, id := range ids { // what is left refers to itself, in a circle
		if !told[v.canon(id)] {
			tell(id)
		}
	}
	return all
}

// refs returns what a type refers to, in order. An array's index type is none of
// it.
func refs(b *btf.BTF, id btf.ID) []btf.ID {
	r := b.Row(id)
	s := btf.Shapes[r.Info.Kind()]
	var all []btf.ID
	if s.TypeIsRef {
		all = append(all, btf.ID(r.Type))
	}
	if s.ItemTypeRef {
		for _, m := range b.ItemsOf(id) {
			all = append(all, btf.ID(m.Type))
		}
	}
	return all
}

// pairUp finds partners for the entities: among those of the other side, then in
// its base.
func (c *comparison) pairUp() {
	c.toNew, c.toOld = map[btf.ID]btf.ID{}, map[btf.ID]btf.ID{}
	byKey := map[key]*group{}
	at := func(k key) *group {
		g := byKey[k]
		if g == nil {
			g = new(group)
			byKey[k] = g
		}
		return g
	}
	for _, id := range c.oldEntities {
		if _, ok := c.newOf(id); ok {
			continue // as what it is a copy of in the base
		}
		g := at(keyOf(c.old.BTF, id))
		g.old = append(g.old, id)
	}
	for _, id := range c.newEntities {
		if _, ok := c.oldOf(id); ok {
			continue
		}
		g := at(keyOf(c.new.BTF, id))
		g.new = append(g.new, id)
	}
	for k, g := range byKey {
		c.match(g)
		switch {
		case c.old.Base == c.new.Base:
		case len(g.old) > 0:
			g.new = c.inBase(c.new, c.old, k)
			c.match(g)
		case len(g.new) > 0:
			g.old = c.inBase(c.old, c.new, k)
			c.match(g)
		}
	}
}

// group is the types of one key that have no partner.
type group struct{ old, new []btf.ID }

// match makes partners of g's types, first of those that look alike, then in an
// order that does not come from their ids, and leaves in g what is over.
func (c *comparison) match(g *group) {
	n := min(len(g.old), len(g.new))
	if n == 0 {
		return
	}
	if len(g.old)+len(g.new) > 2 {
		old, new := byLooks(c.old.BTF, g.old), byLooks(c.new.BTF, g.new)
		g.old, g.new = alikeFirst(old, new)
	}
	for i := range n {
		old, new := c.old.canon(g.old[i]), c.new.canon(g.new[i])
		c.toNew[old], c.toOld[new] = new, old
	}
	g.old, g.new = g.old[n:], g.new[n:]
}

// inBase returns the types of v's bases that have a key, are not in other, and
// have no partner there.
func (c *comparison) inBase(v, other *view, k key) []btf.ID {
	if v.Base == nil {
		return nil
	}
	named, partner := c.on.namedOld, c.newOf
	if v == c.new {
		named, partner = c.on.namedNew, c.oldOf
	}
	var all []btf.ID
	for _, id := range named()[k] {
		_, same := other.find(v.colours.Colour(id))
		_, taken := partner(id)
		if !same && !taken && v.canon(id) == id {
			all = append(all, id)
		}
	}
	return all
}

// newOf returns what an old type, which is not on the new side, is there.
func (c *comparison) newOf(old btf.ID) (btf.ID, bool) {
	old = c.old.canon(old)
	for ; c != nil; c = c.below {
		if id, ok := c.toNew[old]; ok {
			return id, true
		}
	}
	return 0, false
}

// oldOf returns what a new type, which is not on the old side, is there.
func (c *comparison) oldOf(new btf.ID) (btf.ID, bool) {
	new = c.new.canon(new)
	for ; c != nil; c = c.below {
		if id, ok := c.toOld[new]; ok {
			return id, true
		}
	}
	return 0, false
}

// looks is a type and a digest of how it looks, what it refers to by name only.
type looks struct {
	id     btf.ID
	digest [16]byte
}

func byLooks(b *btf.BTF, ids []btf.ID) []looks {
	all := make([]looks, len(ids))
	for i, id := range ids {
		all[i] = looks{id, look(b, id)}
	}
	slices.SortFunc(all, func(x, y looks) int {
		return cmp.Or(bytes.Compare(x.digest[:], y.digest[:]), cmp.Compare(x.id, y.id))
	})
	return all
}

func look(b *btf.BTF, id btf.ID) (digest [16]byte) {
	h := fnv.New128a()
	word := func(v uint32) { h.Write(binary.LittleEndian.AppendUint32(nil, v)) }
	r := b.Row(id)
	s := btf.Shapes[r.Info.Kind()]
	word(uint32(r.Info))
	if !s.TypeIsRef {
		word(r.Type)
	}
	for _, m := range b.ItemsOf(id) {
		word(m.Val)
		if s.ItemNameStr {
			name, _ := b.Str(btf.StrOff(m.Name))
			h.Write(name)
			h.Write([]byte{0})
		}
	}
	for _, ref := range refs(b, id) {
		target := b.Row(ref)
		word(uint32(target.Info))
		h.Write(b.Name(ref))
		h.Write([]byte{0})
	}
	h.Sum(digest[:0])
	return digest
}

// alikeFirst returns the ids of two sorted lists, those first that are in both,
// in step.
func alikeFirst(old, new []looks) (oldIDs, newIDs []btf.ID) {
	var oldRest, newRest []btf.ID
	for len(old) > 0 && len(new) > 0 {
		switch bytes.Compare(old[0].digest[:], new[0].digest[:]) {
		case -1:
			oldRest, old = append(oldRest, old[0].id), old[1:]
		case 1:
			newRest, new = append(newRest, new[0].id), new[1:]
		default:
			oldIDs, newIDs = append(oldIDs, old[0].id), append(newIDs, new[0].id)
			old, new = old[1:], new[1:]
		}
	}
	for _, l := range old {
		oldRest = append(oldRest, l.id)
	}
	for _, l := range new {
		newRest = append(newRest, l.id)
	}
	return append(oldIDs, oldRest...), append(newIDs, newRest...)
}

// namedOf returns the types of a base, and of what that stands on, that have a
// name.
func namedOf(b *btf.BTF) map[key][]btf.ID {
	all := map[key][]btf.ID{}
	for id := btf.ID(1); int(id) < b.NumTypes(); id++ {
		if isNamed(b.Row(id)) {
			k := keyOf(b, id)
			all[k] = append(all[k], id)
		}
	}
	return all
}
