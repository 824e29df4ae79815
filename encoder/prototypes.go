package encoder

import "github.com/gobtfenc/gobtfenc/btf"

// Do two definitions have one prototype?
//
//	unit 1:  static int probe(const struct dev *d)     unit 2:  static int probe(struct dev *d)
//
// For a tracer they do: const changes nothing about the value, and struct dev
// is struct dev even if one unit knows only its name. So types are compared by
// name as soon as they have one, a const that only one side has is skipped, and
// names of parameters do not count (a weak definition often has others). This
// is pahole's types__match; unlike there the types are canonical, so equal ids
// end the comparison early and nothing else changes.

// maxMatchDepth bounds the nesting of function pointers without typedef, in
// kernels up to 4 levels, and of what they point through.
const maxMatchDepth = 64

// maxMatchSteps bounds the pairs that one comparison looks at. Prototypes that
// nest with nothing but differing consts would need exponentially many.
const maxMatchSteps = 1 << 16

// sameProto reports whether a and b agree in return type and parameters.
func (fs *functions) sameProto(store typeStore, a, b *funcState) bool {
	m := matcher{store: store, steps: maxMatchSteps}
	return m.same(a.ret, b.ret, 0) && m.sameParams(fs.paramsOf(a), fs.paramsOf(b), 0)
}

// matcher compares types for one pair of definitions.
type matcher struct {
	store typeStore
	steps int // left
}

// same reports whether a tracer sees no difference between a and b.
func (m *matcher) same(a, b btf.ID, depth int) bool {
	for ; depth < maxMatchDepth; depth++ {
		if m.steps--; m.steps < 0 {
			return false
		}
		if a == b {
			return true
		}
		if a == 0 || b == 0 {
			return false
		}
		ra, rb := m.store.Row(a), m.store.Row(b)
		ka, kb := kindOrComplete(ra), kindOrComplete(rb)
		if ka != kb {
			switch btf.KindConst {
			case ka:
				a = btf.ID(ra.Type)
			case kb:
				b = btf.ID(rb.Type)
			default:
				return false
			}
			continue
		}
		switch ka {
		case btf.KindInt:
			return ra.Name == rb.Name && ra.Type == rb.Type && ra.Aux == rb.Aux
		case btf.KindFloat:
			return ra.Name == rb.Name && ra.Type == rb.Type
		case btf.KindTypedef, btf.KindStruct, btf.KindUnion, btf.KindEnum, btf.KindEnum64:
			return ra.Name == rb.Name
		case btf.KindPtr, btf.KindVolatile, btf.KindConst, btf.KindRestrict, btf.KindTypeTag:
			a, b = btf.ID(ra.Type), btf.ID(rb.Type)
		case btf.KindArray:
			ia, ib := m.store.ItemsOf(a)[0], m.store.ItemsOf(b)[0]
			if ia.Val != ib.Val {
				return false
			}
			a, b = btf.ID(ia.Type), btf.ID(ib.Type)
		case btf.KindFuncProto:
			return m.same(btf.ID(ra.Type), btf.ID(rb.Type), depth+1) &&
				m.sameParams(m.store.ItemsOf(a), m.store.ItemsOf(b), depth+1)
		default:
			return false
		}
	}
	return false
}

func (m *matcher) sameParams(a, b []btf.Item, depth int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !m.same(btf.ID(a[i].Type), btf.ID(b[i].Type), depth) {
			return false
		}
	}
	return true
}

// kindOrComplete is the kind of r, for a forward declaration that of the
// complete type.
func kindOrComplete(r *btf.Row) btf.Kind {
	switch {
	case r.Info.Kind() != btf.KindFwd:
		return r.Info.Kind()
	case r.Info.KindFlag():
		return btf.KindUnion
	}
	return btf.KindStruct
}
