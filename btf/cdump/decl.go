package cdump

import "github.com/gobtfenc/gobtfenc/btf"

// declare writes a declaration of name, which may be empty, with type id:
//
//	PTR → FUNC_PROTO → INT int      int (*name)(void)
//	ARRAY 4 → PTR → STRUCT s        struct s *name[4]
//
// BTF goes from the name to the innermost type, C begins with that one. So the
// chain is gathered and written from its end. An anonymous struct in it is
// written in full, with its members level+1 deep.
func (d *dumper) declare(id btf.ID, name string, level int) {
	if !d.enter(id) {
		return
	}
	defer d.leave()
	start := len(d.decls)
	for more := true; more; {
		d.decls = append(d.decls, id)
		if id, more = d.inner(id); more && !d.step(id) {
			return
		}
	}
	d.declarator(&chain{d.decls[start:]}, name, level)
	d.decls = d.decls[:start]
}

// inner returns what a type of a declarator is of, false at the chain's end.
func (d *dumper) inner(id btf.ID) (btf.ID, bool) {
	r := d.b.Row(id)
	switch r.Info.Kind() {
	case btf.KindPtr, btf.KindVolatile, btf.KindConst, btf.KindRestrict, btf.KindFuncProto, btf.KindTypeTag:
		return btf.ID(r.Type), true
	case btf.KindArray:
		return d.element(id), true
	}
	return 0, false
}

// chain is a declarator whose last types are not written yet.
type chain struct{ ids []btf.ID }

func (c *chain) pop() btf.ID {
	last := len(c.ids) - 1
	id := c.ids[last]
	c.ids = c.ids[:last]
	return id
}

// declarator writes a chain, which is not empty, and the name in it.
func (d *dumper) declarator(c *chain, name string, level int) {
	if !d.enter(c.ids[0]) {
		return
	}
	defer d.leave()
	afterPtr := true // no blank before what follows; true for a "*" in parentheses
	for len(c.ids) > 0 {
		id := c.pop()
		r := d.b.Row(id)
		kind := r.Info.Kind()
		switch kind {
		case btf.KindPtr:
			if !afterPtr {
				d.text(" ")
			}
			d.text("*")
		case btf.KindVolatile, btf.KindConst, btf.KindRestrict:
			d.text(" ").text(qualifiers[kind])
		case btf.KindTypeTag:
			d.qualify(c)
			d.typeTag(r)
		case btf.KindArray:
			d.arrayOf(c, id, name, afterPtr, level)
			return
		case btf.KindFuncProto:
			d.function(c, id, name, afterPtr, level)
			return
		default:
			d.qualify(c)
			d.specifier(id, r, level)
		}
		afterPtr = kind == btf.KindPtr
	}
	d.name(name, afterPtr)
}

var qualifiers = map[btf.Kind]string{
	btf.KindVolatile: "volatile",
	btf.KindConst:    "const",
	btf.KindRestrict: "restrict",
}

// qualify writes the qualifiers next in c before the type that they qualify.
func (d *dumper) qualify(c *chain) {
	for len(c.ids) > 0 {
		q := qualifiers[d.b.Row(c.ids[len(c.ids)-1]).Info.Kind()]
		if q == "" {
			return
		}
		d.text(q).text(" ")
		c.pop()
	}
}

// dropQualifiers leaves out those next in c. They are of an array, where GCC
// repeats the element's (its bug 8354), or of a function, which cannot have any
// (GCC marks noreturn by volatile).
func (d *dumper) dropQualifiers(c *chain) {
	for len(c.ids) > 0 {
		switch d.b.Row(c.ids[len(c.ids)-1]).Info.Kind() {
		case btf.KindVolatile, btf.KindConst, btf.KindRestrict, btf.KindTypeTag:
			c.pop()
		default:
			return
		}
	}
}

// specifier writes the innermost type of a chain.
func (d *dumper) specifier(id btf.ID, r *btf.Row, level int) {
	switch kind := r.Info.Kind(); kind {
	case btf.KindVoid:
		if id != 0 {
			d.fail(id, "is of an unknown kind")
		}
		d.text("void")
	case btf.KindInt, btf.KindFloat:
		d.text(d.numberName(r.Name))
	case btf.KindStruct, btf.KindUnion:
		if r.Name == 0 {
			d.structDef(id, level)
		} else {
			d.structName(id)
		}
	case btf.KindEnum, btf.KindEnum64:
		if r.Name == 0 {
			d.enum(id, level)
		} else {
			d.text("enum ").text(d.typeName(id))
		}
	case btf.KindFwd:
		d.forward(id)
	case btf.KindTypedef:
		d.text(d.ident(id))
	default:
		d.fail(id, "%v in a declaration", kind)
	}
}

// typeTag writes a type tag. One with kind_flag is an attribute by itself.
func (d *dumper) typeTag(r *btf.Row) {
	if r.Info.KindFlag() {
		d.text(" __attribute__((").text(d.plainName(r.Name)).text("))")
		return
	}
	d.text(` __attribute__((btf_type_tag("`).text(d.quoted(r.Name)).text(`")))`)
}

// arrayOf writes the rest of c as an array. One of more dimensions needs no
// parentheses.
func (d *dumper) arrayOf(c *chain, id btf.ID, name string, afterPtr bool, level int) {
	d.dropQualifiers(c)
	size := uint64(d.b.ItemsOf(id)[0].Val)
	if len(c.ids) == 0 {
		d.name(name, afterPtr)
		d.text("[").num(size).text("]")
		return
	}
	if name != "" && !afterPtr {
		d.text(" ")
	}
	if d.b.Row(c.ids[len(c.ids)-1]).Info.Kind() == btf.KindArray {
		d.declarator(c, name, level)
	} else {
		d.text("(")
		d.declarator(c, name, level)
		d.text(")")
	}
	d.text("[").num(size).text("]")
}

// function writes the rest of c as a function.
func (d *dumper) function(c *chain, id btf.ID, name string, afterPtr bool, level int) {
	d.dropQualifiers(c)
	if len(c.ids) > 0 {
		d.text(" (")
		d.declarator(c, name, level)
		d.text(")")
	} else {
		d.name(name, afterPtr)
	}
	params := d.b.ItemsOf(id)
	if len(params) == 0 || len(params) == 1 && params[0].Type == 0 {
		d.text("(void)")
		return
	}
	d.text("(")
	for i, m := range params {
		if i > 0 {
			d.text(", ")
		}
		if i == len(params)-1 && m.Type == 0 {
			d.text("...")
			break
		}
		d.declare(btf.ID(m.Type), d.plainName(btf.StrOff(m.Name)), level)
	}
	d.text(")")
}

// name writes the name that is declared.
func (d *dumper) name(s string, afterPtr bool) {
	if s != "" && !afterPtr {
		d.text(" ")
	}
	d.text(s)
}
