package btftest

import (
	"bytes"
	"math/rand/v2"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Shuffle returns a base that has the types of b, which has no base itself, in
// another order: all of them have other ids, and their names are elsewhere.
func Shuffle(b *btf.BTF, rnd *rand.Rand) *btf.BTF {
	order := rnd.Perm(b.NumOwn())
	ids := make([]uint32, b.NumTypes())
	for to, from := range order {
		ids[from+1] = uint32(to + 1)
	}
	strs := btf.NewStrings(nil)
	name := func(off uint32) uint32 {
		s, _ := b.Str(btf.StrOff(off))
		return uint32(strs.Intern(s))
	}
	out := &btf.BTF{Order: b.Order, Types: btf.Types{Rows: make([]btf.Row, 1, b.NumTypes())}}
	for _, from := range order {
		r := b.Types.Rows[from+1]
		items := b.Types.ItemsOf(&r)
		s := btf.Shapes[r.Info.Kind()]
		r.Name = btf.StrOff(name(uint32(r.Name)))
		if s.TypeIsRef {
			r.Type = ids[r.Type]
		}
		if s.HasItems {
			r.Aux = uint32(len(out.Types.Items))
		}
		for _, it := range items {
			switch {
			case s.ItemNameStr:
				it.Name = name(it.Name)
			case s.ItemNameRef:
				it.Name = ids[it.Name]
			}
			if s.ItemTypeRef {
				it.Type = ids[it.Type]
			}
			out.Types.Items = append(out.Types.Items, it)
		}
		out.Types.Rows = append(out.Types.Rows, r)
	}
	out.Strs = bytes.Clone(strs.Own())
	return out
}
