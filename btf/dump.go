package btf

import (
	"io"
	"strconv"
)

// Dump writes b's own types as text, in the form of
// "bpftool btf dump file FILE format raw": a line per type that begins with
// its id, and a line per member, enumerator, parameter or variable behind it,
// indented by a tab. Names are written as they are, without escapes.
func Dump(w io.Writer, b *BTF) error {
	d := dumper{b: b, buf: make([]byte, 0, dumpBuffer+4096)}
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		if err := d.add(w, id); err != nil {
			return err
		}
	}
	return d.flush(w)
}

// DumpType writes one type, the base's included, as Dump does.
func DumpType(w io.Writer, b *BTF, id ID) error {
	if b.Row(id) == nil {
		return nil
	}
	d := dumper{b: b}
	if err := d.add(w, id); err != nil {
		return err
	}
	return d.flush(w)
}

// dumpBuffer is how many bytes are gathered before a write.
const dumpBuffer = 64 << 10

type dumper struct {
	b   *BTF
	buf []byte
}

func (d *dumper) flush(w io.Writer) error {
	_, err := w.Write(d.buf)
	d.buf = d.buf[:0]
	return err
}

// add appends type id, which exists, and flushes where the buffer has grown
// long; a type with many items does not stay in memory as a whole.
func (d *dumper) add(w io.Writer, id ID) error {
	o := d.b.Owner(id)
	r := &o.Types.Rows[id-o.Start]
	kind := r.Info.Kind()
	d.text("[").num(uint32(id)).text("] ").text(kindText(kind)).text(" ").name(r.Name)
	d.head(o, r)
	d.text("\n")
	for _, m := range o.Types.ItemsOf(r) {
		if kind == KindArray {
			break // part of the head
		}
		d.item(r, m)
		if len(d.buf) >= dumpBuffer {
			if err := d.flush(w); err != nil {
				return err
			}
		}
	}
	if len(d.buf) >= dumpBuffer {
		return d.flush(w)
	}
	return nil
}

// head appends what follows the name on the own line of r, which o owns.
func (d *dumper) head(o *BTF, r *Row) {
	switch kind := r.Info.Kind(); kind {
	case KindInt:
		d.text(" size=").num(r.Type).text(" bits_offset=").num(r.Aux >> 16 & 0xff)
		d.text(" nr_bits=").num(r.Aux & 0xff).text(" encoding=").text(intEncodingText(r.Aux >> 24 & 0xf))
	case KindPtr, KindTypedef, KindVolatile, KindConst, KindRestrict, KindTypeTag:
		d.text(" type_id=").num(r.Type)
	case KindArray:
		m := o.Types.Items[r.Aux]
		d.text(" type_id=").num(m.Type).text(" index_type_id=").num(m.Name).text(" nr_elems=").num(m.Val)
	case KindStruct, KindUnion, KindDatasec:
		d.text(" size=").num(r.Type).text(" vlen=").num(uint32(r.Info.Vlen()))
	case KindEnum, KindEnum64:
		enc := " encoding=UNSIGNED"
		if r.Info.KindFlag() {
			enc = " encoding=SIGNED"
		}
		d.text(enc).text(" size=").num(r.Type).text(" vlen=").num(uint32(r.Info.Vlen()))
	case KindFwd:
		what := "struct"
		if r.Info.KindFlag() {
			what = "union"
		}
		d.text(" fwd_kind=").text(what)
	case KindFunc:
		d.text(" type_id=").num(r.Type).text(" linkage=").text(linkageText(uint32(r.Info.Vlen())))
	case KindFuncProto:
		d.text(" ret_type_id=").num(r.Type).text(" vlen=").num(uint32(r.Info.Vlen()))
	case KindVar:
		d.text(" type_id=").num(r.Type).text(", linkage=").text(linkageText(r.Aux))
	case KindFloat:
		d.text(" size=").num(r.Type)
	case KindDeclTag:
		d.text(" type_id=").num(r.Type).text(" component_idx=").int(int64(int32(r.Aux)))
	}
}

// item appends the line of one of r's items.
func (d *dumper) item(r *Row, m Item) {
	d.text("\t")
	signed := r.Info.KindFlag()
	switch r.Info.Kind() {
	case KindStruct, KindUnion:
		off, size := MemberBits(r.Info, m.Val)
		d.name(StrOff(m.Name)).text(" type_id=").num(m.Type).text(" bits_offset=").num(off)
		if size != 0 {
			d.text(" bitfield_size=").num(size)
		}
	case KindEnum:
		d.name(StrOff(m.Name)).text(" val=")
		if signed {
			d.int(int64(int32(m.Val)))
		} else {
			d.num(m.Val)
		}
	case KindEnum64:
		val := uint64(m.Type)<<32 | uint64(m.Val)
		d.name(StrOff(m.Name)).text(" val=")
		if signed {
			d.int(int64(val)).text("LL")
		} else {
			d.buf = strconv.AppendUint(d.buf, val, 10)
			d.text("ULL")
		}
	case KindFuncProto:
		d.name(StrOff(m.Name)).text(" type_id=").num(m.Type)
	case KindDatasec:
		d.text("type_id=").num(m.Type).text(" offset=").num(m.Val).text(" size=").num(m.Name)
		if v := d.b.Row(ID(m.Type)); v != nil {
			d.text(" (").text(kindText(v.Info.Kind())).text(" ").name(v.Name).text(")")
		}
	}
	d.text("\n")
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

func (d *dumper) text(s string) *dumper { d.buf = append(d.buf, s...); return d }

func (d *dumper) num(v uint32) *dumper {
	d.buf = strconv.AppendUint(d.buf, uint64(v), 10)
	return d
}

func (d *dumper) int(v int64) *dumper {
	d.buf = strconv.AppendInt(d.buf, v, 10)
	return d
}

func (d *dumper) name(off StrOff) *dumper {
	if off == 0 {
		return d.text("'(anon)'")
	}
	s, ok := d.b.Str(off)
	if !ok {
		return d.text("'(invalid)'")
	}
	d.buf = append(append(append(d.buf, '\''), s...), '\'')
	return d
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
