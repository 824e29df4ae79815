// Package btf is the BPF Type Format: ids, a flat type store, strings, parsing,
// marshalling, validation and bpftool's raw dump.
//
// The format is described in the kernel's Documentation/bpf/btf.rst and
// include/uapi/linux/btf.h. Types live in flat rows ([Types]); nothing here
// keeps a pointer per type.
package btf

// ID numbers a type. 0 is void. In split BTF the ids of the base come first,
// so an ID names a type only together with a store (and its base).
type ID uint32

// StrOff names a string by its offset in the string section; 0 is the empty
// string. In split BTF offsets below the base's string length are the base's.
type StrOff uint32

// MaxID is the highest type id the kernel takes (BTF_MAX_TYPE, base included).
const MaxID = 0xfffff

// MaxStrOff is the highest name offset the kernel takes (BTF_MAX_NAME_OFFSET).
const MaxStrOff = 0xffffff

// Kind is a BTF_KIND_* number.
type Kind uint8

// The kinds, in the numbering of include/uapi/linux/btf.h.
const (
	KindVoid Kind = iota
	KindInt
	KindPtr
	KindArray
	KindStruct
	KindUnion
	KindEnum
	KindFwd
	KindTypedef
	KindVolatile
	KindConst
	KindRestrict
	KindFunc
	KindFuncProto
	KindVar
	KindDatasec
	KindFloat
	KindDeclTag
	KindTypeTag
	KindEnum64
	NumKinds
)

var kindNames = [NumKinds]string{
	"VOID", "INT", "PTR", "ARRAY", "STRUCT", "UNION", "ENUM", "FWD", "TYPEDEF", "VOLATILE", "CONST", "RESTRICT",
	"FUNC", "FUNC_PROTO", "VAR", "DATASEC", "FLOAT", "DECL_TAG", "TYPE_TAG", "ENUM64",
}

// String returns the kind as bpftool prints it.
func (k Kind) String() string {
	if k < NumKinds {
		return kindNames[k]
	}
	return "UNKN"
}

// Info is the info word of a type: vlen in bits 0-23 (0-15 before Linux 7.1),
// kind in bits 24-30 (24-28 before), kind_flag in bit 31.
type Info uint32

// MaxVlen is the highest vlen every kernel can read.
const MaxVlen = 0xffff

// MaxWideVlen is the highest vlen of all, which Linux reads since 7.1.
const MaxWideVlen = 0xffffff

// MakeInfo returns the info word of kind with vlen and kind_flag.
func MakeInfo(kind Kind, vlen int, kflag bool) Info {
	i := Info(kind)<<24 | Info(vlen)&0xffffff
	if kflag {
		i |= 1 << 31
	}
	return i
}

// Kind returns the kind.
func (i Info) Kind() Kind { return Kind(i >> 24 & 0x7f) }

// Vlen returns the number of items, or the linkage of a FUNC.
func (i Info) Vlen() int { return int(i & 0xffffff) }

// KindFlag returns kind_flag: bit-fields (STRUCT, UNION), union (FWD), signed
// (ENUM, ENUM64), attribute (DECL_TAG, TYPE_TAG).
func (i Info) KindFlag() bool { return i>>31 != 0 }

// Encodings of an INT, bits 24-27 of its data word.
const (
	IntSigned = 1 << 0
	IntChar   = 1 << 1
	IntBool   = 1 << 2
)

// Linkages of a FUNC (in vlen) and of a VAR.
const (
	LinkageStatic = 0
	LinkageGlobal = 1
	LinkageExtern = 2
)
