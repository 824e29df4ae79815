package btf

import "encoding/binary"

// Sizes of the wire form, include/uapi/linux/btf.h.
const (
	magic   = 0xeb9f
	version = 1

	HeaderLen       = 24 // up to str_len
	headerLenLayout = 32 // with layout_off and layout_len, Linux 7.1
	typeLen         = 12 // struct btf_type
)

// tailLen says how many bytes follow the struct btf_type of a kind: info once
// and elem for each of vlen. It is also what a layout section (struct
// btf_layout) says, one entry per kind.
type tailLen struct{ info, elem uint8 }

var tailLens = [NumKinds]tailLen{
	KindInt:       {info: 4},
	KindArray:     {info: 12},
	KindStruct:    {elem: 12},
	KindUnion:     {elem: 12},
	KindEnum:      {elem: 8},
	KindFuncProto: {elem: 8},
	KindVar:       {info: 4},
	KindDatasec:   {elem: 12},
	KindDeclTag:   {info: 4},
	KindEnum64:    {elem: 12},
}

// of returns the length of the tail of a type with vlen elements.
func (l tailLen) of(vlen int) int { return int(l.info) + vlen*int(l.elem) }

// header is struct btf_header. Offsets count from the end of the header.
type header struct {
	len       uint32
	typeOff   uint32
	typeLen   uint32
	strOff    uint32
	strLen    uint32
	layoutOff uint32
	layoutLen uint32
}

// byteOrder tells the byte order from the magic, nil where neither fits.
func byteOrder(data []byte) binary.ByteOrder {
	switch {
	case len(data) < 2:
	case binary.LittleEndian.Uint16(data) == magic:
		return binary.LittleEndian
	case binary.BigEndian.Uint16(data) == magic:
		return binary.BigEndian
	}
	return nil
}

// swapWords reverses each 4-byte word of b. The type section consists of
// words alone, so this turns one byte order into the other.
func swapWords(b []byte) {
	for ; len(b) >= 4; b = b[4:] {
		binary.LittleEndian.PutUint32(b, binary.BigEndian.Uint32(b))
	}
}

// WireLen returns how many bytes a blob has for r, its items included. r is not
// of an unknown kind (BTF.Opaque).
func (r *Row) WireLen() int {
	return typeLen + tailLens[r.Info.Kind()].of(r.Info.Vlen())
}
