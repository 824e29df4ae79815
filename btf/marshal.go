package btf

import "encoding/binary"

// Append appends the BTF blob of t and strs to buf and returns the result: a
// header of 24 bytes, the types, the strings. A leading row of KindVoid, which
// a base has and a split BTF has not, is left out. Its length is 24, plus 12
// per type, plus the tails, plus len(strs).
func Append(buf []byte, t *Types, strs []byte, order binary.ByteOrder) []byte {
	return appendBlob(buf, t, strs, order, HeaderLen)
}

// AppendLayout is Append for a base with a layout section, which tells readers
// the length of records of kinds that they do not know: a header of 32 bytes,
// the types, 4 bytes per kind, the strings. Kernels before 7.1 refuse it.
func AppendLayout(buf []byte, t *Types, strs []byte, order binary.ByteOrder) []byte {
	return appendBlob(buf, t, strs, order, headerLenLayout)
}

func appendBlob(buf []byte, t *Types, strs []byte, order binary.ByteOrder, hdrLen int) []byte {
	rows := t.Rows
	if len(rows) > 0 && rows[0].Info == 0 {
		rows = rows[1:]
	}
	start := len(buf)
	buf = append(buf, make([]byte, hdrLen)...)
	buf = appendTypes(buf, t, rows)
	if order == binary.BigEndian {
		swapWords(buf[start+hdrLen:])
	}
	typeLen := uint32(len(buf) - start - hdrLen)
	if hdrLen == headerLenLayout {
		for _, l := range tailLens {
			buf = append(buf, l.info, l.elem, 0, 0)
		}
	}
	strOff := uint32(len(buf) - start - hdrLen)

	h := buf[start : start+hdrLen]
	order.PutUint16(h, magic)
	h[2] = version
	words := [...]uint32{uint32(hdrLen), 0, typeLen, strOff, uint32(len(strs)), typeLen, strOff - typeLen}
	for i := 0; 4+4*i < hdrLen; i++ {
		order.PutUint32(h[4+4*i:], words[i])
	}
	return append(buf, strs...)
}

// appendTypes appends rows, which are a part of t, little-endian. A kind that
// has no wire form is a fault of ours, because Parse makes no such row but for
// BTF.Opaque, whose types cannot be written.
func appendTypes(buf []byte, t *Types, rows []Row) []byte {
	le := binary.LittleEndian
	for i := range rows {
		r := &rows[i]
		buf = le.AppendUint32(buf, uint32(r.Name))
		buf = le.AppendUint32(buf, uint32(r.Info))
		buf = le.AppendUint32(buf, r.Type)
		switch r.Info.Kind() {
		case KindPtr, KindFwd, KindTypedef, KindVolatile, KindConst, KindRestrict, KindFunc, KindFloat, KindTypeTag:
		case KindInt, KindVar, KindDeclTag:
			buf = le.AppendUint32(buf, r.Aux)
		case KindArray:
			m := &t.Items[r.Aux]
			buf = appendWords(buf, m.Type, m.Name, m.Val)
		case KindStruct, KindUnion:
			for _, m := range t.ItemsOf(r) {
				buf = appendWords(buf, m.Name, m.Type, m.Val)
			}
		case KindEnum:
			for _, m := range t.ItemsOf(r) {
				buf = le.AppendUint32(le.AppendUint32(buf, m.Name), m.Val)
			}
		case KindFuncProto:
			for _, m := range t.ItemsOf(r) {
				buf = le.AppendUint32(le.AppendUint32(buf, m.Name), m.Type)
			}
		case KindDatasec:
			for _, m := range t.ItemsOf(r) {
				buf = appendWords(buf, m.Type, m.Val, m.Name)
			}
		case KindEnum64:
			for _, m := range t.ItemsOf(r) {
				buf = appendWords(buf, m.Name, m.Val, m.Type)
			}
		default:
			panic("btf: type of kind " + r.Info.Kind().String() + " cannot be written")
		}
	}
	return buf
}

func appendWords(buf []byte, a, b, c uint32) []byte {
	le := binary.LittleEndian
	return le.AppendUint32(le.AppendUint32(le.AppendUint32(buf, a), b), c)
}
