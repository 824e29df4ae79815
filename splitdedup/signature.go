package splitdedup

import (
	"fmt"
	"hash/maphash"
	"math/bits"

	"github.com/gobtfenc/gobtfenc/btf"
)

// One signature serves base and modules alike: a type that is hashed one way
// in the base and another way in a module would never be shared, silently.
//
// The seed differs from base to base, so that nobody can prepare input whose
// signatures collide; a module signs with its base's. Nothing that is written
// depends on it: signatures find candidates, and the order of candidates is that
// of insertion.

// maxDepth bounds a tree of types: arrays of pointers to prototypes and so on,
// down to named types. The kernel takes chains of 32 modifiers
// (kernel/bpf/btf.c, MAX_RESOLVE_DEPTH).
const maxDepth = 1000

const prime = 0x9e3779b97f4a7c15

// newSeed returns a seed that nobody can know.
func newSeed() uint64 { return maphash.Comparable(maphash.MakeSeed(), 0) }

func mix(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^v, prime)
	return hi ^ lo
}

// signRow begins the signature of a row with all that is neither a reference
// nor an item.
func signRow(seed uint64, r *btf.Row, s btf.Shape) uint64 {
	h := mix(seed, uint64(r.Name)<<32|uint64(r.Info))
	if !s.TypeIsRef {
		h = mix(h, uint64(r.Type))
	}
	if !s.HasItems {
		h = mix(h, uint64(r.Aux)|1<<40)
	}
	return h
}

// signItem adds an item whose Type, where it is a reference, contributes ref.
func signItem(h uint64, it *btf.Item, s btf.Shape, ref uint64) uint64 {
	if s.ItemNameRef { // ARRAY: the index type is not compared
		return mix(mix(h, uint64(it.Val)), ref)
	}
	return mix(mix(h, uint64(it.Name)<<32|uint64(it.Val)), ref)
}

// signName is what a reference to a cut type contributes. FWD and complete
// type, and ENUM and ENUM64, give the same.
func signName(seed uint64, r *btf.Row) uint64 {
	class := uint64(r.Info.Kind())
	switch r.Info.Kind() {
	case btf.KindFwd:
		class = uint64(btf.KindStruct)
		if r.Info.KindFlag() {
			class = uint64(btf.KindUnion)
		}
	case btf.KindEnum64:
		class = uint64(btf.KindEnum)
	case btf.KindStruct, btf.KindUnion, btf.KindEnum, btf.KindTypedef:
	default: // cut because it is part of a cycle without names
		class |= uint64(r.Info.Vlen()) << 8
	}
	return mix(mix(seed^prime, class), uint64(r.Name))
}

// signCut is what the base's index has a type by that is cut by its kind: nearly all
// have a name of their own, so that to sign their members, two thirds of what there is
// to sign, would be of no use.
func signCut(seed uint64, r *btf.Row) uint64 {
	h := signName(seed, r)
	if r.Info.Kind() == btf.KindFwd {
		return h
	}
	return mix(h, uint64(r.Info)<<32|uint64(r.Type))
}

// peekBase looks for n in the base's index.
func (m *Module) peekBase(n btf.ID) uint32 {
	if r := &m.unit.types.Rows[n]; isCut(r) && !m.collide {
		return m.base.index.peek(signCut(m.base.seed, r))
	}
	return m.base.index.peek(m.unit.sig(n))
}

// isCut reports whether a row is a cut type by its kind.
func isCut(r *btf.Row) bool {
	switch r.Info.Kind() {
	case btf.KindStruct, btf.KindUnion, btf.KindEnum, btf.KindEnum64:
		return r.Name != 0
	case btf.KindFwd:
		return true
	}
	return false
}

func isEnum(r *btf.Row) bool {
	k := r.Info.Kind()
	return k == btf.KindEnum || k == btf.KindEnum64
}

func (u *unit) isCut(n btf.ID) bool { return u.cut[n] }

// scan sorts the unit's types: which are cut, and of what kind.
func (m *Module) scan() {
	u := &m.unit
	for n := u.fixed; n < len(u.types.Rows); n++ {
		u.cut[n], u.depth[n] = true, 1 // given, refs is set
	}
	u.cut[0], u.sigs[0], u.refs[0], u.depth[0] = false, prime, prime, 1
	rows, head, cut := u.types.Rows[:u.fixed], u.head[:u.fixed], u.cut[:u.fixed]
	for n := 1; n < len(rows); n++ {
		r := &rows[n]
		head[n], cut[n] = -1, u.cyclic != nil && u.cyclic[n]
		switch k := r.Info.Kind(); k {
		case btf.KindFwd:
			u.leaves = append(u.leaves, btf.ID(n))
			u.fwds++
		case btf.KindEnum, btf.KindEnum64:
			if r.Name == 0 {
				continue
			}
			u.leaves = append(u.leaves, btf.ID(n))
		case btf.KindStruct, btf.KindUnion:
			if r.Name == 0 && !cut[n] {
				continue
			}
			u.cuts = append(u.cuts, btf.ID(n))
		default:
			if !cut[n] {
				continue
			}
			u.cuts = append(u.cuts, btf.ID(n))
		}
		cut[n], u.refs[n] = true, signName(u.seed, r)
	}
}

// sign computes the signatures of all types of the unit.
func (m *Module) sign() error {
	u := &m.unit
	m.scan()
	err := u.signAll()
	if err == errCycle {
		u.cutCycles()
		u.cuts, u.leaves, u.fwds = u.cuts[:0], u.leaves[:0], 0
		clear(u.depth)
		m.scan()
		err = u.signAll()
	}
	if err != nil {
		return err
	}
	if m.collide {
		for i := range u.sigs {
			u.sigs[i] = 1
		}
	}
	return nil
}

// sig returns the signature of a type whose tree is known to end.
func (u *unit) sig(n btf.ID) uint64 {
	if u.depth[n] == 0 {
		if err := u.signOne(n, 0); err != nil {
			panic(err)
		}
	}
	return u.sigs[n]
}

// errCycle says that types refer to each other in a circle without a cut type.
var errCycle = fmt.Errorf("types refer to each other in a circle")

const (
	signing = 0x7fff  // depth of a type whose tree is being signed
	viaFwd  = 1 << 15 // set in depth: a leaf of the tree is a FWD
)

func (u *unit) signAll() error { return u.signRange(1, u.fixed) }

func (u *unit) signRange(low, high int) error {
	for n := low; n < high; n++ {
		if err := u.signOne(btf.ID(n), 0); err != nil {
			return err
		}
	}
	return nil
}

// signUnmatched signs what equals no canonical type that a pair has led to. The
// trees of all others end where those end.
func (u *unit) signUnmatched() error {
	for n := 1; n < u.fixed; n++ {
		matched := u.memo[n].canon != 0
		if u.cut[n] {
			matched = u.head[n] >= 0
		}
		if matched || u.depth[n] != 0 {
			continue
		}
		if err := u.signOne(btf.ID(n), 0); err != nil {
			return err
		}
	}
	return nil
}

// ref returns what a reference to n contributes, and the depth of its tree.
func (u *unit) ref(n btf.ID, level int) (uint64, uint16, error) {
	if u.isCut(n) {
		// Nobody asks a base for viaFwd, and its rows are a wait for memory.
		if !u.isBase && u.types.Rows[n].Info.Kind() == btf.KindFwd {
			return u.refs[n], viaFwd, nil
		}
		return u.refs[n], 0, nil
	}
	if d := u.depth[n]; d == 0 {
		if err := u.signOne(n, level+1); err != nil {
			return 0, 0, err
		}
	} else if d == signing {
		return 0, 0, errCycle
	}
	return u.refs[n], u.depth[n], nil
}

func (u *unit) signOne(n btf.ID, level int) error {
	if u.depth[n] != 0 {
		return nil
	}
	if level > maxDepth {
		return fmt.Errorf("types nested deeper than %d", maxDepth)
	}
	r := &u.types.Rows[n]
	if u.isBase && isCut(r) {
		u.depth[n], u.sigs[n] = 1, signCut(u.seed, r)
		return nil
	}
	u.depth[n] = signing
	s := btf.Shapes[r.Info.Kind()]
	depth, via := uint16(0), uint16(0)
	h := signRow(u.seed, r, s)
	if s.TypeIsRef {
		c, d, err := u.ref(btf.ID(r.Type), level)
		if err != nil {
			return err
		}
		h, depth, via = mix(h, c), d&^viaFwd, d&viaFwd
	}
	if s.HasItems {
		items := u.types.ItemsOf(r)
		for i := range items {
			it := &items[i]
			c := uint64(it.Type)
			if s.ItemTypeRef {
				var d uint16
				var err error
				if c, d, err = u.ref(btf.ID(it.Type), level); err != nil {
					return err
				}
				depth, via = max(depth, d&^viaFwd), via|d&viaFwd
			}
			h = signItem(h, it, s, c)
		}
	}
	if depth++; depth > maxDepth {
		return fmt.Errorf("types nested deeper than %d", maxDepth)
	}
	u.depth[n], u.sigs[n] = depth|via, h
	switch {
	case r.Info.Kind() == btf.KindFwd:
		u.sigs[n] = u.refs[n] // found by name
	case !u.isCut(n):
		u.refs[n] = h
	}
	return nil
}
