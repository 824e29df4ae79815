package diff

import (
	"fmt"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
)

// place is where the members of a nameless struct or union are: what the source
// writes before their names, and the offset of the whole in bits.
type place struct {
	path     string
	old, new uint64
}

// through is the place of what a pointer or an array at p leads to.
func (p place) through(how string) place { return place{path: p.path + how} }

// name is how the source writes a member at p.
func (p place) name(member string) string {
	if p.path == "" || strings.HasSuffix(p.path, "->") {
		return p.path + member
	}
	return p.path + "." + member
}

// members compares the members of two structs or unions at a place.
func (d *detailer) members(old, new btf.ID, at place) {
	x, y := d.partsOf(d.old.BTF, old, at.old), d.partsOf(d.new.BTF, new, at.new)
	run := shift{what: "member"}
	for _, m := range d.align(x, y) {
		if m.old < 0 || m.new < 0 {
			run.end(d)
			d.lone(x, y, m, at)
			continue
		}
		a, b := &x[m.old], &y[m.new]
		if a.name == b.name && a.text == b.text && d.sameReference(a.id, b.id) {
			run.add(d, at.name(label(d.new.BTF, b)), b.at-a.at, position(a), position(b))
			continue
		}
		run.end(d)
		d.member(a, b, at)
	}
	run.end(d)
}

// partsOf returns the members of a struct or union which is at an offset in bits.
func (d *detailer) partsOf(b *btf.BTF, id btf.ID, offset uint64) []part {
	r := b.Row(id)
	items := b.ItemsOf(id)
	if !d.take(len(items)) {
		return nil
	}
	all := make([]part, len(items))
	for i, m := range items {
		off, bits := btf.MemberBits(r.Info, m.Val)
		p := part{name: str(b, btf.StrOff(m.Name)), at: offset + uint64(off), id: btf.ID(m.Type)}
		width := ""
		if bits != 0 {
			width = fmt.Sprintf(":%d", bits)
		}
		p.text = spell(b, p.id) + width
		p.full = declare(b, p.id, p.name) + width
		all[i] = p
	}
	return all
}

// lone tells of a member that only one side has.
func (d *detailer) lone(x, y []part, m match, at place) {
	if m.new < 0 {
		p := &x[m.old]
		d.add("member "+at.name(label(d.old.BTF, p)), p.text+" "+position(p), "")
		return
	}
	p := &y[m.new]
	d.add("member "+at.name(label(d.new.BTF, p)), "", p.text+" "+position(p))
}

// member tells what two members differ in, offsets aside.
func (d *detailer) member(a, b *part, at place) {
	name := at.name(label(d.new.BTF, b))
	what := "member " + name
	switch {
	case a.name != b.name:
		d.add(what, a.full+" "+position(a), b.full+" "+position(b))
	case a.text != b.text && a.at != b.at:
		d.add(what, a.text+" "+position(a), b.text+" "+position(b))
	case a.text != b.text:
		d.add(what, a.text, b.text)
	default:
		within := place{path: at.path, old: a.at, new: b.at}
		if b.name != "" {
			within.path = name
		}
		d.inside(what, a.id, b.id, within)
		if !isComposite(d.new.Row(b.id)) {
			d.change(what, position(a), position(b))
		}
	}
}

func isComposite(r *btf.Row) bool {
	k := r.Info.Kind()
	return k == btf.KindStruct || k == btf.KindUnion
}

// label is a member's name, or what it is where it has none.
func label(b *btf.BTF, p *part) string {
	if p.name != "" {
		return p.name
	}
	if word := keyword(b.Row(p.id)); word != "" {
		return "(" + word + ")"
	}
	return "(no name)"
}

// position says where a member is, in bytes, and bits where it does not begin
// with a byte.
func position(p *part) string {
	if bit := p.at % 8; bit != 0 {
		return fmt.Sprintf("at %d:%d", p.at/8, bit)
	}
	return fmt.Sprintf("at %d", p.at/8)
}
