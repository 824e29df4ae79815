package btf

import (
	"io"
	"iter"
)

// Dump writes b's own types as text, as [DumpTypes] does.
func Dump(w io.Writer, b *BTF) error { return DumpTypes(w, b, b.OwnIDs()) }

// DumpTypes writes types of b as text, in the form of "bpftool btf dump file
// FILE format raw": a line per type that begins with its id, and a line per
// member, enumerator, parameter or variable behind it, indented by a tab. Names
// are as [escape.Terminal] makes them.
func DumpTypes(w io.Writer, b *BTF, ids iter.Seq[ID]) error {
	d := newDumper(w, b)
	for id := range ids {
		d.add(id)
	}
	return d.close()
}

// DumpJSON writes types of b as "bpftool --json btf dump file FILE" does: one
// object with the array types, whose objects have the fields of the raw form.
func DumpJSON(w io.Writer, b *BTF, ids iter.Seq[ID]) error {
	d := newDumper(w, b)
	d.json = true
	d.text(`{"types":[`)
	first := true
	for id := range ids {
		if !first {
			d.text(",")
		}
		first = false
		d.add(id)
	}
	d.text("]}\n")
	return d.close()
}

// dumper writes types in one of two forms, which have the same fields in the
// same order. dumpform.go has what is different.
type dumper struct {
	w    io.Writer
	b    *BTF
	json bool
	buf  []byte
	err  error // the first one of w; nothing is written after it
}

func newDumper(w io.Writer, b *BTF) *dumper {
	return &dumper{w: w, b: b, buf: make([]byte, 0, dumpBuffer+4096)}
}

// add appends type id, if there is one.
func (d *dumper) add(id ID) {
	o := d.b.Owner(id)
	if o == nil || d.err != nil {
		return
	}
	r := &o.Types.Rows[id-o.Start]
	kind := r.Info.Kind()
	d.beginType(id, kind, r.Name)
	d.head(o, r)
	d.beginItems(kind)
	for i, m := range o.Types.ItemsOf(r) {
		if kind == KindArray {
			break // part of the head
		}
		d.beginItem(i)
		d.item(r, m)
		d.endItem()
	}
	d.endType(kind)
}

// head appends the fields of r itself, which o owns.
func (d *dumper) head(o *BTF, r *Row) {
	switch kind := r.Info.Kind(); kind {
	case KindInt:
		d.field("size", r.Type)
		d.field("bits_offset", r.Aux>>16&0xff)
		d.field("nr_bits", r.Aux&0xff)
		d.word("encoding", intEncodingText(r.Aux>>24&0xf))
	case KindPtr, KindTypedef, KindVolatile, KindConst, KindRestrict, KindTypeTag:
		d.field("type_id", r.Type)
	case KindArray:
		m := o.Types.Items[r.Aux]
		d.field("type_id", m.Type)
		d.field("index_type_id", m.Name)
		d.field("nr_elems", m.Val)
	case KindStruct, KindUnion, KindDatasec:
		d.field("size", r.Type)
		d.field("vlen", uint32(r.Info.Vlen()))
	case KindEnum, KindEnum64:
		d.word("encoding", pick(r.Info.KindFlag(), "SIGNED", "UNSIGNED"))
		d.field("size", r.Type)
		d.field("vlen", uint32(r.Info.Vlen()))
	case KindFwd:
		d.word("fwd_kind", pick(r.Info.KindFlag(), "union", "struct"))
	case KindFunc:
		d.field("type_id", r.Type)
		d.word("linkage", linkageText(uint32(r.Info.Vlen())))
	case KindFuncProto:
		d.field("ret_type_id", r.Type)
		d.field("vlen", uint32(r.Info.Vlen()))
	case KindVar:
		d.field("type_id", r.Type)
		d.comma()
		d.word("linkage", linkageText(r.Aux))
	case KindFloat:
		d.field("size", r.Type)
	case KindDeclTag:
		d.field("type_id", r.Type)
		d.value("component_idx", int64(int32(r.Aux)), "")
	}
}

// item appends the fields of one of r's items.
func (d *dumper) item(r *Row, m Item) {
	signed := r.Info.KindFlag()
	if Shapes[r.Info.Kind()].ItemNameStr {
		d.itemName(StrOff(m.Name))
	}
	switch r.Info.Kind() {
	case KindStruct, KindUnion:
		off, size := MemberBits(r.Info, m.Val)
		d.field("type_id", m.Type)
		d.field("bits_offset", off)
		if size != 0 {
			d.field("bitfield_size", size)
		}
	case KindEnum:
		if signed {
			d.value("val", int64(int32(m.Val)), "")
		} else {
			d.field("val", m.Val)
		}
	case KindEnum64:
		val := uint64(m.Type)<<32 | uint64(m.Val)
		if signed {
			d.value("val", int64(val), "LL")
		} else {
			d.unsigned("val", val, "ULL")
		}
	case KindFuncProto:
		d.field("type_id", m.Type)
	case KindDatasec:
		d.field("type_id", m.Type)
		d.field("offset", m.Val)
		d.field("size", m.Name)
		d.variable(ID(m.Type))
	}
}

func pick[T any](is bool, yes, no T) T {
	if is {
		return yes
	}
	return no
}

// MemberBits splits the offset word of a member of a struct or union with the
// given info word: its offset and, for a bit-field with kind_flag, its width,
// both in bits.
func MemberBits(info Info, word uint32) (offset, size uint32) {
	if info.KindFlag() {
		return word & 0xffffff, word >> 24
	}
	return word, 0
}

// kindText names a kind; a type kept only for its id has kind void.
func kindText(k Kind) string {
	if k == KindVoid {
		return "UNKN"
	}
	return k.String()
}

func intEncodingText(enc uint32) string {
	switch enc {
	case 0:
		return "(none)"
	case IntSigned:
		return "SIGNED"
	case IntChar:
		return "CHAR"
	case IntBool:
		return "BOOL"
	}
	return "UNKN"
}

func linkageText(l uint32) string {
	switch l {
	case LinkageStatic:
		return "static"
	case LinkageGlobal:
		return "global"
	case LinkageExtern:
		return "extern"
	}
	return "(unknown)"
}
