package btf

import (
	"bytes"
	"fmt"
	"slices"
)

// Permute returns b with its own types in another order: own type i, which has
// id b.First()+i, gets id ids[i], and everything that refers to it follows. b
// stays as it is; the result shares its strings and its base. It is an error if
// ids is not a permutation of b's own ids, or b has types of unknown kinds,
// which may refer to others in ways that nobody knows.
func Permute(b *BTF, ids []ID) (*BTF, error) {
	if b.Opaque > 0 {
		return nil, fmt.Errorf("btf: %d types are of unknown kinds and cannot be renumbered", b.Opaque)
	}
	first, n := b.First(), b.NumOwn()
	if len(ids) != n {
		return nil, fmt.Errorf("btf: %d new ids for %d types", len(ids), n)
	}
	old := make([]ID, n) // by new id - first: the old one, 0 for not yet
	for i, id := range ids {
		if id < first || int(id-first) >= n {
			return nil, fmt.Errorf("btf: new id %d of type %d out of range", id, first+ID(i))
		}
		if other := old[id-first]; other != 0 {
			return nil, fmt.Errorf("btf: new id %d for types %d and %d", id, other, first+ID(i))
		}
		old[id-first] = first + ID(i)
	}
	to := func(ref uint32) uint32 {
		if ID(ref) < first {
			return ref
		}
		return uint32(ids[ID(ref)-first])
	}
	out := *b
	out.Types = Types{Rows: make([]Row, 0, len(b.Types.Rows)), Items: make([]Item, 0, len(b.Types.Items))}
	out.Types.Rows = append(out.Types.Rows, b.Types.Rows[:first-b.Start]...)
	for _, id := range old {
		out.Types.appendMapped(&b.Types, &b.Types.Rows[id-b.Start], to)
	}
	return &out, nil
}

// appendMapped appends row r of from with its items, references replaced by
// what to makes of them.
func (t *Types) appendMapped(from *Types, r *Row, to func(uint32) uint32) {
	row, s := *r, Shapes[r.Info.Kind()]
	if s.TypeIsRef {
		row.Type = to(row.Type)
	}
	if s.HasItems {
		row.Aux = uint32(len(t.Items))
		t.Items = append(t.Items, from.ItemsOf(r)...)
		for i := int(row.Aux); i < len(t.Items); i++ {
			m := &t.Items[i]
			if s.ItemTypeRef {
				m.Type = to(m.Type)
			}
			if s.ItemNameRef {
				m.Name = to(m.Name)
			}
		}
	}
	t.Rows = append(t.Rows, row)
}

// SortByName returns b with its own types in the order that kernels since 7.0
// expect, where a type is found by binary search: those without a name, then
// the others by name, byte by byte; types of one name stay in their order. A
// DECL_TAG or TYPE_TAG has its value for a name, and so may come before what it
// is on. The error is Permute's.
func SortByName(b *BTF) (*BTF, error) {
	first := b.First()
	names := make([][]byte, b.NumOwn())
	order := make([]ID, b.NumOwn()) // of own types, by index
	for i := range names {
		names[i], order[i] = b.Name(first+ID(i)), ID(i)
	}
	slices.SortStableFunc(order, func(x, y ID) int { return bytes.Compare(names[x], names[y]) })
	ids := make([]ID, len(order))
	for i, x := range order {
		ids[x] = first + ID(i)
	}
	return Permute(b, ids)
}
