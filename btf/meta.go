package btf

import (
	"fmt"
	"strings"
)

// checkMetas checks each own type by itself (btf_check_all_metas and the
// check_meta of each kind).
func (v *validator) checkMetas() {
	if n := v.b.NumTypes(); n > MaxID+1 {
		v.report(MaxID+1, -1, logMessage, "Exceeded max num of types")
		return
	}
	v.own(v.checkMeta)
}

// metaRule is a rule that a row has to keep by itself, its items aside.
type metaRule uint8

const (
	noVlen      metaRule = iota
	noFlag               // kind_flag is 0
	noTagFlag            // the same, for kernels with Rules.NoTagFlag
	noEnumFlag           // the same, for kernels with Rules.NoEnumFlag
	noName               // anonymous
	identOrNo            // anonymous or an identifier
	ident                // an identifier
	printable            // a section's name
	tagName              // a name that may be anything but empty
	tagValue             // the same, with another message
	refInRange           // a type id that may exist
	refNotVoid           // the same, and not void
	noRef                // the type word is 0
	noSize               // the size word is 0
	someSize             // it is not
	enumSize             // it is a power of two up to 8
	floatSize            // it is one of a float's
	intData              // encoding, offset and bits fit
	funcLinkage          // static or global
	varLinkage           // static or global
	component            // -1 or more
)

// metaRules has the rules of each kind in the order in which the kernel comes
// to them, because the first that is broken gives the message.
var metaRules = [NumKinds][]metaRule{
	KindInt:       {noVlen, noFlag, intData},
	KindPtr:       {noVlen, noFlag, refInRange, noName},
	KindArray:     {noName, noVlen, noFlag, noSize},
	KindStruct:    {identOrNo},
	KindUnion:     {identOrNo},
	KindEnum:      {noEnumFlag, enumSize, identOrNo},
	KindFwd:       {noVlen, noRef, ident},
	KindTypedef:   {noVlen, noFlag, refInRange, ident},
	KindVolatile:  {noVlen, noFlag, refInRange, noName},
	KindConst:     {noVlen, noFlag, refInRange, noName},
	KindRestrict:  {noVlen, noFlag, refInRange, noName},
	KindFunc:      {ident, funcLinkage, noFlag},
	KindFuncProto: {noName, noFlag},
	KindVar:       {noVlen, noFlag, ident, refNotVoid, varLinkage},
	KindDatasec:   {someSize, noFlag, printable},
	KindFloat:     {noVlen, noFlag, floatSize},
	KindDeclTag:   {tagValue, noVlen, noTagFlag, component},
	KindTypeTag:   {noVlen, noTagFlag, refInRange, tagName},
	KindEnum64:    {enumSize, identOrNo},
}

func (v *validator) checkMeta(id ID, r *Row) {
	kind := r.Info.Kind()
	switch {
	case v.rules.NarrowInfo && r.Info&wideBits != 0:
		v.report(id, -1, logID, "Invalid btf_info:%x", uint32(r.Info))
		return
	case !v.rules.knows(kind):
		v.report(id, -1, logID, "Invalid kind:%d", kind)
		return
	case !v.hasStr(uint32(r.Name)):
		v.report(id, -1, logID, "Invalid name_offset:%d", r.Name)
		return
	}
	for _, rule := range metaRules[kind] {
		if msg := v.broken(rule, r); msg != "" {
			form := logType
			if rule == intData && strings.HasPrefix(msg, invalidIntData) {
				form = logBrief
			}
			v.report(id, -1, form, "%s", msg)
			return
		}
	}
	switch kind {
	case KindArray:
		switch m := v.b.Types.ItemsOf(r)[0]; {
		case m.Type == 0 || m.Type > MaxID:
			v.fail(id, "Invalid elem")
		case m.Name == 0 || m.Name > MaxID:
			v.fail(id, "Invalid index")
		}
	case KindStruct, KindUnion:
		v.checkMembers(id, r)
	case KindEnum, KindEnum64:
		v.checkEnumerators(id, r)
	case KindDatasec:
		v.checkVariables(id, r)
	}
}

// broken returns the kernel's message for a row that breaks the rule, "" for
// one that keeps it.
func (v *validator) broken(rule metaRule, r *Row) string {
	ok, msg := true, ""
	switch rule {
	case noVlen:
		ok, msg = r.Info.Vlen() == 0, "vlen != 0"
	case noFlag:
		ok, msg = !r.Info.KindFlag(), "Invalid btf_info kind_flag"
	case noTagFlag:
		ok, msg = !r.Info.KindFlag() || !v.rules.NoTagFlag, "Invalid btf_info kind_flag"
	case noEnumFlag:
		ok, msg = !r.Info.KindFlag() || !v.rules.NoEnumFlag, "Invalid btf_info kind_flag"
	case noName:
		ok, msg = r.Name == 0, "Invalid name"
	case identOrNo:
		ok, msg = r.Name == 0 || v.isIdent(uint32(r.Name)), "Invalid name"
	case ident:
		ok, msg = v.isIdent(uint32(r.Name)), "Invalid name"
	case printable:
		s, _ := v.b.Str(r.Name)
		ok, msg = isPrintable(s, v.rules.nameLen()), "Invalid name"
	case tagName, tagValue:
		s, _ := v.b.Str(r.Name)
		ok, msg = len(s) > 0, "Invalid name"
		if rule == tagValue {
			msg = "Invalid value"
		}
	case refInRange:
		ok, msg = r.Type <= MaxID, "Invalid type_id"
	case refNotVoid:
		ok, msg = r.Type != 0 && r.Type <= MaxID, "Invalid type_id"
	case noRef:
		ok, msg = r.Type == 0, "type != 0"
	case noSize:
		ok, msg = r.Type == 0, "size != 0"
	case someSize:
		ok, msg = r.Type != 0, "size == 0"
	case enumSize:
		ok, msg = r.Type != 0 && r.Type <= 8 && r.Type&(r.Type-1) == 0, "Unexpected size"
	case floatSize:
		ok, msg = r.Type == 2 || r.Type == 4 || r.Type == 8 || r.Type == 12 || r.Type == 16, "Invalid type_size"
	case intData:
		msg = intFault(r)
		ok = msg == ""
	case funcLinkage:
		ok, msg = r.Info.Vlen() <= LinkageGlobal, "Invalid func linkage"
	case varLinkage:
		ok, msg = r.Aux <= LinkageGlobal, "Linkage not supported"
	case component:
		ok, msg = int32(r.Aux) >= -1, "Invalid component_idx"
	}
	if ok {
		return ""
	}
	return msg
}

const invalidIntData = "Invalid int_data:"

// intFault says what is wrong with an INT's data word.
func intFault(r *Row) string {
	bits := r.Aux&0xff + r.Aux>>16&0xff
	switch {
	case r.Aux&^0x0fffffff != 0:
		return fmt.Sprintf(invalidIntData+"%x", r.Aux)
	case bits > 128:
		return "nr_bits exceeds 128"
	case bytesOf(uint64(bits)) > uint64(r.Type):
		return "nr_bits exceeds type_size"
	}
	switch r.Aux >> 24 {
	case 0, IntSigned, IntChar, IntBool:
		return ""
	}
	return "Unsupported encoding"
}

func (v *validator) checkMembers(id ID, r *Row) {
	last := uint32(0)
	for i, m := range v.b.Types.ItemsOf(r) {
		off, _ := MemberBits(r.Info, m.Val)
		msg := ""
		switch {
		case !v.hasStr(m.Name):
			msg = fmt.Sprintf("Invalid member name_offset:%d", m.Name)
		case m.Name != 0 && !v.isIdent(m.Name):
			msg = "Invalid name"
		case m.Type == 0 || m.Type > MaxID:
			msg = "Invalid type_id"
		case off != 0 && r.Info.Kind() == KindUnion, off < last:
			msg = "Invalid member bits_offset"
		case bytesOf(uint64(off)) > uint64(r.Type):
			msg = "Member bits_offset exceeds its struct size"
		}
		if msg != "" {
			v.failItem(id, i, "%s", msg)
			return
		}
		last = off
	}
}

func (v *validator) checkEnumerators(id ID, r *Row) {
	for i, m := range v.b.Types.ItemsOf(r) {
		switch {
		case !v.hasStr(m.Name):
			v.report(id, i, logIndent, "Invalid name_offset:%d", m.Name)
			return
		case !v.isIdent(m.Name):
			v.report(id, i, logType, "Invalid name")
			return
		}
	}
}

func (v *validator) checkVariables(id ID, r *Row) {
	end := uint64(0)
	for i, m := range v.b.Types.ItemsOf(r) {
		off, size := uint64(m.Val), m.Name
		msg := ""
		switch {
		case m.Type == 0 || m.Type > MaxID:
			msg = "Invalid type_id"
		case off < end || off >= uint64(r.Type):
			msg = "Invalid offset"
		case size == 0 || size > r.Type:
			msg = "Invalid size"
		case off+uint64(size) > uint64(r.Type):
			msg = "Invalid offset+size"
		}
		if msg != "" {
			v.failItem(id, i, "%s", msg)
			return
		}
		end = off + uint64(size)
	}
}

// hasStr reports whether a kernel takes off as the offset of a string.
func (v *validator) hasStr(off uint32) bool {
	if off > MaxStrOff {
		return false
	}
	_, ok := v.b.Str(StrOff(off))
	return ok
}

// isIdent reports whether the string at off, which hasStr has, is an
// identifier.
func (v *validator) isIdent(off uint32) bool {
	s, _ := v.b.Str(StrOff(off))
	return isIdent(s, v.rules.nameLen())
}

// isIdent reports whether s is a C identifier in which '.' counts as a letter,
// of at most limit bytes.
func isIdent(s []byte, limit int) bool {
	if len(s) == 0 || len(s) > limit || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for _, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', isLatin1Letter(c):
		default:
			return false
		}
	}
	return true
}

// isPrintable reports whether s is printable by the kernel's isprint, of 1 to
// limit bytes.
func isPrintable(s []byte, limit int) bool {
	if len(s) == 0 || len(s) > limit {
		return false
	}
	for _, c := range s {
		if c < ' ' || c > '~' && c < 0xa0 {
			return false
		}
	}
	return true
}

// isLatin1Letter: the kernel's ctype table is ISO 8859-1, in which these are
// letters but for the signs of multiplication and division.
func isLatin1Letter(c byte) bool { return c >= 0xc0 && c != 0xd7 && c != 0xf7 }

// bytesOf returns how many bytes hold so many bits.
func bytesOf(bits uint64) uint64 { return (bits + 7) / 8 }
