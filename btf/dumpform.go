package btf

import (
	"strconv"

	"github.com/gobtfenc/gobtfenc/internal/escape"
)

// The two forms of a dump, field by field:
//
//	[2] STRUCT 'pair' size=8 vlen=1            {"id":2,"kind":"STRUCT","name":"pair","size":8,"vlen":1,"members":[
//		'first' type_id=1 bits_offset=0            {"name":"first","type_id":1,"bits_offset":0}]}

// dumpBuffer is how many bytes are gathered before a write.
const dumpBuffer = 64 << 10

// itemsKey names the array of items in JSON.
var itemsKey = [NumKinds]string{
	KindStruct:    "members",
	KindUnion:     "members",
	KindEnum:      "values",
	KindEnum64:    "values",
	KindFuncProto: "params",
	KindDatasec:   "vars",
}

func (d *dumper) beginType(id ID, kind Kind, name StrOff) {
	if d.json {
		d.text(`{"id":`).num(uint64(id)).text(`,"kind":"`).text(kindText(kind)).text(`","name":`)
	} else {
		d.text("[").num(uint64(id)).text("] ").text(kindText(kind)).text(" ")
	}
	d.name(name)
}

func (d *dumper) endType(kind Kind) {
	switch {
	case !d.json:
	case itemsKey[kind] != "":
		d.text("]}")
	default:
		d.text("}")
	}
	d.spill()
}

func (d *dumper) beginItems(kind Kind) {
	switch {
	case !d.json:
		d.text("\n")
	case itemsKey[kind] != "":
		d.text(`,"`).text(itemsKey[kind]).text(`":[`)
	}
}

func (d *dumper) beginItem(i int) {
	switch {
	case !d.json:
		d.text("\t")
	case i > 0:
		d.text(",{")
	default:
		d.text("{")
	}
}

// endItem also writes where much has been gathered, so that a type with many
// items does not stay in memory as a whole.
func (d *dumper) endItem() {
	d.text(pick(d.json, "}", "\n"))
	d.spill()
}

// itemName appends the name of an item, its first field.
func (d *dumper) itemName(off StrOff) {
	if d.json {
		d.text(`"name":`)
	}
	d.name(off)
}

// key appends what stands before a field's value.
func (d *dumper) key(s string) *dumper {
	if !d.json {
		// An item may have nothing before its first field but the tab.
		if d.buf[len(d.buf)-1] != '\t' {
			d.text(" ")
		}
		return d.text(s).text("=")
	}
	if d.buf[len(d.buf)-1] != '{' {
		d.text(",")
	}
	return d.text(`"`).text(s).text(`":`)
}

func (d *dumper) field(key string, v uint32) { d.key(key).num(uint64(v)) }

// value appends a signed number, in the raw form with a suffix of C.
func (d *dumper) value(key string, v int64, suffix string) {
	d.key(key)
	d.buf = strconv.AppendInt(d.buf, v, 10)
	d.suffix(suffix)
}

// unsigned is value for one without sign.
func (d *dumper) unsigned(key string, v uint64, suffix string) {
	d.key(key).num(v)
	d.suffix(suffix)
}

func (d *dumper) suffix(s string) {
	if !d.json {
		d.text(s)
	}
}

func (d *dumper) word(key, s string) {
	d.key(key)
	if d.json {
		s = `"` + s + `"`
	}
	d.text(s)
}

// comma appends the one that bpftool's raw form has in one place.
func (d *dumper) comma() {
	if !d.json {
		d.text(",")
	}
}

// variable appends what the raw form says of a DATASEC's variable.
func (d *dumper) variable(id ID) {
	if v := d.b.Row(id); v != nil && !d.json {
		d.text(" (").text(kindText(v.Info.Kind())).text(" ")
		d.name(v.Name)
		d.text(")")
	}
}

func (d *dumper) name(off StrOff) {
	s, ok := d.b.Str(off)
	switch {
	case off == 0:
		s = []byte("(anon)")
	case !ok:
		s = []byte("(invalid)")
	}
	if d.json {
		d.buf = appendJSON(d.buf, s)
		return
	}
	d.buf = append(escape.Append(append(d.buf, '\''), s), '\'')
}

func (d *dumper) text(s string) *dumper { d.buf = append(d.buf, s...); return d }

func (d *dumper) num(v uint64) *dumper {
	d.buf = strconv.AppendUint(d.buf, v, 10)
	return d
}

func (d *dumper) spill() {
	if len(d.buf) >= dumpBuffer {
		d.flush()
	}
}

func (d *dumper) flush() {
	if d.err == nil {
		_, d.err = d.w.Write(d.buf)
	}
	d.buf = d.buf[:0]
}

func (d *dumper) close() error {
	d.flush()
	return d.err
}
