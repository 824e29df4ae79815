package btf

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/gobtfenc/gobtfenc/internal/bigmem"
)

// ParseError says what of a BTF blob is wrong and where.
type ParseError struct {
	Section string // "header", "types", "strings" or "layout"
	Offset  uint64 // within the section
	Msg     string
	Value   uint64 // what was found
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("btf %s: offset %#x: %s: %#x", e.Section, e.Offset, e.Msg, e.Value)
}

// Parse reads a BTF blob of either byte order and checks that every record
// lies inside its section and every type id and string offset exists, so that
// nothing which walks the result needs to check again. What else the kernel
// asks for is [Validate]'s. base is nil for a base BTF.
//
// The result keeps the strings as a part of data and holds a copy of the rest.
func Parse(data []byte, base *BTF) (*BTF, error) {
	h, order, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	body := data[h.len:]
	b, err := newBTF(body[h.strOff:h.strOff+h.strLen:h.strOff+h.strLen], base, order)
	if err != nil {
		return nil, err
	}
	if err := checkStrings(b); err != nil {
		return nil, err
	}
	kinds, err := readLayout(body[h.layoutOff:h.layoutOff+h.layoutLen], order)
	if err != nil {
		return nil, err
	}
	types := littleEndian(body[h.typeOff:h.typeOff+h.typeLen], order)
	bad, err := b.readTypes(types, kinds)
	if err != nil {
		return nil, err
	}
	if bad >= 0 {
		return nil, b.refError(types, kinds, bad)
	}
	b.kinds = kinds
	return b, nil
}

// Restore returns what Parse made of data, a base, when types are those that it
// read: what takes time is not done again. Whoever kept types answers for them.
func Restore(data []byte, types Types) (*BTF, error) {
	h, order, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	body := data[h.len:]
	b, err := newBTF(body[h.strOff:h.strOff+h.strLen:h.strOff+h.strLen], nil, order)
	if err != nil {
		return nil, err
	}
	if err := checkStrings(b); err != nil {
		return nil, err
	}
	if b.kinds, err = readLayout(body[h.layoutOff:h.layoutOff+h.layoutLen], order); err != nil {
		return nil, err
	}
	b.Types = types
	return b, nil
}

// StringSection returns the strings of data, a base, without a look at its types.
// They begin and end with NUL.
func StringSection(data []byte) ([]byte, error) {
	from, to, err := StringRange(data)
	if err != nil {
		return nil, err
	}
	strs := data[from:to:to]
	return strs, checkStrings(&BTF{Strs: strs})
}

// StringRange returns from where to where data has its strings. That depends on its
// length and on the first HeaderLen bytes, which it has.
func StringRange(data []byte) (from, to uint64, err error) {
	h, _, err := readHeader(data)
	if err != nil {
		return 0, 0, err
	}
	from = uint64(h.len) + uint64(h.strOff)
	return from, from + uint64(h.strLen), nil
}

// ParseOrphan reads split BTF whose base is not at hand. Own types have the ids that
// they would have without a base; references and names are what they are on the
// lost base, and to be compared only. The types must be of known kinds.
func ParseOrphan(data []byte) (*BTF, error) {
	h, order, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	body := data[h.len:]
	b := &BTF{Strs: body[h.strOff : h.strOff+h.strLen : h.strOff+h.strLen], Order: order}
	if _, err := b.readTypes(littleEndian(body[h.typeOff:h.typeOff+h.typeLen], order), builtinKinds); err != nil {
		return nil, err
	}
	return b, nil
}

// ParseOn reads split BTF on top of a base that need not be its own: ids and
// string offsets may be out of range. Opaque types are an error.
func ParseOn(data []byte, base *BTF) (*BTF, error) {
	h, order, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	body := data[h.len:]
	b, err := newBTF(body[h.strOff:h.strOff+h.strLen:h.strOff+h.strLen], base, order)
	if err != nil {
		return nil, err
	}
	_, err = b.readTypes(littleEndian(body[h.typeOff:h.typeOff+h.typeLen], order), builtinKinds)
	return b, err
}

// IsSplit reports whether a blob that is well-formed as a whole is split BTF: its
// strings do not begin with the empty string, which a base has to have.
func IsSplit(data []byte) bool {
	h, _, err := readHeader(data)
	return err == nil && (h.strLen == 0 || data[h.len+h.strOff] != 0)
}

// HasLayout reports whether a blob that Parse takes has a layout section.
func HasLayout(data []byte) bool {
	h, _, err := readHeader(data)
	return err == nil && h.layoutLen > 0
}

// newBTF returns a BTF without types.
func newBTF(strs []byte, base *BTF, order binary.ByteOrder) (*BTF, error) {
	b := &BTF{Strs: strs, Base: base, Order: order}
	if base != nil {
		if base.StrEnd()+uint64(len(strs)) > math.MaxUint32 {
			return nil, &ParseError{Section: "header", Offset: 20, Msg: "strings of base and split exceed 32 bits", Value: uint64(len(strs))}
		}
		b.Start, b.StrStart = ID(base.NumTypes()), StrOff(base.StrEnd())
	}
	return b, nil
}

// littleEndian returns the type section with its words little-endian.
func littleEndian(types []byte, order binary.ByteOrder) []byte {
	if order == binary.BigEndian {
		types = append([]byte(nil), types...)
		swapWords(types)
	}
	return types
}

// readTypes reads the type section, its words little-endian. Ids and string
// offsets may be out of range: bad is the offset of the first type that has
// such a one, -1 if there is none.
func (b *BTF) readTypes(types []byte, kinds *kindTable) (bad int, err error) {
	rows, items, err := countTypes(types, kinds, b.Base)
	if err != nil {
		return -1, err
	}
	if b.Base == nil {
		rows++
	}
	// Both numbers are bounded by the bytes that countTypes has walked over.
	b.Types = Types{Rows: bigmem.Make[Row](rows), Items: bigmem.Make[Item](items)}
	return b.fillTypes(types, kinds), nil
}

// readHeader returns the header with sections that lie inside data.
func readHeader(data []byte) (h header, order binary.ByteOrder, err error) {
	bad := func(off uint64, msg string, val uint64) (header, binary.ByteOrder, error) {
		return header{}, nil, &ParseError{Section: "header", Offset: off, Msg: msg, Value: val}
	}
	size := uint64(len(data))
	if size < HeaderLen {
		return bad(0, "too short for a header", size)
	}
	if order = byteOrder(data); order == nil {
		return bad(0, "no BTF magic", uint64(binary.LittleEndian.Uint16(data)))
	}
	if data[2] != version {
		return bad(2, "unsupported version", uint64(data[2]))
	}
	if data[3] != 0 {
		return bad(3, "unsupported flags", uint64(data[3]))
	}
	u32 := func(off int) uint32 { return order.Uint32(data[off:]) }
	h = header{len: u32(4), typeOff: u32(8), typeLen: u32(12), strOff: u32(16), strLen: u32(20)}
	if h.len < HeaderLen || uint64(h.len) > size {
		return bad(4, "header length out of range", uint64(h.len))
	}
	known := uint32(HeaderLen)
	if h.len >= headerLenLayout {
		known = headerLenLayout
		if h.layoutLen = u32(28); h.layoutLen != 0 {
			h.layoutOff = u32(24)
		}
	}
	for i, c := range data[known:h.len] {
		if c != 0 {
			return bad(uint64(known)+uint64(i), "unknown header field is not zero", uint64(c))
		}
	}
	body := size - uint64(h.len)
	sections := [...]struct {
		at       uint64
		name     string
		off, len uint32
	}{{8, "type", h.typeOff, h.typeLen}, {16, "string", h.strOff, h.strLen}, {24, "layout", h.layoutOff, h.layoutLen}}
	for _, s := range sections {
		if uint64(s.off)+uint64(s.len) > body {
			return bad(s.at, s.name+" section ends beyond the data", uint64(s.off)+uint64(s.len))
		}
	}
	if h.typeOff%4 != 0 {
		return bad(8, "type section is not aligned", uint64(h.typeOff))
	}
	for i, a := range sections {
		for _, b := range sections[:i] {
			if a.len > 0 && b.len > 0 && uint64(a.off) < uint64(b.off)+uint64(b.len) && uint64(b.off) < uint64(a.off)+uint64(a.len) {
				return bad(a.at, a.name+" section overlaps the "+b.name+" section, offset", uint64(a.off))
			}
		}
	}
	return h, order, nil
}

// checkStrings checks that the string section ends with NUL and, in a base,
// begins with the empty string.
func checkStrings(b *BTF) error {
	bad := func(off int, msg string) error {
		e := &ParseError{Section: "strings", Offset: uint64(off), Msg: msg}
		if off < len(b.Strs) {
			e.Value = uint64(b.Strs[off])
		}
		return e
	}
	n := len(b.Strs)
	switch {
	case n == 0 && b.Base == nil:
		return bad(0, "section is empty")
	case n > 0 && b.Strs[n-1] != 0:
		return bad(n-1, "section does not end with NUL")
	case b.Base == nil && b.Strs[0] != 0:
		return bad(0, "section does not begin with the empty string")
	}
	return nil
}

// maxKind is how many kinds the info word can name.
const maxKind = 0x80

// kindTable says for each kind what follows its struct btf_type.
type kindTable struct {
	tail  [maxKind]tailLen
	known [maxKind]bool
}

var builtinKinds = func() *kindTable {
	t := new(kindTable)
	for k := KindInt; k < NumKinds; k++ {
		t.tail[k], t.known[k] = tailLens[k], true
	}
	return t
}()

// readLayout returns the kinds that this package knows and those that the
// layout section adds. What the section says of known kinds is not looked at.
func readLayout(layout []byte, order binary.ByteOrder) (*kindTable, error) {
	if len(layout) <= 4*int(NumKinds) {
		return builtinKinds, nil
	}
	t := *builtinKinds
	for k := int(NumKinds); k < maxKind && 4*k+4 <= len(layout); k++ {
		e := layout[4*k:]
		l := tailLen{info: e[0], elem: e[1]}
		if l.info%4 != 0 || l.elem%4 != 0 {
			return nil, &ParseError{Section: "layout", Offset: uint64(4 * k), Msg: "record size is not a multiple of 4", Value: uint64(order.Uint16(e))}
		}
		t.tail[k], t.known[k] = l, true
	}
	return &t, nil
}

// countTypes returns how many rows and items the section holds, each record of
// it inside the section.
func countTypes(types []byte, kinds *kindTable, base *BTF) (rows, items int, err error) {
	for off := 0; off < len(types); rows++ {
		if len(types)-off < typeLen {
			return 0, 0, &ParseError{Section: "types", Offset: uint64(off), Msg: "type is cut off, bytes left", Value: uint64(len(types) - off)}
		}
		info := Info(binary.LittleEndian.Uint32(types[off+4:]))
		kind, vlen := info.Kind(), info.Vlen()
		if !kinds.known[kind] {
			return 0, 0, &ParseError{Section: "types", Offset: uint64(off), Msg: "unknown kind", Value: uint64(kind)}
		}
		tail := kinds.tail[kind]
		next := int64(off) + typeLen + int64(tail.info) + int64(vlen)*int64(tail.elem)
		if next > int64(len(types)) {
			return 0, 0, &ParseError{Section: "types", Offset: uint64(off), Msg: "type is longer than its section, vlen", Value: uint64(vlen)}
		}
		off = int(next)
		if kind >= NumKinds {
			continue
		}
		if tailLens[kind].elem != 0 {
			items += vlen
		} else if kind == KindArray {
			items++
		}
	}
	total := uint64(rows)
	if base != nil {
		total += uint64(base.NumTypes())
	}
	if total >= 1<<32-1 {
		return 0, 0, &ParseError{Section: "types", Offset: 0, Msg: "more types than ids", Value: total}
	}
	return rows, items, nil
}

// fillTypes fills the rows and items from a section that countTypes has walked
// over. It returns what readTypes does.
func (b *BTF) fillTypes(types []byte, kinds *kindTable) int {
	le := binary.LittleEndian
	rows, items := b.Types.Rows, b.Types.Items
	numTypes, strEnd := uint32(b.NumTypes()), b.StrEnd()
	n, at, bad := 0, uint32(0), -1
	if b.Base == nil {
		n = 1
	}
	for off := 0; off < len(types); n++ {
		p := types[off:]
		_ = p[typeLen-1]
		info := Info(le.Uint32(p[4:]))
		kind, vlen := info.Kind(), info.Vlen()
		r := Row{Name: StrOff(le.Uint32(p)), Info: info, Type: le.Uint32(p[8:])}
		ok := uint64(r.Name) < strEnd
		end := typeLen + kinds.tail[kind].of(vlen)
		tail := p[typeLen:end]
		switch kind {
		case KindFloat, KindFwd:
		case KindPtr, KindTypedef, KindVolatile, KindConst, KindRestrict, KindFunc, KindTypeTag:
			ok = ok && r.Type < numTypes
		case KindInt:
			r.Aux = le.Uint32(tail)
		case KindVar, KindDeclTag:
			r.Aux = le.Uint32(tail)
			ok = ok && r.Type < numTypes
		case KindArray:
			_ = tail[11]
			m := Item{Type: le.Uint32(tail), Name: le.Uint32(tail[4:]), Val: le.Uint32(tail[8:])}
			ok = ok && m.Type < numTypes && m.Name < numTypes
			r.Aux, items[at] = at, m
			at++
		case KindStruct, KindUnion:
			r.Aux = at
			dst := items[at : at+uint32(vlen)]
			for i := range dst {
				t := tail[12*i : 12*i+12]
				m := Item{Name: le.Uint32(t), Type: le.Uint32(t[4:]), Val: le.Uint32(t[8:])}
				ok = ok && uint64(m.Name) < strEnd && m.Type < numTypes
				dst[i] = m
			}
			at += uint32(vlen)
		case KindEnum:
			r.Aux = at
			dst := items[at : at+uint32(vlen)]
			for i := range dst {
				t := tail[8*i : 8*i+8]
				dst[i] = Item{Name: le.Uint32(t), Val: le.Uint32(t[4:])}
				ok = ok && uint64(dst[i].Name) < strEnd
			}
			at += uint32(vlen)
		case KindFuncProto:
			r.Aux = at
			dst := items[at : at+uint32(vlen)]
			ok = ok && r.Type < numTypes
			for i := range dst {
				t := tail[8*i : 8*i+8]
				dst[i] = Item{Name: le.Uint32(t), Type: le.Uint32(t[4:])}
				ok = ok && uint64(dst[i].Name) < strEnd && dst[i].Type < numTypes
			}
			at += uint32(vlen)
		case KindDatasec:
			r.Aux = at
			dst := items[at : at+uint32(vlen)]
			for i := range dst {
				t := tail[12*i : 12*i+12]
				dst[i] = Item{Type: le.Uint32(t), Val: le.Uint32(t[4:]), Name: le.Uint32(t[8:])}
				ok = ok && dst[i].Type < numTypes
			}
			at += uint32(vlen)
		case KindEnum64:
			r.Aux = at
			dst := items[at : at+uint32(vlen)]
			for i := range dst {
				t := tail[12*i : 12*i+12]
				dst[i] = Item{Name: le.Uint32(t), Val: le.Uint32(t[4:]), Type: le.Uint32(t[8:])}
				ok = ok && uint64(dst[i].Name) < strEnd
			}
			at += uint32(vlen)
		default:
			r.Info, r.Type, r.Aux = 0, 0, uint32(info)
			b.Opaque++
		}
		if !ok && bad < 0 {
			bad = off
		}
		rows[n] = r
		off += end
	}
	return bad
}

// refError names the word at fault of the type at off of types.
func (b *BTF) refError(types []byte, kinds *kindTable, off int) error {
	id := int(b.First())
	for o := 0; o < off; id++ {
		info := Info(binary.LittleEndian.Uint32(types[o+4:]))
		o += typeLen + kinds.tail[info.Kind()].of(info.Vlen())
	}
	r := b.Row(ID(id))
	bad := func(what string, val uint32) error {
		return &ParseError{Section: "types", Offset: uint64(off), Msg: fmt.Sprintf("type %d: %s out of range", id, what), Value: uint64(val)}
	}
	hasStr := func(o uint32) bool { return uint64(o) < b.StrEnd() }
	hasType := func(id uint32) bool { return uint64(id) < uint64(b.NumTypes()) }
	s := Shapes[r.Info.Kind()]
	if !hasStr(uint32(r.Name)) {
		return bad("name", uint32(r.Name))
	}
	if s.TypeIsRef && !hasType(r.Type) {
		return bad("type id", r.Type)
	}
	for i, m := range b.Types.ItemsOf(r) {
		switch {
		case s.ItemNameStr && !hasStr(m.Name):
			return bad(fmt.Sprintf("item %d: name", i), m.Name)
		case s.ItemNameRef && !hasType(m.Name):
			return bad("index type id", m.Name)
		case s.ItemTypeRef && !hasType(m.Type):
			return bad(fmt.Sprintf("item %d: type id", i), m.Type)
		}
	}
	return bad("record", uint32(r.Info))
}
