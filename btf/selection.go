package btf

import (
	"iter"
	"slices"
)

// OwnIDs yields the ids of b's own types, in order.
func (b *BTF) OwnIDs() iter.Seq[ID] { return idsFrom(b.First(), b) }

// AllIDs yields the ids of all types, the base's included, in order.
func (b *BTF) AllIDs() iter.Seq[ID] { return idsFrom(1, b) }

func idsFrom(first ID, b *BTF) iter.Seq[ID] {
	return func(yield func(ID) bool) {
		for id := first; int(id) < b.NumTypes() && yield(id); id++ {
		}
	}
}

// Named returns the types of a name, the base's included, in order.
func Named(b *BTF, name string) []ID {
	var ids []ID
	for id := range b.AllIDs() {
		if string(b.Name(id)) == name {
			ids = append(ids, id)
		}
	}
	return ids
}

// Reachable returns roots and all that they refer to, at any distance, in
// order. Void is not among it.
func Reachable(b *BTF, roots []ID) []ID {
	seen := make([]bool, b.NumTypes())
	seen[0] = true
	var found []ID
	visit := func(id ID) {
		if !seen[id] {
			seen[id] = true
			found = append(found, id)
		}
	}
	for _, id := range roots {
		visit(id)
	}
	for next := 0; next < len(found); next++ {
		r := b.Row(found[next])
		s := Shapes[r.Info.Kind()]
		if s.TypeIsRef {
			visit(ID(r.Type))
		}
		for _, m := range b.ItemsOf(found[next]) {
			if s.ItemTypeRef {
				visit(ID(m.Type))
			}
			if s.ItemNameRef {
				visit(ID(m.Name))
			}
		}
	}
	slices.Sort(found)
	return found
}
