// SPDX-License-Identifier: BSD-2-Clause

package splitdedup

import (
	"fmt"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Index is what NewBase finds out about a base, for another process to begin
// with. It is about one base and means nothing for any other.
type Index struct {
	Seed    uint64   // of the signatures
	Sigs    []uint64 // signature of each type, void included
	Slots   []uint64 // see table
	Next    []btf.ID
	Fwds    []btf.ID // FWDs, ascending
	Names   []uint64 // named structs, unions and enums: name<<32 | id, ascending
	StrSeed uint64   // of the strings' hashes
	Strs    []uint32 // see btf.StrIndex
}

// Index returns b's index, which shares its memory. ok is false for a base that
// is not as it should be and was made so by NewBase: it has a type or a string
// twice, names that are tails of others, types of unknown kinds or cycles without
// names.
func (b *Base) Index() (x *Index, ok bool) {
	if b.strs == nil || b.rewritten || b.collide || b.cyclic != nil || len(b.twin) > 0 || !b.strs.Unique() {
		return nil, false
	}
	x = &Index{Seed: b.seed, Sigs: b.sigs, Slots: b.index.slots, Next: b.index.next, Fwds: b.fwdIDs, Names: b.names()}
	x.Strs, x.StrSeed = b.strs.Table()
	return x, true
}

// RestoreBase is NewBase with the index that it made of the same types and
// strings. Only sizes are checked: whoever kept x answers for the rest.
func RestoreBase(t *btf.Types, strs []byte, x *Index) (*Base, error) {
	n := len(t.Rows)
	if size := len(x.Slots); len(x.Sigs) != n || len(x.Next) != n || size < 16 || size&(size-1) != 0 || !slices.Contains(x.Slots, 0) {
		return nil, fmt.Errorf("index of %d types: %d signatures, %d slots, %d older types", n, len(x.Sigs), size, len(x.Next))
	}
	s, err := btf.RestoreStrIndex(strs, x.Strs, x.StrSeed)
	if err != nil {
		return nil, err
	}
	b := &Base{types: *t, seed: x.Seed, sigs: x.Sigs, strs: s, fwdIDs: x.Fwds}
	b.index.slots, b.index.next = x.Slots, x.Next
	b.names = func() []uint64 { return x.Names }
	for _, id := range x.Fwds {
		if int(id) >= n {
			return nil, fmt.Errorf("index of %d types: FWD %d", n, id)
		}
	}
	b.indexFwds()
	return b, nil
}
