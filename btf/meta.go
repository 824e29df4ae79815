package btf

// checkMetas checks each own type by itself (btf_check_all_metas and the
// check_meta of each kind).
func (v *validator) checkMetas() {
	if n := v.b.NumTypes(); n > MaxID+1 {
		v.fail(MaxID+1, "Exceeded max num of types")
		return
	}
	v.own(v.checkMeta)
}

// What a kind may have besides its size or type.
type metaRule struct {
	name    nameRule
	vlen    bool // vlen may be other than 0
	flag    bool // kind_flag may be set
	wantRef bool // Row.Type must not be void
}

type nameRule uint8

const (
	anyName     nameRule = iota // not looked at
	noName                      // must be anonymous
	mayIdent                    // anonymous or an identifier
	mustIdent                   // an identifier
	mustPrint                   // printable and not empty: a section's
	mustNotNull                 // not empty: a tag's
)

var metaRules = [NumKinds]metaRule{
	KindInt:       {name: anyName},
	KindPtr:       {name: noName},
	KindArray:     {name: noName},
	KindStruct:    {name: mayIdent, vlen: true, flag: true},
	KindUnion:     {name: mayIdent, vlen: true, flag: true},
	KindEnum:      {name: mayIdent, vlen: true, flag: true},
	KindFwd:       {name: mustIdent, flag: true},
	KindTypedef:   {name: mustIdent},
	KindVolatile:  {name: noName},
	KindConst:     {name: noName},
	KindRestrict:  {name: noName},
	KindFunc:      {name: mustIdent, vlen: true},
	KindFuncProto: {name: noName, vlen: true},
	KindVar:       {name: mustIdent, wantRef: true},
	KindDatasec:   {name: mustPrint, vlen: true},
	KindFloat:     {name: anyName},
	KindDeclTag:   {name: mustNotNull, flag: true},
	KindTypeTag:   {name: mustNotNull, flag: true},
	KindEnum64:    {name: mayIdent, vlen: true, flag: true},
}

func (v *validator) checkMeta(id ID, r *Row) {
	kind := r.Info.Kind()
	if v.rules.NarrowInfo && r.Info&0x60ff0000 != 0 {
		v.fail(id, "Invalid btf_info:%x", uint32(r.Info))
		return
	}
	if kind == KindVoid || kind >= NumKinds {
		v.fail(id, "Invalid kind:%d", kind)
		return
	}
	if !v.hasStr(uint32(r.Name)) {
		v.fail(id, "Invalid name_offset:%d", r.Name)
		return
	}
	rule := metaRules[kind]
	if v.rules.NoTagFlag && (kind == KindDeclTag || kind == KindTypeTag) {
		rule.flag = false
	}
	switch {
	case !rule.vlen && r.Info.Vlen() != 0:
		v.fail(id, "vlen != 0")
	case !rule.flag && r.Info.KindFlag():
		v.fail(id, "Invalid btf_info kind_flag")
	case !v.nameOK(rule.name, uint32(r.Name)):
		msg := "Invalid name"
		if kind == KindDeclTag {
			msg = "Invalid value"
		}
		v.fail(id, "%s", msg)
	case Shapes[kind].TypeIsRef && r.Type > MaxID, rule.wantRef && r.Type == 0:
		v.fail(id, "Invalid type_id")
	default:
		v.checkKind(id, r)
	}
}

// checkKind checks what only one kind or two have.
func (v *validator) checkKind(id ID, r *Row) {
	switch r.Info.Kind() {
	case KindInt:
		v.checkInt(id, r)
	case KindArray:
		m := v.b.Types.ItemsOf(r)[0]
		switch {
		case r.Type != 0:
			v.fail(id, "size != 0")
		case m.Type == 0 || m.Type > MaxID:
			v.fail(id, "Invalid elem")
		case m.Name == 0 || m.Name > MaxID:
			v.fail(id, "Invalid index")
		}
	case KindStruct, KindUnion:
		v.checkMembers(id, r)
	case KindEnum, KindEnum64:
		v.checkEnum(id, r)
	case KindFwd:
		if r.Type != 0 {
			v.fail(id, "type != 0")
		}
	case KindFunc:
		if r.Info.Vlen() > LinkageGlobal {
			v.fail(id, "Invalid func linkage")
		}
	case KindFuncProto:
		v.checkParams(id, r)
	case KindVar:
		if r.Aux > LinkageGlobal {
			v.fail(id, "Linkage not supported")
		}
	case KindDatasec:
		v.checkDatasec(id, r)
	case KindFloat:
		switch r.Type {
		case 2, 4, 8, 12, 16:
		default:
			v.fail(id, "Invalid type_size")
		}
	case KindDeclTag:
		if int32(r.Aux) < -1 {
			v.fail(id, "Invalid component_idx")
		}
	}
}

func (v *validator) checkInt(id ID, r *Row) {
	if r.Aux&^0x0fffffff != 0 {
		v.fail(id, "Invalid int_data:%x", r.Aux)
		return
	}
	bits := r.Aux&0xff + r.Aux>>16&0xff
	switch {
	case bits > 128:
		v.fail(id, "nr_bits exceeds 128")
		return
	case bytesOf(uint64(bits)) > uint64(r.Type):
		v.fail(id, "nr_bits exceeds type_size")
		return
	}
	switch r.Aux >> 24 {
	case 0, IntSigned, IntChar, IntBool:
	default:
		v.fail(id, "Unsupported encoding")
	}
}

func (v *validator) checkMembers(id ID, r *Row) {
	last := uint32(0)
	for i, m := range v.b.Types.ItemsOf(r) {
		off, _ := MemberBits(r.Info, m.Val)
		msg := ""
		switch {
		case !v.hasStr(m.Name):
			msg = "Invalid member name_offset"
		case !v.nameOK(mayIdent, m.Name):
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

func (v *validator) checkEnum(id ID, r *Row) {
	if r.Type > 8 || r.Type == 0 || r.Type&(r.Type-1) != 0 {
		v.fail(id, "Unexpected size")
		return
	}
	for i, m := range v.b.Types.ItemsOf(r) {
		switch {
		case !v.hasStr(m.Name):
			v.failItem(id, i, "Invalid name_offset:%d", m.Name)
			return
		case !v.nameOK(mustIdent, m.Name):
			v.failItem(id, i, "Invalid name")
			return
		}
	}
}

// checkParams checks what Parse would have refused. The kernel checks
// parameters when it resolves.
func (v *validator) checkParams(id ID, r *Row) {
	for i, m := range v.b.Types.ItemsOf(r) {
		if !v.hasStr(m.Name) || m.Type > MaxID {
			v.failItem(id, i, "Invalid arg#%d", i+1)
			return
		}
	}
}

func (v *validator) checkDatasec(id ID, r *Row) {
	if r.Type == 0 {
		v.fail(id, "size == 0")
		return
	}
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

// nameOK checks the name at off, which hasStr has.
func (v *validator) nameOK(rule nameRule, off uint32) bool {
	s, _ := v.b.Str(StrOff(off))
	switch rule {
	case noName:
		return off == 0
	case mayIdent:
		return off == 0 || isIdent(s, v.rules.nameLen())
	case mustIdent:
		return isIdent(s, v.rules.nameLen())
	case mustPrint:
		return isPrintable(s, v.rules.nameLen())
	case mustNotNull:
		return len(s) > 0
	}
	return true
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
