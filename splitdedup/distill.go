package splitdedup

import (
	"fmt"
	"iter"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Split BTF refers to its base by number, so it fits the very kernel that it
// was made for. A module from outside the tree is loaded into others too. For
// that it brings along a distilled base, .BTF.base: as much of each base type
// as is needed to find it again by name in another kernel (relocate.go).
//
//	base                                  distilled base
//	[1] INT 'int' size=4                  [1] INT 'int' size=4
//	[2] STRUCT 'page' size=64 …           [2] STRUCT 'page' size=64 vlen=0
//	[3] PTR type_id=2
//	split                                 split
//	[4] FUNC_PROTO ret=1, (3)             [3] FUNC_PROTO ret=1, (4)
//	                                      [4] PTR type_id=2
//
// A base type that the split BTF reaches goes one of two ways:
//
//   - A stub in the distilled base: INT and FLOAT as they are, STRUCT and UNION
//     without members, ENUM and ENUM64 as an ENUM without values. It must have
//     a name. What it refers to is not needed.
//   - A full copy behind the types of the split BTF, and what it refers to is
//     needed as well: all that has no name of its own to be found by.
//
// This is the division of libbpf's btf__distill_base. Where that one leads to
// BTF which a kernel refuses, or reads otherwise than it was meant, a full copy
// takes the place of the stub:
//
//   - What the kernel's own rules would not find again in the base at hand,
//     because another type has the name too. The kernel would refuse the module.
//   - FWD. Relocation compares a bit of it, struct or union, with the bit of
//     the complete type that says whether there are bit-fields, so that a kernel
//     which has the struct, with bit-fields, refuses the module; so does one
//     that lost the declaration. There is nothing to be gained by a stub.
//   - FUNC, VAR and DATASEC, to which libbpf refuses references: a decl tag of
//     the module whose function is the same as one of the base.
//
// A distilled base is never empty, unless nothing in the base can be found by
// its name: see anchor.

// Distilled is split BTF with the base that it carries with it.
type Distilled struct {
	Base  Result // the distilled base, which stands alone
	Split Result // on top of it

	// IDs holds the new id of every old one, those of the base first; 0 for
	// a base type that is not needed.
	IDs []btf.ID

	// Kept are the named base types that stand in Split in full although
	// their kind allows a stub, in the order of their ids.
	Kept []Kept
}

// Kept is a base type that Distill copied instead of making a stub of it.
type Kept struct {
	ID     btf.ID // in Distilled.Split
	Kind   btf.Kind
	Name   string
	Reason string
}

// Distill parts split from base. References and names of split must exist. keep
// names base types that are needed although nothing in split refers to them:
// types as if something did, functions and tags as copies. Ids of split and ids
// given twice do no harm. The result is new memory.
func Distill(base *Base, split *Result, keep []btf.ID) (*Distilled, error) {
	if base.strs == nil {
		return nil, fmt.Errorf("distilled base: there is no base")
	}
	d := &distiller{base: base, split: split, first: btf.ID(base.NumTypes()), fate: make([]fate, base.NumTypes())}
	if err := d.needAll(keep); err != nil {
		return nil, err
	}
	// A copy may need other types, so look until every stub is found again.
	for d.copyLost() {
		if err := d.drain(); err != nil {
			return nil, err
		}
	}
	d.anchor()
	// From here on it is settled where each base type goes.
	return d.build()
}

// fate is what becomes of a base type.
type fate uint8

const (
	fateNone fate = iota // not needed
	fateStub
	fateCopy
)

type distiller struct {
	base  *Base
	split *Result
	first btf.ID // of the split BTF's own types
	fate  []fate // by base id
	todo  []btf.ID
	used  []btf.ID // those whose fate is not fateNone
	ids   []btf.ID
	lost  []stub // of fateCopy, those that were stubs: found says why
}

// row returns the row and the items of an old id.
func (d *distiller) row(id btf.ID) (*btf.Row, []btf.Item) {
	t, i := &d.split.Types, id-d.first
	if id < d.first {
		t, i = &d.base.types, id
	}
	r := &t.Rows[i]
	return r, t.ItemsOf(r)
}

// needAll decides about all base types that the split BTF needs.
func (d *distiller) needAll(keep []btf.ID) error {
	for i := range d.split.Types.Rows {
		d.needRefs(d.first + btf.ID(i))
	}
	for _, id := range keep {
		d.need(uint32(id))
	}
	return d.drain()
}

// need notes that a base type is needed.
func (d *distiller) need(ref uint32) {
	if id := btf.ID(ref); id != 0 && id < d.first && d.fate[id] == fateNone {
		d.set(id, fateStub)
		d.todo = append(d.todo, id)
	}
}

func (d *distiller) set(id btf.ID, f fate) {
	if d.fate[id] == fateNone {
		d.used = append(d.used, id)
	}
	d.fate[id] = f
}

// of returns the base types of a fate, in the order of their ids, until the next
// one gets it.
func (d *distiller) of(f fate) iter.Seq[btf.ID] {
	slices.Sort(d.used)
	return func(yield func(btf.ID) bool) {
		for _, id := range d.used {
			if d.fate[id] == f && !yield(id) {
				return
			}
		}
	}
}

func (d *distiller) needRefs(id btf.ID) {
	r, items := d.row(id)
	s := btf.Shapes[r.Info.Kind()]
	if s.TypeIsRef {
		d.need(r.Type)
	}
	for i := range items {
		if s.ItemTypeRef {
			d.need(items[i].Type)
		}
		if s.ItemNameRef {
			d.need(items[i].Name)
		}
	}
}

// setCopy has a base type copied in full.
func (d *distiller) setCopy(id btf.ID) {
	if d.fate[id] != fateCopy {
		d.set(id, fateCopy)
		d.needRefs(id)
	}
}

// drain divides what is needed into stubs and copies.
func (d *distiller) drain() error {
	for len(d.todo) > 0 {
		id := d.todo[len(d.todo)-1]
		d.todo = d.todo[:len(d.todo)-1]
		r := &d.base.types.Rows[id]
		switch k := r.Info.Kind(); {
		case k == btf.KindVoid:
			return fmt.Errorf("distilled base: type %d of the base, to which the split BTF refers, is of an unknown kind", id)
		case r.Name == 0 || !isStubKind(k):
			d.setCopy(id)
		}
	}
	return nil
}

// isStubKind reports whether a named type of kind k has a stub.
func isStubKind(k btf.Kind) bool {
	switch k {
	case btf.KindInt, btf.KindFloat, btf.KindStruct, btf.KindUnion, btf.KindEnum, btf.KindEnum64:
		return true
	}
	return false
}

// stubOf returns the stub of a base type.
func (d *distiller) stubOf(id btf.ID) stub {
	r := &d.base.types.Rows[id]
	s := stub{id: id, kind: r.Info.Kind(), name: r.Name, size: r.Type, encoding: encodingOf(r)}
	if s.kind == btf.KindEnum64 {
		s.kind = btf.KindEnum
	}
	return s
}

// copyLost has those types copied whose stub relocation would find twice, and
// reports whether there were any: a stub always finds its own type. That a struct holds some by value
// is not looked at: it is of use to the kernel in some orders of the base and
// not in others (see takes).
func (d *distiller) copyLost() bool {
	var lost []stub
	for id := range d.of(fateStub) {
		s := d.stubOf(id)
		if d.base.find(&s); s.second != 0 {
			lost = append(lost, s)
		}
	}
	for _, s := range lost {
		d.setCopy(s.id)
	}
	d.lost = append(d.lost, lost...)
	return len(lost) > 0
}

// anchor sees to it that the distilled base has a type. A kernel numbers void
// together with the first type of a base (btf_add_type), so on an empty one the
// ids of the split BTF would all be read one too low. int is in every kernel.
func (d *distiller) anchor() {
	for range d.of(fateStub) {
		return
	}
	fits := func(id btf.ID) bool {
		if d.fate[id] != fateNone || d.base.types.Rows[id].Name == 0 || !isStubKind(d.base.types.Rows[id].Info.Kind()) {
			return false
		}
		s := d.stubOf(id)
		d.base.find(&s)
		return s.second == 0
	}
	if off, ok := d.base.strs.Find([]byte("int")); ok {
		for _, id := range d.base.named()[off] {
			if fits(id) {
				d.set(id, fateStub)
				return
			}
		}
	}
	for id := btf.ID(1); id < d.first; id++ {
		if fits(id) {
			d.set(id, fateStub)
			return
		}
	}
}

// build makes the two parts. Stubs and copies stand in the order of the base;
// copies follow the split BTF's own types.
func (d *distiller) build() (*Distilled, error) {
	own := len(d.split.Types.Rows)
	d.ids = make([]btf.ID, int(d.first)+own)
	next := btf.ID(1)
	number := func(f fate) {
		for id := range d.of(f) {
			d.ids[id] = next
			next++
		}
	}
	number(fateStub)
	start := next
	for i := range d.split.Types.Rows {
		d.ids[int(d.first)+i] = next
		next++
	}
	number(fateCopy)

	out := &Distilled{IDs: d.ids}
	strs := btf.NewStrings(nil)
	out.Base.Types.Rows = make([]btf.Row, 1, start)
	for id := range d.of(fateStub) {
		out.Base.Types.Rows = append(out.Base.Types.Rows, d.stubRow(id, strs))
	}
	out.Base.Strings = strs.Own()
	index, err := btf.NewStrIndex(out.Base.Strings)
	if err != nil {
		return nil, fmt.Errorf("distilled base: %w", err)
	}

	strs = btf.NewStrings(index)
	out.Split = Result{Start: start, StrStart: index.Len()}
	for i := range d.split.Types.Rows {
		d.appendRow(&out.Split.Types, d.first+btf.ID(i), strs)
	}
	for id := range d.of(fateCopy) {
		d.appendRow(&out.Split.Types, id, strs)
	}
	out.Split.Strings = strs.Own()
	out.Kept = d.kept()
	return out, nil
}

// stubRow returns the row of a stub.
func (d *distiller) stubRow(id btf.ID, strs *btf.Strings) btf.Row {
	r := d.base.types.Rows[id]
	r.Name = strs.Intern(d.base.strs.Bytes(r.Name))
	switch r.Info.Kind() {
	case btf.KindStruct, btf.KindUnion:
		r.Info, r.Aux = btf.MakeInfo(r.Info.Kind(), 0, false), 0
	case btf.KindEnum, btf.KindEnum64:
		r.Info, r.Aux = btf.MakeInfo(btf.KindEnum, 0, false), 0
	}
	return r
}

// appendRow appends a type to t, in the new numbers and with its names in strs.
func (d *distiller) appendRow(t *btf.Types, id btf.ID, strs *btf.Strings) {
	r, items := d.row(id)
	rw := rewriter{
		id:   func(id uint32) uint32 { return uint32(d.ids[id]) },
		name: func(off uint32) uint32 { return uint32(strs.Intern(d.str(btf.StrOff(off)))) },
	}
	rw.append(t, r, items)
}

// str returns a name of the split BTF or of its base.
func (d *distiller) str(off btf.StrOff) []byte {
	if off < d.split.StrStart {
		return d.base.strs.Bytes(off)
	}
	return stringAt(d.split.Strings, off-d.split.StrStart)
}

// kept lists the copies that could have been stubs.
func (d *distiller) kept() []Kept {
	lost := make(map[btf.ID]*stub, len(d.lost))
	for i := range d.lost {
		lost[d.lost[i].id] = &d.lost[i]
	}
	var out []Kept
	for id := range d.of(fateCopy) {
		r := &d.base.types.Rows[id]
		if r.Name == 0 {
			continue
		}
		k := Kept{ID: d.ids[id], Kind: r.Info.Kind(), Name: string(d.base.strs.Bytes(r.Name))}
		switch s := lost[id]; {
		case s != nil:
			k.Reason = fmt.Sprintf("the base has types of that name that a kernel cannot tell apart (ids %d and %d)", s.found, s.second)
		case r.Info.Kind() == btf.KindFwd:
			k.Reason = "a kernel that has the type complete, or not at all, might not load the module"
		case r.Info.Kind() == btf.KindFunc, r.Info.Kind() == btf.KindVar, r.Info.Kind() == btf.KindDatasec:
			k.Reason = "a type of the module refers to it"
		default:
			continue
		}
		out = append(out, k)
	}
	return out
}
