package btfids

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// What a kfunc's flags say of its BTF.
//
// The flags of a kfunc are known where .BTF_ids is, not where DWARF is read. In 2026
// resolve_btfids began to write into the BTF what follows from them, before that
// pahole did some of it (features decl_tag_kfuncs and attributes):
//
//	bpf_foo                    DECL_TAG 'bpf_kfunc' → FUNC bpf_foo
//	KF_FASTCALL                DECL_TAG 'bpf_fastcall' → FUNC bpf_foo
//	KF_ARENA_RET, …_ARG1, …    a pointer into an arena: PTR → TYPE_TAG
//	or a parameter p__arena    'address_space(1)' with kind_flag → T
//	KF_IMPLICIT_ARGS           the verifier passes the last parameters, so that
//	                           programs call a function without them:
//	                             FUNC bpf_foo      int (int)
//	                             FUNC bpf_foo_impl int (int, struct bpf_prog_aux *)
//
// A prototype may be that of other functions too and is never changed: the kfunc
// gets a new one. What is there already is not done again, so that it does no harm
// if pahole was told to do it, too. The result has types twice and is to be
// deduplicated.
//
// A kfunc must be a function of the BTF itself. One that the base has as well is
// the base's to whoever looks its name up, and cannot be called as the module's.

const (
	implSuffix = "_impl"
	maxName    = 511 // of a function: KSYM_NAME_LEN without NUL
)

// implicitTypes are the structs that the verifier passes pointers to.
var implicitTypes = []string{"bpf_prog_aux", "btf_struct_meta"}

// Transform returns b with the BTF of its kfuncs as their flags ask for it, b
// itself where there is nothing to do. b stays as it is; it must have no types of
// unknown kinds. A function with different flags in different sets is an error.
func Transform(b *btf.BTF, kfuncs []Kfunc) (*btf.BTF, []Warning, error) {
	if len(kfuncs) == 0 {
		return b, nil, nil
	}
	if b.Opaque > 0 {
		return nil, nil, fmt.Errorf("%d types are of unknown kinds", b.Opaque)
	}
	own := ownFuncs(b)
	found, warnings, err := findKfuncs(own, kfuncs)
	if err != nil || len(found) == 0 {
		return b, warnings, err
	}
	e := &editor{b: &btf.BTF{
		Types: btf.Types{Rows: slices.Clone(b.Types.Rows), Items: slices.Clone(b.Types.Items)},
		Start: b.Start, Strs: slices.Clone(b.Strs), StrStart: b.StrStart, Base: b.Base, Order: b.Order,
	}, own: own, names: map[string]btf.StrOff{}}
	e.findTags()
	for _, k := range found {
		if err := e.kfunc(k); err != nil {
			return nil, nil, fmt.Errorf("kfunc %s: %w", k.Name, err)
		}
	}
	return e.b, warnings, nil
}

// ownFuncs returns the own functions of b by name, of several the first.
func ownFuncs(b *btf.BTF) map[string]btf.ID {
	own := map[string]btf.ID{}
	for i := range b.Types.Rows {
		if b.Types.Rows[i].Info.Kind() != btf.KindFunc {
			continue
		}
		id := b.Start + btf.ID(i)
		if name := string(b.Name(id)); own[name] == 0 {
			own[name] = id
		}
	}
	return own
}

// ownKfunc is a kfunc with its function.
type ownKfunc struct {
	Kfunc
	id btf.ID
}

// findKfuncs returns the kfuncs that there are, in the order of their ids.
func findKfuncs(own map[string]btf.ID, kfuncs []Kfunc) ([]ownKfunc, []Warning, error) {
	var found []ownKfunc
	var warnings []Warning
	flags := map[btf.ID]uint32{}
	for _, k := range kfuncs {
		if k.Name == "" {
			warnings = append(warnings, Warning(fmt.Sprintf("resolve_btfids: no BTF ID symbol for %s entry %d", k.Set, k.Entry)))
			continue
		}
		id, ok := own[k.Name]
		if !ok {
			warnings = append(warnings, Warning(fmt.Sprintf("resolve_btfids: no BTF func for kfunc %s in %s", k.Name, k.Set)))
			continue
		}
		switch old, seen := flags[id]; {
		case seen && old != k.Flags:
			return nil, nil, fmt.Errorf("kfunc %s has inconsistent flags across BTF ID sets: %#x != %#x", k.Name, old, k.Flags)
		case !seen:
			flags[id] = k.Flags
			found = append(found, ownKfunc{k, id})
		}
	}
	slices.SortFunc(found, func(a, b ownKfunc) int { return cmp.Compare(a.id, b.id) })
	return found, warnings, nil
}

// editor changes a BTF.
type editor struct {
	b     *btf.BTF
	own   map[string]btf.ID     // functions
	tags  map[btf.ID][]btf.ID   // decl tags by what they are on
	names map[string]btf.StrOff // added
}

func (e *editor) findTags() {
	e.tags = map[btf.ID][]btf.ID{}
	for i := range e.b.Types.Rows {
		if r := &e.b.Types.Rows[i]; r.Info.Kind() == btf.KindDeclTag {
			e.tags[btf.ID(r.Type)] = append(e.tags[btf.ID(r.Type)], e.b.Start+btf.ID(i))
		}
	}
}

// name returns the offset of a string.
func (e *editor) name(s string) btf.StrOff {
	off, ok := e.names[s]
	if !ok {
		off = e.b.StrStart + btf.StrOff(len(e.b.Strs))
		e.b.Strs = append(append(e.b.Strs, s...), 0)
		e.names[s] = off
	}
	return off
}

// add adds a type and returns its id.
func (e *editor) add(r btf.Row, items ...btf.Item) btf.ID {
	t := &e.b.Types
	if btf.Shapes[r.Info.Kind()].HasItems {
		r.Aux = uint32(len(t.Items))
		t.Items = append(t.Items, items...)
	}
	t.Rows = append(t.Rows, r)
	return e.b.Start + btf.ID(len(t.Rows)-1)
}

// Row and Add make an editor a Store.
func (e *editor) Row(id btf.ID) *btf.Row { return e.b.Row(id) }

func (e *editor) Add(r btf.Row, items []btf.Item) (btf.ID, error) { return e.add(r, items...), nil }

func (e *editor) tag(id btf.ID, value btf.StrOff, component uint32, attribute bool) {
	tag := e.add(btf.Row{Name: value, Info: btf.MakeInfo(btf.KindDeclTag, 0, attribute), Type: uint32(id), Aux: component})
	e.tags[id] = append(e.tags[id], tag)
}

const wholeFunc = ^uint32(0) // component -1

func (e *editor) kfunc(k ownKfunc) error {
	e.tag(k.id, e.name(TagKfunc), wholeFunc, false)
	if k.Flags&FlagFastcall != 0 {
		e.tag(k.id, e.name(TagFastcall), wholeFunc, false)
	}
	if k.Flags&FlagImplicitArgs != 0 {
		if err := e.hideImplicit(k); err != nil {
			return err
		}
	}
	return e.markArena(k)
}

// proto returns the prototype of a function.
func (e *editor) proto(id btf.ID) (btf.ID, *btf.Row, error) {
	proto := btf.ID(e.b.Row(id).Type)
	if row := e.b.Row(proto); row != nil && row.Info.Kind() == btf.KindFuncProto {
		return proto, row, nil
	}
	return 0, nil, fmt.Errorf("type [%d] is no prototype", proto)
}

// setProto gives a function a prototype of its own.
func (e *editor) setProto(id btf.ID, ret uint32, params []btf.Item) {
	proto := e.add(btf.Row{Info: btf.MakeInfo(btf.KindFuncProto, len(params), false), Type: ret}, params...)
	e.b.Row(id).Type = uint32(proto)
}

// hideImplicit cuts what the verifier passes off the prototype and gives the
// whole one to a second function. Tags on what was cut off go to that one.
func (e *editor) hideImplicit(k ownKfunc) error {
	proto, row, err := e.proto(k.id)
	if err != nil {
		return err
	}
	params := slices.Clone(e.b.ItemsOf(proto))
	cut := slices.IndexFunc(params, e.isImplicit)
	if cut < 0 {
		cut = len(params)
	}
	ret := row.Type
	name := k.Name + implSuffix
	if len(name) > maxName {
		return fmt.Errorf("function name is too long: %s", name)
	}
	// Old sources declare the second function themselves.
	impl, declared := e.own[name]
	if !declared {
		f := *e.b.Row(k.id)
		f.Name = e.name(name)
		impl = e.add(f)
		e.own[name] = impl
	}
	for _, tag := range e.tags[k.id] {
		t := *e.b.Row(tag)
		switch {
		case string(e.b.Name(tag)) == TagKfunc:
		case t.Aux != wholeFunc && t.Aux >= uint32(cut):
			e.b.Row(tag).Type = uint32(impl)
		case !declared:
			e.tag(impl, t.Name, t.Aux, t.Info.KindFlag())
		}
	}
	e.setProto(k.id, ret, params[:cut])
	return nil
}

// isImplicit reports whether a parameter points to a struct that the verifier
// passes.
func (e *editor) isImplicit(p btf.Item) bool {
	_, ptr := e.bare(btf.ID(p.Type))
	if ptr == nil || ptr.Info.Kind() != btf.KindPtr {
		return false
	}
	id, target := e.bare(btf.ID(ptr.Type))
	return target != nil && target.Info.Kind() == btf.KindStruct && slices.Contains(implicitTypes, string(e.b.Name(id)))
}

// maxChain is the length of the longest chain of modifiers that a kernel takes.
const maxChain = 32

// bare returns a type without its modifiers, nil where they come to no end.
func (e *editor) bare(id btf.ID) (btf.ID, *btf.Row) {
	for range maxChain {
		row := e.b.Row(id)
		switch row.Info.Kind() {
		case btf.KindConst, btf.KindVolatile, btf.KindRestrict, btf.KindTypeTag:
			id = btf.ID(row.Type)
		default:
			return id, row
		}
	}
	return 0, nil
}

var arenaSuffixes = [...]string{"__arena", "__arena__nullable"}

// markArena gives a kfunc with pointers into an arena a prototype that says so.
func (e *editor) markArena(k ownKfunc) error {
	proto, row, err := e.proto(k.id)
	if err != nil {
		return err
	}
	ret, params, changed := row.Type, slices.Clone(e.b.ItemsOf(proto)), false
	mark := func(ref *uint32, what string) error {
		if e.isMarked(btf.ID(*ref)) {
			return nil
		}
		id, err := ArenaPointer(e, e.name(AttrArena), btf.ID(*ref))
		if err != nil {
			return fmt.Errorf("%s %w", what, err)
		}
		*ref, changed = uint32(id), true
		return nil
	}
	if k.Flags&FlagArenaRet != 0 {
		if err := mark(&ret, "return value"); err != nil {
			return err
		}
	}
	for i := range params {
		if e.isArena(k.Flags, i, params[i]) {
			if err := mark(&params[i].Type, fmt.Sprintf("parameter %d", i+1)); err != nil {
				return err
			}
		}
	}
	if changed {
		e.setProto(k.id, ret, params)
	}
	return nil
}

// isArena reports whether parameter i is a pointer into an arena.
func (e *editor) isArena(flags uint32, i int, p btf.Item) bool {
	name, _ := e.b.Str(btf.StrOff(p.Name))
	for _, suffix := range arenaSuffixes {
		if bytes.HasSuffix(name, []byte(suffix)) {
			return true
		}
	}
	return i == 0 && flags&FlagArenaArg1 != 0 || i == 1 && flags&FlagArenaArg2 != 0
}

// isMarked reports whether id is a pointer into the arena's address space already.
func (e *editor) isMarked(id btf.ID) bool {
	r := e.b.Row(id)
	if r.Info.Kind() != btf.KindPtr {
		return false
	}
	target := btf.ID(r.Type)
	t := e.b.Row(target)
	return t.Info.Kind() == btf.KindTypeTag && t.Info.KindFlag() && string(e.b.Name(target)) == AttrArena
}
