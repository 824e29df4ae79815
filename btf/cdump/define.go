package cdump

import "github.com/gobtfenc/gobtfenc/btf"

// emit writes what must stand before type id is used inside the definition of
// holder, or with holder 0 the definition of id itself. libbpf's
// btf_dump_emit_type has the same cases.
func (d *dumper) emit(id, holder btf.ID) {
	if !d.enter(id) {
		return
	}
	defer d.leave()
	s, r := &d.state[id], d.b.Row(id)
	switch s.define {
	case done:
		return
	case underWay:
		d.declareAhead(id, holder)
		return
	}
	switch r.Info.Kind() {
	case btf.KindInt:
		d.defineBuiltin(r)
		s.define = done
	case btf.KindEnum, btf.KindEnum64:
		if holder == 0 {
			d.enum(id, 0)
			d.text(";\n\n")
		}
		s.define = done
	case btf.KindPtr, btf.KindVolatile, btf.KindConst, btf.KindRestrict, btf.KindTypeTag:
		d.emit(btf.ID(r.Type), holder)
	case btf.KindArray:
		d.emit(d.element(id), holder)
	case btf.KindFwd:
		d.forward(id)
		d.text(";\n\n")
		s.define = done
	case btf.KindTypedef:
		s.define = underWay
		d.emit(btf.ID(r.Type), id)
		d.typedef(id)
		s.define = done
	case btf.KindStruct, btf.KindUnion:
		d.emitStruct(id, holder, r)
	case btf.KindFuncProto:
		d.emit(btf.ID(r.Type), holder)
		for _, m := range d.b.ItemsOf(id) {
			d.emit(btf.ID(m.Type), holder)
		}
	}
}

// declareAhead writes a forward declaration of a type whose definition is under
// way further out: something inside it points back to it.
func (d *dumper) declareAhead(id, holder btf.ID) {
	switch d.b.Row(id).Info.Kind() {
	case btf.KindTypedef:
		d.typedef(id)
	case btf.KindStruct, btf.KindUnion:
		switch {
		case id == holder:
		case d.b.Row(id).Name == 0:
			d.fail(id, "is without a name inside itself")
		default:
			d.declareStruct(id)
		}
	}
}

// declareStruct writes the forward declaration of a struct or union, once.
func (d *dumper) declareStruct(id btf.ID) {
	if d.state[id].declared {
		return
	}
	d.structName(id)
	d.text(";\n\n")
	d.state[id].declared = true
}

func (d *dumper) emitStruct(id, holder btf.ID, r *btf.Row) {
	s := &d.state[id]
	s.define = underWay
	if holder == 0 || r.Name == 0 {
		within := id
		if r.Name == 0 {
			within = holder
		}
		for _, m := range d.b.ItemsOf(id) {
			d.emit(btf.ID(m.Type), within)
		}
	} else if id != holder {
		d.declareStruct(id)
	}
	s.define = untouched
	if holder == 0 {
		d.structDef(id, 0)
		d.text(";\n\n")
		s.define = done
	}
}

// typedef writes a typedef, once: its definition serves as a declaration too.
func (d *dumper) typedef(id btf.ID) {
	s, r := &d.state[id], d.b.Row(id)
	name := d.ident(id)
	switch {
	case s.declared, name == "__builtin_va_list":
		// The compiler has it.
	case name == "__gnuc_va_list" && r.Type == 0:
		// Old GCCs say void, which is not what it is.
		d.text("typedef __builtin_va_list __gnuc_va_list;\n\n")
	default:
		d.text("typedef ")
		d.declare(btf.ID(r.Type), name, 0)
		d.text(";\n\n")
		if d.isAnonStruct(btf.ID(r.Type)) {
			d.defined = append(d.defined, id)
		}
	}
	s.declared = true
}

// builtins are types that clang has for arm64 and GCC has not.
var builtins = map[string]string{
	"__Poly8_t":   "unsigned char",
	"__Poly16_t":  "unsigned short",
	"__Poly64_t":  "unsigned long long",
	"__Poly128_t": "unsigned __int128",
}

func (d *dumper) defineBuiltin(r *btf.Row) {
	name := d.numberName(r.Name)
	if as := builtins[name]; as != "" {
		d.text("typedef ").text(as).text(" ").text(name).text(";\n\n")
	}
}

// forward writes the name of a FWD with its keyword.
func (d *dumper) forward(id btf.ID) {
	what := "struct "
	if d.b.Row(id).Info.KindFlag() {
		what = "union "
	}
	d.text(what).text(d.typeName(id))
}

// structName writes the name of a struct or union with its keyword.
func (d *dumper) structName(id btf.ID) {
	what := "struct"
	if d.b.Row(id).Info.Kind() == btf.KindUnion {
		what = "union"
	}
	d.text(what)
	if name := d.typeName(id); name != "" {
		d.text(" ").text(name)
	}
}

// structDef writes a struct or union with its members, which are level+1 deep.
func (d *dumper) structDef(id btf.ID, level int) {
	r, items := d.b.Row(id), d.b.ItemsOf(id)
	packed := d.isPacked(id)
	if r.Name != 0 {
		d.defined = append(d.defined, id)
	}
	d.structName(id)
	d.text(" {")
	p := place{d: d, id: id, level: level + 1}
	end := uint64(0)
	for _, m := range items {
		if !d.step(id) {
			return
		}
		d.member(&p, r.Info, m, packed)
		end = max(end, p.at)
	}
	p.at, p.inBits = end, false
	if r.Info.Kind() == btf.KindStruct {
		p.goOn(8*uint64(r.Type), d.align(id))
	} else {
		p.widen(r.Type, d.align(id))
	}
	if len(items) > 0 || r.Type > 0 {
		d.line(level)
	}
	d.text("}")
	if packed {
		d.text(" __attribute__((packed))")
	}
}

// member writes a member, and what brings a compiler to where it is.
func (d *dumper) member(p *place, info btf.Info, m btf.Item, packed bool) {
	typ := btf.ID(m.Type)
	start, width := btf.MemberBits(info, m.Val)
	align := uint32(1)
	if !packed {
		align = d.align(typ)
	}
	p.inBits = p.inBits && width != 0
	p.goOn(uint64(start), align)
	d.line(p.level)
	d.declare(typ, d.plainName(btf.StrOff(m.Name)), p.level)
	p.inBits, p.at = width != 0, uint64(start)+uint64(width)
	if p.inBits {
		d.text(": ").num(uint64(width))
	} else {
		p.at = uint64(start) + 8*d.size(typ)
	}
	d.text(";")
}

// enum writes an enum with its enumerators, which are level+1 deep. They share
// the name space of typedefs.
func (d *dumper) enum(id btf.ID, level int) {
	r, items := d.b.Row(id), d.b.ItemsOf(id)
	d.text("enum")
	if name := d.typeName(id); name != "" {
		d.text(" ").text(name)
	}
	if len(items) == 0 {
		return
	}
	d.text(" {")
	wide := false // a value needs 64 bits
	for _, m := range items {
		if !d.step(id) {
			return
		}
		d.line(level + 1)
		d.text(unused(d.names.idents, d.plainName(btf.StrOff(m.Name)))).text(" = ")
		wide = wide || m.Type != 0
		d.enumerator(r, m)
		d.text(",")
	}
	d.line(level)
	d.text("}")
	switch {
	case r.Type == 1:
		d.text(" __attribute__((mode(byte)))")
	case r.Type == 2:
		d.text(" __attribute__((mode(HI)))")
	case r.Type == 8 && d.ptrBits == 64 && !wide:
		d.text(" __attribute__((mode(word)))")
	}
}

// enumerator writes the value of one.
func (d *dumper) enumerator(r *btf.Row, m btf.Item) {
	signed, value := r.Info.KindFlag(), uint64(m.Type)<<32|uint64(m.Val)
	switch isWide := r.Info.Kind() == btf.KindEnum64; {
	case isWide && signed:
		d.int(int64(value)).text("LL")
	case isWide:
		d.num(value).text("ULL")
	case signed:
		d.int(int64(int32(m.Val)))
	default:
		d.num(uint64(m.Val))
	}
}
