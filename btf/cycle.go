package btf

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/internal/bigmem"
)

// CheckCycles returns a [*ParseError] for an own type that comes back to itself
// through typedefs and modifiers alone. No type can be that, and a kernel takes
// none; a cycle through a struct, pointer or prototype is one that some language
// has. [Parse] takes both, so that what is broken can be looked at.
func CheckCycles(b *BTF) error {
	id := b.endlessChain()
	if id == 0 {
		return nil
	}
	r := b.Row(id)
	return &ParseError{
		Section: "types", Offset: b.offsetOf(id),
		Msg: fmt.Sprintf("type %d: %v in a cycle of typedefs and modifiers, type id", id, r.Info.Kind()), Value: uint64(r.Type),
	}
}

// offsetOf returns where in the type section an own type begins.
func (b *BTF) offsetOf(id ID) uint64 {
	kinds, off := b.kinds, uint64(0)
	if kinds == nil {
		kinds = builtinKinds
	}
	for at := b.First(); at < id; at++ {
		r := &b.Types.Rows[at-b.Start]
		info := r.Info
		if info.Kind() == KindVoid {
			info = Info(r.Aux) // an opaque one
		}
		off += typeLen + uint64(kinds.tail[info.Kind()].of(info.Vlen()))
	}
	return off
}

// endlessChain returns an own type that is in a cycle of typedefs and
// modifiers, 0 for none. Only a reference to a later type or to itself can close
// one, so that walks begin there.
func (b *BTF) endlessChain() ID {
	var walks []ID // by row: where the walk that came by began
	defer func() { bigmem.GiveBack(walks) }()
	for i := range b.Types.Rows {
		first := b.Start + ID(i)
		if r := &b.Types.Rows[i]; !isModifier(r.Info.Kind()) || ID(r.Type) < first {
			continue
		}
		if walks == nil {
			walks = bigmem.Table[ID](len(b.Types.Rows))
		}
		for id := first; id >= b.Start; {
			r, walk := &b.Types.Rows[id-b.Start], &walks[id-b.Start]
			if *walk == first {
				return id
			}
			if *walk != 0 || !isModifier(r.Info.Kind()) {
				break
			}
			*walk, id = first, ID(r.Type)
		}
	}
	return 0
}
