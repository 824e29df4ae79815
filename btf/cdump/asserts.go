package cdump

import "github.com/gobtfenc/gobtfenc/btf"

// asserts writes what a compiler is to find true of the structs and unions that
// were defined: the size, and the offset of each member that has a name and is
// no bit-field, those of structs without names inside them included.
func (d *dumper) asserts() {
	for _, id := range d.defined {
		body := id
		if r := d.b.Row(id); r.Info.Kind() == btf.KindTypedef {
			body = btf.ID(r.Type)
		}
		d.text("_Static_assert(sizeof(")
		d.specifier(id, d.b.Row(id), 0)
		d.text(") == ").num(uint64(d.b.Row(body).Type)).text(", \"size\");\n")
		d.assertMembers(id, body, "", 0)
	}
	d.text("\n")
}

// assertMembers asserts where members of struct body are, which lies in the type
// holder behind path, so many bytes from its start.
func (d *dumper) assertMembers(holder, body btf.ID, path string, from uint64) {
	if !d.enter(body) {
		return
	}
	defer d.leave()
	info := d.b.Row(body).Info
	for _, m := range d.b.ItemsOf(body) {
		start, width := btf.MemberBits(info, m.Val)
		if width != 0 || start%8 != 0 || !d.step(body) {
			continue
		}
		at, member := from+uint64(start/8), path
		if m.Name != 0 {
			member += d.plainName(btf.StrOff(m.Name))
			d.text("_Static_assert(__builtin_offsetof(")
			d.specifier(holder, d.b.Row(holder), 0)
			d.text(", ").text(member).text(") == ").num(at).text(", \"offset\");\n")
			member += "."
		}
		if d.isAnonStruct(btf.ID(m.Type)) {
			d.assertMembers(holder, btf.ID(m.Type), member, at)
		}
	}
}

// isAnonStruct reports whether a type is a struct or union without a name.
func (d *dumper) isAnonStruct(id btf.ID) bool {
	r := d.b.Row(id)
	switch r.Info.Kind() {
	case btf.KindStruct, btf.KindUnion:
		return r.Name == 0
	}
	return false
}
