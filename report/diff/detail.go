package diff

import (
	"fmt"
	"strconv"

	"github.com/gobtfenc/gobtfenc/btf"
)

const (
	// maxNesting bounds how deep nameless types are gone into for words.
	maxNesting = 32

	// maxDetails bounds what is told of one type.
	maxDetails = 10000
)

// details says where two types that are changed differ.
func (c *comparison) details(old, new btf.ID) []Detail {
	d := detailer{comparison: c}
	d.types(old, new)
	if len(d.all) == 0 {
		d.add("contents", "", "") // of which C has no words
	}
	return d.all
}

// detailer gathers the details of one pair of types.
type detailer struct {
	*comparison
	all     []Detail
	nesting int
}

// add adds a detail; old or new is empty for a part that is not there.
func (d *detailer) add(what, old, new string) {
	switch {
	case len(d.all) < maxDetails:
		d.all = append(d.all, Detail{what, old, new})
	case len(d.all) == maxDetails:
		d.all = append(d.all, Detail{What: "more"})
	}
}

// change adds a detail if there is a difference.
func (d *detailer) change(what, old, new string) {
	if old != new {
		d.add(what, old, new)
	}
}

// types compares two types that have one key.
func (d *detailer) types(old, new btf.ID) {
	r, q := d.old.Row(old), d.new.Row(new)
	kind := r.Info.Kind()
	switch {
	case kind == btf.KindFwd || q.Info.Kind() == btf.KindFwd:
		d.add("definition", definition(r), definition(q))
	case isEnum(r) && isEnum(q):
		d.enums(old, new)
	case kind != q.Info.Kind():
		d.add("kind", spell(d.old.BTF, old), spell(d.new.BTF, new))
	case kind == btf.KindStruct, kind == btf.KindUnion:
		d.change("size", bytesText(r.Type), bytesText(q.Type))
		d.members(old, new, place{})
	case kind == btf.KindInt, kind == btf.KindFloat:
		d.change("size", bytesText(r.Type), bytesText(q.Type))
		d.change("encoding", encoding(r), encoding(q))
	case kind == btf.KindTypedef:
		d.refs("type", btf.ID(r.Type), btf.ID(q.Type), place{})
	case kind == btf.KindVar:
		d.change("linkage", linkage(r.Aux), linkage(q.Aux))
		d.refs("type", btf.ID(r.Type), btf.ID(q.Type), place{})
	case kind == btf.KindFunc:
		d.change("linkage", linkage(uint32(r.Info.Vlen())), linkage(uint32(q.Info.Vlen())))
		d.functions(btf.ID(r.Type), btf.ID(q.Type))
	case kind == btf.KindDatasec:
		d.change("size", bytesText(r.Type), bytesText(q.Type))
		d.variables(old, new)
	case kind == btf.KindDeclTag:
		d.change("attribute", strconv.FormatBool(r.Info.KindFlag()), strconv.FormatBool(q.Info.KindFlag()))
		d.refs("of", btf.ID(r.Type), btf.ID(q.Type), place{})
	default:
		d.inside("type", old, new, place{})
	}
}

func definition(r *btf.Row) string {
	if r.Info.Kind() == btf.KindFwd {
		return "only declared"
	}
	return bytesText(r.Type)
}

func isEnum(r *btf.Row) bool {
	k := r.Info.Kind()
	return k == btf.KindEnum || k == btf.KindEnum64
}

func encoding(r *btf.Row) string {
	if r.Info.Kind() == btf.KindFloat {
		return "float"
	}
	text := strconv.Itoa(int(r.Aux&0xff)) + " bits"
	if off := r.Aux >> 16 & 0xff; off != 0 {
		text += " at " + strconv.Itoa(int(off))
	}
	switch r.Aux >> 24 {
	case 0:
		return text
	case btf.IntSigned:
		return text + ", signed"
	case btf.IntChar:
		return text + ", char"
	case btf.IntBool:
		return text + ", bool"
	}
	return text + fmt.Sprintf(", encoding %#x", r.Aux>>24)
}

func linkage(l uint32) string {
	switch l {
	case btf.LinkageStatic:
		return "static"
	case btf.LinkageGlobal:
		return "global"
	case btf.LinkageExtern:
		return "extern"
	}
	return strconv.FormatUint(uint64(l), 10)
}

// refs compares two types that are referred to by what.
func (d *detailer) refs(what string, old, new btf.ID, at place) {
	if d.sameReference(old, new) {
		return
	}
	x, y := spell(d.old.BTF, old), spell(d.new.BTF, new)
	if x != y {
		d.add(what, x, y)
		return
	}
	d.inside(what, old, new, at)
}

// inside compares two types that are spelled the same but are not: nameless
// structs in them differ, or what has a name is another one of that name.
func (d *detailer) inside(what string, old, new btf.ID, at place) {
	if d.nesting >= maxNesting {
		return
	}
	d.nesting++
	defer func() { d.nesting-- }()

	r, q := d.old.Row(old), d.new.Row(new)
	kind := r.Info.Kind()
	switch {
	case isNamed(r) || isNamed(q):
		d.another(what, old, new)
	case kind != q.Info.Kind():
		d.add(what, describe(d.old.BTF, old), describe(d.new.BTF, new))
	case kind == btf.KindStruct, kind == btf.KindUnion:
		d.change(spaced(what, "size"), bytesText(r.Type), bytesText(q.Type))
		d.members(old, new, at)
	case kind == btf.KindEnum, kind == btf.KindEnum64:
		d.enums(old, new)
	case kind == btf.KindFuncProto:
		d.functions(old, new)
	case kind == btf.KindArray:
		d.refs(what, btf.ID(d.old.ItemsOf(old)[0].Type), btf.ID(d.new.ItemsOf(new)[0].Type), at.through("[]"))
	case kind == btf.KindPtr:
		d.refs(what, btf.ID(r.Type), btf.ID(q.Type), at.through("->"))
	default:
		d.refs(what, btf.ID(r.Type), btf.ID(q.Type), at)
	}
}

// another says that two types have one name and are not the same.
func (d *detailer) another(what string, old, new btf.ID) {
	x, y := describe(d.old.BTF, old), describe(d.new.BTF, new)
	if x == y {
		y = "another " + y
	}
	d.add(what, x, y)
}

// enums compares enumerations.
func (d *detailer) enums(old, new btf.ID) {
	r, q := d.old.Row(old), d.new.Row(new)
	d.change("size", bytesText(r.Type), bytesText(q.Type))
	d.change("values", signedness(r), signedness(q))
	d.parts("enumerator", enumerators(d.old.BTF, old), enumerators(d.new.BTF, new))
}

func signedness(r *btf.Row) string {
	if r.Info.KindFlag() {
		return "signed"
	}
	return "unsigned"
}

func enumerators(b *btf.BTF, id btf.ID) []part {
	r := b.Row(id)
	var all []part
	for _, m := range b.ItemsOf(id) {
		value := enumValue(r, m)
		name := str(b, btf.StrOff(m.Name))
		all = append(all, part{name: name, at: uint64(m.Type)<<32 | uint64(m.Val), text: value, full: name + " = " + value})
	}
	return all
}

func enumValue(r *btf.Row, m btf.Item) string {
	signed := r.Info.KindFlag()
	switch {
	case r.Info.Kind() == btf.KindEnum && signed:
		return strconv.Itoa(int(int32(m.Val)))
	case r.Info.Kind() == btf.KindEnum:
		return strconv.FormatUint(uint64(m.Val), 10)
	case signed:
		return strconv.FormatInt(int64(uint64(m.Type)<<32|uint64(m.Val)), 10)
	}
	return strconv.FormatUint(uint64(m.Type)<<32|uint64(m.Val), 10)
}

// variables compares what is in two sections.
func (d *detailer) variables(old, new btf.ID) {
	d.parts("variable", contents(d.old.BTF, old), contents(d.new.BTF, new))
}

func contents(b *btf.BTF, id btf.ID) []part {
	var all []part
	for _, m := range b.ItemsOf(id) {
		name := keyOf(b, btf.ID(m.Type)).name
		text := fmt.Sprintf("%s at %d", bytesText(m.Name), m.Val)
		all = append(all, part{name: name, at: uint64(m.Val), size: m.Name, text: text, full: name + ", " + text})
	}
	return all
}

// functions compares two prototypes.
func (d *detailer) functions(old, new btf.ID) {
	r, q := d.old.Row(old), d.new.Row(new)
	if r.Info.Kind() != btf.KindFuncProto || q.Info.Kind() != btf.KindFuncProto {
		d.refs("type", old, new, place{})
		return
	}
	d.refs("return type", btf.ID(r.Type), btf.ID(q.Type), place{})
	x, y := params(d.old.BTF, old), params(d.new.BTF, new)
	for _, m := range d.align(x, y) {
		switch {
		case m.new < 0:
			d.add(parameter(m.old), x[m.old].full, "")
		case m.old < 0:
			d.add(parameter(m.new), "", y[m.new].full)
		case x[m.old].full != y[m.new].full:
			d.add(parameter(m.new), x[m.old].full, y[m.new].full)
		default:
			d.refs(parameter(m.new), x[m.old].id, y[m.new].id, place{})
			if len(x) == len(y) { // otherwise it has moved because of another one
				d.change(y[m.new].full, parameter(m.old), parameter(m.new))
			}
		}
	}
}

func parameter(i int) string { return "parameter " + strconv.Itoa(i+1) }

// params returns the parameters of a prototype.
func params(b *btf.BTF, id btf.ID) []part {
	items := b.ItemsOf(id)
	all := make([]part, len(items))
	for i, m := range items {
		p := part{name: str(b, btf.StrOff(m.Name)), at: uint64(i), id: btf.ID(m.Type)}
		if p.full = declare(b, p.id, p.name); m.Type == 0 && i == len(items)-1 {
			p.full = etc
		}
		all[i] = p
	}
	return all
}
