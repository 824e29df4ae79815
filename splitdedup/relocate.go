package splitdedup

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Relocation takes split BTF from its distilled base (distill.go) to the base
// of a kernel, as that kernel does when it loads the module (btf_relocate). A
// stub finds its type by name, under these rules:
//
//	INT           INT of the same size and encoding
//	FLOAT         FLOAT of the same size
//	ENUM          ENUM or ENUM64 of the same size
//	STRUCT UNION  of the same size, if a struct of the split BTF holds it by
//	              value or if the base has several composite types of the name;
//	              else of any size
//	FWD           FWD of the same kind; STRUCT without bit-fields; UNION with
//
// A stub for which there is none is an error, and so is one for which there
// are two. The kernel does not compare the kind of what a STRUCT or UNION stub
// finds: a base that has a struct and an enum of one name, each of them of the
// size asked for, has two. Its rules are followed to the letter here: what is
// asked is what a kernel will do.

// RelocateError is a stub of a distilled base that has no type, or no certain
// one, in the base of a kernel.
type RelocateError struct {
	ID   btf.ID // of the stub, in the distilled base
	Kind btf.Kind
	Name string
	Msg  string
}

func (e *RelocateError) Error() string {
	return fmt.Sprintf("distilled base BTF type %q [%d] %v %s", e.Name, e.ID, e.Kind, e.Msg)
}

// Relocate puts split, whose base is a distilled one, on top of base. It
// returns the types on top of base and the new id of every id of split, void
// and the stubs first. Errors are a [*RelocateError] or those of
// [btf.CheckDistilled], but for a distilled base that is empty: it is taken as
// it was meant. The result is new memory.
func Relocate(base *Base, split *btf.BTF) (*Result, []btf.ID, error) {
	dist := split.Base
	if dist == nil {
		return nil, nil, fmt.Errorf("relocation: the BTF has no distilled base")
	}
	if dist.NumOwn() > 0 {
		if err := btf.CheckDistilled(dist); err != nil {
			return nil, nil, err
		}
	}
	if split.Opaque > 0 {
		return nil, nil, fmt.Errorf("relocation: %d types are of a kind that is not known", split.Opaque)
	}
	ids, err := findStubs(base, split)
	if err != nil {
		return nil, nil, err
	}
	start := btf.ID(base.NumTypes())
	for i := range split.Types.Rows {
		ids = append(ids, start+btf.ID(i))
	}

	strs := btf.NewStrings(base.strs)
	rw := rewriter{
		id: func(id uint32) uint32 { return uint32(ids[id]) },
		name: func(off uint32) uint32 {
			s, _ := split.Str(btf.StrOff(off))
			return uint32(strs.Intern(s))
		},
	}
	out := &Result{Start: start, StrStart: strs.Start()}
	for i := range split.Types.Rows {
		r := &split.Types.Rows[i]
		rw.append(&out.Types, r, split.Types.ItemsOf(r))
	}
	out.Strings = strs.Own()
	return out, ids, nil
}

// findStubs returns the id in base of every type of split's base.
func findStubs(base *Base, split *btf.BTF) ([]btf.ID, error) {
	dist := split.Base
	inside := map[btf.ID]bool{}
	row := func(id btf.ID) (*btf.Row, []btf.Item) { return split.Row(id), split.ItemsOf(id) }
	for id := split.Start; int(id) < split.NumTypes(); id++ {
		markEmbedded(row, id, inside)
	}
	ids := make([]btf.ID, 1, split.NumTypes())
	for id := btf.ID(1); int(id) < dist.NumTypes(); id++ {
		r, name := dist.Row(id), dist.Name(id)
		s := stub{id: id, kind: r.Info.Kind(), size: r.Type, fwdUnion: r.Info.KindFlag(), encoding: encodingOf(r), embedded: inside[id]}
		off, known := base.strs.Find(name)
		if known {
			s.name = off
			base.find(&s)
		}
		if s.found == 0 || s.second != 0 {
			return nil, &RelocateError{ID: id, Kind: s.kind, Name: string(name), Msg: base.whyLost(&s)}
		}
		ids = append(ids, s.found)
	}
	return ids, nil
}

// stub is a type of a distilled base.
type stub struct {
	id       btf.ID
	kind     btf.Kind
	name     btf.StrOff // in the base; 0 where that has no such string
	size     uint32     // 0 of a FWD
	fwdUnion bool
	encoding uint32
	embedded bool // a struct of the split BTF holds it by value

	found  btf.ID // 0 for none
	second btf.ID // the next candidate, 0 for none
}

// encodingOf returns the encoding of an INT.
func encodingOf(r *btf.Row) uint32 {
	if r.Info.Kind() != btf.KindInt {
		return 0
	}
	return r.Aux >> 24 & 0xf
}

// named returns, by name, the types that relocation looks at, each list in the
// order of ids.
func (b *Base) named() map[btf.StrOff][]btf.ID {
	b.namedOnce.Do(func() {
		b.namedTypes = map[btf.StrOff][]btf.ID{}
		for i := range b.types.Rows {
			if r := &b.types.Rows[i]; r.Name != 0 && (isStubKind(r.Info.Kind()) || r.Info.Kind() == btf.KindFwd) {
				b.namedTypes[r.Name] = append(b.namedTypes[r.Name], btf.ID(i))
			}
		}
	})
	return b.namedTypes
}

// find fills in what the kernel would find for s.
func (b *Base) find(s *stub) {
	ids := b.named()[s.name]
	several := b.composites(ids) > 1
	s.found, s.second = 0, 0
	for _, id := range ids {
		switch {
		case !s.takes(&b.types.Rows[id], several):
		case s.found == 0:
			s.found = id
		case s.second == 0:
			s.second = id
		}
	}
}

// HasComposite reports whether the base has a struct or union of a name, which is an
// offset of Strings.
func (b *Base) HasComposite(name btf.StrOff) bool { return b.composites(b.named()[name]) > 0 }

// composites counts the structs and unions among ids.
func (b *Base) composites(ids []btf.ID) int {
	n := 0
	for _, id := range ids {
		if k := b.types.Rows[id].Info.Kind(); k == btf.KindStruct || k == btf.KindUnion {
			n++
		}
	}
	return n
}

// takes reports whether the kernel takes r, which has the name of s, for the
// type of s. several says that the base has more than one composite type of
// that name.
func (s *stub) takes(r *btf.Row, several bool) bool {
	k := r.Info.Kind()
	composite := k == btf.KindStruct || k == btf.KindUnion
	// The size of a base type counts unless it is a FWD or the only composite
	// type of its name.
	if k != btf.KindFwd && !(composite && !several) && r.Type != s.size {
		return false
	}
	switch s.kind {
	case btf.KindInt:
		return k == btf.KindInt && encodingOf(r) == s.encoding
	case btf.KindFloat:
		return k == btf.KindFloat
	case btf.KindEnum:
		return k == btf.KindEnum || k == btf.KindEnum64
	case btf.KindFwd:
		// kind_flag of a struct means bit-fields, and is compared all the same.
		switch k {
		case btf.KindFwd:
			return r.Info.KindFlag() == s.fwdUnion
		case btf.KindStruct:
			return !r.Info.KindFlag()
		case btf.KindUnion:
			return r.Info.KindFlag()
		}
		return false
	}
	// The kernel keeps what is held by value marked in the place where it then
	// puts the first type found, so a second one may have any size.
	return !s.embedded || s.found != 0 || r.Type == s.size
}

// whyLost says why there is no type, or no certain one, for s.
func (b *Base) whyLost(s *stub) string {
	if s.second != 0 {
		return fmt.Sprintf("size %d has multiple candidates of the same size (ids [%d, %d]) in base BTF", s.size, s.found, s.second)
	}
	const msg = "is not mapped to base BTF id: "
	ids := b.named()[s.name]
	if s.name == 0 || len(ids) == 0 {
		return msg + "the base has no type of that name"
	}
	r := &b.types.Rows[ids[0]]
	switch k := r.Info.Kind(); {
	case s.kind == btf.KindFwd && (k == btf.KindStruct || k == btf.KindUnion):
		return msg + fmt.Sprintf("the kernel does not take %v [%d] for it, because of its kind or its bit-fields", k, ids[0])
	case s.kind == btf.KindInt && k == s.kind && r.Type == s.size:
		return msg + fmt.Sprintf("the base's [%d] has encoding %d, not %d", ids[0], encodingOf(r), s.encoding)
	case k == btf.KindFwd:
		return msg + fmt.Sprintf("the base has a forward declaration [%d]", ids[0])
	default:
		return msg + fmt.Sprintf("the base has %v [%d] of size %d, not %v of %d", k, ids[0], r.Type, s.kind, s.size)
	}
}

// maxEmbedded bounds the walk from a member to what it holds: a kernel follows
// 32 modifiers in a row, between which there may be arrays.
const maxEmbedded = 1 << 12

// markEmbedded adds to inside the structs and unions that id, if it is one
// itself, holds by value; row returns a type.
func markEmbedded(row func(btf.ID) (*btf.Row, []btf.Item), id btf.ID, inside map[btf.ID]bool) {
	r, items := row(id)
	if k := r.Info.Kind(); k != btf.KindStruct && k != btf.KindUnion {
		return
	}
	for _, m := range items {
		at := btf.ID(m.Type)
	walk:
		for range maxEmbedded {
			r, items := row(at)
			switch r.Info.Kind() {
			case btf.KindConst, btf.KindVolatile, btf.KindRestrict, btf.KindTypedef, btf.KindTypeTag:
				at = btf.ID(r.Type)
			case btf.KindArray:
				at = btf.ID(items[0].Type)
			case btf.KindStruct, btf.KindUnion:
				inside[at] = true
				break walk
			default:
				break walk
			}
		}
	}
}
