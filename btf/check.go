package btf

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// HeaderError is a rule that a blob breaks as a whole.
type HeaderError struct {
	Msg    string // the kernel's words, and what it writes into a log
	By     Asker
	Offset uint64 // in the blob
}

func (e *HeaderError) Error() string { return "btf header: " + e.Msg }

// maxLoad is how long a blob BPF_BTF_LOAD takes, in bytes (BTF_MAX_SIZE).
const maxLoad = 16 << 20

// Check reads a blob as a kernel does and returns the first rule that it
// breaks: of the header and the sections (btf_parse_hdr), of the string
// section, of the types ([Validate]). base is nil for a base BTF. Unlike
// [Parse] it takes neither gaps nor bytes that belong to no section. The byte
// order may be either; a kernel reads its own.
//
// The error is a [*HeaderError] or a [*RuleError].
func Check(data []byte, base *BTF, r Rules) error {
	if r.Load && len(data) > maxLoad {
		return &HeaderError{"more than 16 MB", BPFLoad, maxLoad}
	}
	h, order, err := checkHeader(data, base, r)
	if err != nil {
		return err
	}
	body := data[h.len:]
	if err := checkSections(h, body, base, r); err != nil {
		return err
	}
	b, err := newBTF(body[h.strOff:h.strOff+h.strLen], base, order)
	if err != nil {
		return err
	}
	types := littleEndian(body[h.typeOff:h.typeOff+h.typeLen], order)
	if e := b.checkTypes(types, r); e != nil {
		e.Offset += uint64(h.len) + uint64(h.typeOff)
		return e
	}
	return nil
}

// checkTypes returns the first rule that a type section, its words
// little-endian, breaks. The offset is that in the section.
func (b *BTF) checkTypes(types []byte, r Rules) *RuleError {
	end, fault := wholeRecords(types, r)
	if _, err := b.readTypes(types[:end], builtinKinds); err != nil {
		return &RuleError{ID: b.First(), Item: -1, Msg: err.Error()} // more types than ids
	}
	found := Violations(b, r)
	if fault != "" {
		// The kernel stops there, and has come across all that is before it.
		found = violations(b, r, pass{ModuleLoader, (*validator).checkMetas})
	}
	for e := range found {
		e.Offset = b.offsetOf(e.ID) + itemOffset(e)
		return e
	}
	if fault == "" {
		return nil
	}
	return b.cutOff(types[end:], fault, uint64(end))
}

// itemOffset returns where the item of e begins in its type.
func itemOffset(e *RuleError) uint64 {
	if e.Item < 0 {
		return 0
	}
	l := tailLens[e.Kind]
	return typeLen + uint64(l.info) + uint64(e.Item)*uint64(l.elem)
}

// cutOff is the error about a type that is the first of left and cannot be read,
// because of fault.
func (b *BTF) cutOff(left []byte, fault string, off uint64) *RuleError {
	e := &RuleError{ID: ID(b.NumTypes()), Item: -1, Msg: fault, Offset: off}
	form := logID
	if len(left) >= typeLen {
		name := binary.LittleEndian.Uint32(left)
		e.Kind = Info(binary.LittleEndian.Uint32(left[4:])).Kind()
		if strings.HasPrefix(fault, "meta_left") {
			form = logBrief
			if v := (validator{b: b}); !v.hasStr(name) {
				e.Msg, form = fmt.Sprintf("Invalid name_offset:%d", name), logID
			}
		}
		e.Log = []string{fmt.Sprintf("[%d] %v %s %s", e.ID, e.Kind, b.logName(name), e.Msg)}
	}
	if form == logID {
		e.Log = b.log(form, e)
	}
	return e
}

// checkHeader reads the header as far as its length says. Without a magic that
// is one the byte order is taken as little-endian, for the length.
func checkHeader(data []byte, base *BTF, r Rules) (h header, order binary.ByteOrder, err error) {
	bad := func(off uint64, msg string) (header, binary.ByteOrder, error) {
		return header{}, nil, &HeaderError{msg, ModuleLoader, off}
	}
	if len(data) < 8 {
		return bad(uint64(len(data)), "hdr_len not found")
	}
	if order = byteOrder(data); order == nil {
		order = binary.LittleEndian
	}
	h.len = order.Uint32(data[4:])
	if uint64(h.len) > uint64(len(data)) {
		return bad(4, "btf_header not found")
	}
	known := headerLenLayout
	if r.NarrowInfo {
		known = HeaderLen // the layout came with the wide info word
	}
	raw := make([]byte, headerLenLayout)
	for i, c := range data[:h.len] {
		if i < known {
			raw[i] = c
		} else if c != 0 {
			return bad(uint64(i), "Unsupported btf_header")
		}
	}
	words := [...]*uint32{&h.typeOff, &h.typeLen, &h.strOff, &h.strLen, &h.layoutOff, &h.layoutLen}
	for i, w := range words {
		*w = order.Uint32(raw[8+4*i:])
	}
	switch {
	case byteOrder(raw) == nil:
		return bad(0, "Invalid magic")
	case raw[2] != version:
		return bad(2, "Unsupported version")
	case raw[3] != 0:
		return bad(3, "Unsupported flags")
	case base == nil && int(h.len) == len(data):
		return bad(uint64(h.len), "No data")
	}
	return h, order, nil
}

// checkSections checks that the sections fill the body without gap and
// overlap, the strings last.
func checkSections(h header, body []byte, base *BTF, r Rules) error {
	bad := func(off uint64, msg string) error { return &HeaderError{msg, ModuleLoader, off} }
	badLoad := func(off uint64, msg string) error { return &HeaderError{msg, BPFLoad, off} }
	type section struct {
		off, len uint32
		at       uint64 // where the header says so
	}
	sections := []section{{h.typeOff, h.typeLen, 8}, {h.strOff, h.strLen, 16}}
	if h.layoutLen != 0 {
		sections = append(sections, section{h.layoutOff, h.layoutLen, 24})
	}
	// The kernel's order, in which differences are 32 bits with a sign. It asks for
	// that of the first to the second, which counts where they are 2 GiB apart and
	// either is before the other.
	slices.SortStableFunc(sections, func(second, first section) int {
		return -cmp.Or(int(int32(first.off-second.off)), int(int32(first.len-second.len)))
	})
	at := uint64(0)
	for _, s := range sections {
		switch off := uint64(s.off); {
		case off > uint64(len(body)):
			return bad(s.at, "Invalid section offset")
		case off > at:
			return bad(s.at, "Unsupported section found")
		case off < at:
			return bad(s.at, "Section overlap found")
		case uint64(s.len) > uint64(len(body))-at:
			return bad(s.at+4, "Total section length too long")
		}
		at += uint64(s.len)
	}
	if at != uint64(len(body)) {
		return bad(uint64(h.len)+at, "Unsupported section found")
	}
	strs := body[h.strOff : h.strOff+h.strLen]
	switch n := len(strs); {
	case int(h.strOff)+n != len(body):
		return bad(16, "String section is not at the end")
	case n == 0 && base == nil, n > MaxStrOff+1, n > 0 && strs[n-1] != 0, base == nil && strs[0] != 0:
		return bad(uint64(h.len)+uint64(h.strOff), "Invalid string section")
	case h.typeOff%4 != 0 && (r.Load || r.Libbpf):
		return badLoad(8, "Unaligned type_off")
	case h.typeLen == 0 && base == nil:
		return badLoad(12, "No type found")
	case h.layoutLen != 0 && (h.layoutOff%4 != 0 || h.layoutLen%4 != 0):
		return badLoad(24, "Invalid section offset")
	}
	return nil
}

// wholeRecords returns the length of the records at the begin of types, its
// words little-endian, that lie inside it and are of a known kind, and what is
// wrong with the one after them.
func wholeRecords(types []byte, r Rules) (end int, fault string) {
	for end < len(types) {
		t := types[end:]
		if len(t) < typeLen {
			return end, fmt.Sprintf("meta_left:%d meta_needed:%d", len(t), typeLen)
		}
		info := Info(binary.LittleEndian.Uint32(t[4:]))
		kind := info.Kind()
		switch {
		case r.NarrowInfo && info&wideBits != 0:
			return end, fmt.Sprintf("Invalid btf_info:%x", uint32(info))
		case !r.knows(kind):
			return end, fmt.Sprintf("Invalid kind:%d", kind)
		}
		need := tailLens[kind].of(info.Vlen())
		if left := len(t) - typeLen; left < need {
			return end, fmt.Sprintf("meta_left:%d meta_needed:%d", left, need)
		}
		end += typeLen + need
	}
	return end, ""
}
