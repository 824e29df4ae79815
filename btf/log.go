package btf

import (
	"fmt"
	"strings"
)

// What a kernel writes into the log of BPF_BTF_LOAD about a fault: the type as
// it is and the message behind it,
//
//	[3] STRUCT A size=8 vlen=1 Invalid name
//
// and about a member or a variable its line below that of the type:
//
//	[3] STRUCT A size=8 vlen=1
//		n type_id=2 bits_offset=64 Member exceeds struct_size
//
// For a module these lines are in the kernel's own log, of the last form only
// the second one.

// logForm is how a fault is written.
type logForm uint8

const (
	logType     logForm = iota // the type in full, the message
	logItem                    // the type in full, below it the item and the message
	logBareItem                // the same, of the item's type without modifiers
	logBrief                   // the type by kind and name, the message
	logID                      // the number of the type, the message
	logIndent                  // the type in full, below it the message
	logMessage                 // the message
	logNothing                 // the kernel refuses without a word
	logLibbpf                  // as libbpf warns
)

// log returns the lines about e.
func (b *BTF) log(form logForm, e *RuleError) []string {
	switch form {
	case logItem, logBareItem:
		m := b.ItemsOf(e.ID)[e.Item]
		if form == logBareItem {
			m.Type = b.bare(m.Type)
		}
		return []string{b.logType(e.ID), b.logItem(b.Row(e.ID).Info, m) + " " + e.Msg}
	case logBrief:
		return []string{b.logHead(e.ID) + " " + e.Msg}
	case logID:
		return []string{fmt.Sprintf("[%d] %s", e.ID, e.Msg)}
	case logIndent:
		return []string{b.logType(e.ID), "\t" + e.Msg}
	case logMessage:
		return []string{e.Msg}
	case logNothing:
		return nil
	case logLibbpf:
		return []string{fmt.Sprintf("libbpf: btf: type [%d]: %s", e.ID, e.Msg)}
	}
	return []string{b.logType(e.ID) + " " + e.Msg}
}

// logHead is the begin of a type's line.
func (b *BTF) logHead(id ID) string {
	r := b.Row(id)
	return fmt.Sprintf("[%d] %v %s", id, r.Info.Kind(), b.logName(uint32(r.Name)))
}

// logName returns the name at off, or what stands for it.
func (b *BTF) logName(off uint32) string {
	if off == 0 {
		return "(anon)"
	}
	s, ok := b.Str(StrOff(off))
	if !ok {
		return "(invalid-name-offset)"
	}
	return string(s)
}

// logType is a type's line.
func (b *BTF) logType(id ID) string {
	r := b.Row(id)
	details := ""
	switch r.Info.Kind() {
	case KindInt:
		details = fmt.Sprintf("size=%d bits_offset=%d nr_bits=%d encoding=%s", r.Type, r.Aux>>16&0xff, r.Aux&0xff, intEncodingText(r.Aux>>24&0xf))
	case KindPtr, KindTypedef, KindVolatile, KindConst, KindRestrict, KindTypeTag, KindFunc:
		details = fmt.Sprintf("type_id=%d", r.Type)
	case KindArray:
		m := b.ItemsOf(id)[0]
		details = fmt.Sprintf("type_id=%d index_type_id=%d nr_elems=%d", m.Type, m.Name, m.Val)
	case KindStruct, KindUnion, KindEnum, KindEnum64, KindDatasec:
		details = fmt.Sprintf("size=%d vlen=%d", r.Type, r.Info.Vlen())
	case KindFwd:
		details = "struct"
		if r.Info.KindFlag() {
			details = "union"
		}
	case KindFuncProto:
		details = fmt.Sprintf("return=%d args=(%s)", r.Type, b.logParams(b.ItemsOf(id)))
	case KindVar:
		details = fmt.Sprintf("type_id=%d linkage=%d", r.Type, r.Aux)
	case KindFloat:
		details = fmt.Sprintf("size=%d", r.Type)
	case KindDeclTag:
		details = fmt.Sprintf("type=%d component_idx=%d", r.Type, int32(r.Aux))
	}
	return b.logHead(id) + " " + details
}

func (b *BTF) logParams(params []Item) string {
	if len(params) == 0 {
		return "void"
	}
	var all []string
	for i, p := range params {
		if i == len(params)-1 && p.Type == 0 {
			all = append(all, "vararg")
		} else {
			all = append(all, fmt.Sprintf("%d %s", p.Type, b.logName(p.Name)))
		}
	}
	return strings.Join(all, ", ")
}

// logItem is the line of a struct's member or of a section's variable.
func (b *BTF) logItem(info Info, m Item) string {
	if info.Kind() == KindDatasec {
		return fmt.Sprintf("\t type_id=%d offset=%d size=%d", m.Type, m.Val, m.Name)
	}
	if !info.KindFlag() {
		return fmt.Sprintf("\t%s type_id=%d bits_offset=%d", b.logName(m.Name), m.Type, m.Val)
	}
	off, bits := MemberBits(info, m.Val)
	return fmt.Sprintf("\t%s type_id=%d bitfield_size=%d bits_offset=%d", b.logName(m.Name), m.Type, bits, off)
}

// bare returns the first type that is not a modifier, from id on.
func (b *BTF) bare(id uint32) uint32 {
	for range b.NumTypes() {
		r := b.Row(ID(id))
		if r == nil || !isModifier(r.Info.Kind()) {
			break
		}
		id = r.Type
	}
	return id
}
