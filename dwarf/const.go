// Package dwarf reads DWARF 2 to 5 from byte slices: unit headers, abbreviation
// tables and the attributes of one DIE at a time. It knows no ELF, keeps no
// tree and allocates nothing per DIE.
//
// A caller says once which attributes it wants of which tag ([Selection]);
// [Compile] turns every abbreviation into a short program that loads those and
// skips the rest, and a [Reader] runs the programs.
package dwarf

// Tag is a DW_TAG_* number (DWARF 5 §7.5.3).
type Tag uint16

// The tags that C, C++ and Rust units have where types, functions and
// variables are.
const (
	TagArrayType             Tag = 0x01
	TagClassType             Tag = 0x02
	TagEnumerationType       Tag = 0x04
	TagFormalParameter       Tag = 0x05
	TagImportedDeclaration   Tag = 0x08
	TagLabel                 Tag = 0x0a
	TagLexicalBlock          Tag = 0x0b
	TagMember                Tag = 0x0d
	TagPointerType           Tag = 0x0f
	TagReferenceType         Tag = 0x10
	TagCompileUnit           Tag = 0x11
	TagStringType            Tag = 0x12
	TagStructType            Tag = 0x13
	TagSubroutineType        Tag = 0x15
	TagTypedef               Tag = 0x16
	TagUnionType             Tag = 0x17
	TagUnspecifiedParameters Tag = 0x18
	TagInheritance           Tag = 0x1c
	TagInlinedSubroutine     Tag = 0x1d
	TagPtrToMemberType       Tag = 0x1f
	TagSubrangeType          Tag = 0x21
	TagBaseType              Tag = 0x24
	TagConstType             Tag = 0x26
	TagEnumerator            Tag = 0x28
	TagSubprogram            Tag = 0x2e
	TagVariable              Tag = 0x34
	TagVolatileType          Tag = 0x35
	TagRestrictType          Tag = 0x37
	TagInterfaceType         Tag = 0x38
	TagNamespace             Tag = 0x39
	TagImportedModule        Tag = 0x3a
	TagUnspecifiedType       Tag = 0x3b
	TagPartialUnit           Tag = 0x3c
	TagImportedUnit          Tag = 0x3d
	TagTypeUnit              Tag = 0x41
	TagRvalueReferenceType   Tag = 0x42
	TagAtomicType            Tag = 0x47
	TagCallSite              Tag = 0x48
	TagCallSiteParameter     Tag = 0x49
	TagSkeletonUnit          Tag = 0x4a
	TagImmutableType         Tag = 0x4b
	TagGNUCallSite           Tag = 0x4109
	TagGNUCallSiteParameter  Tag = 0x410a
	TagLLVMAnnotation        Tag = 0x6000
	TagGNUAnnotation         Tag = 0x6001
)

// Attr is a DW_AT_* number (DWARF 5 §7.5.4).
type Attr uint16

// The attributes that say what a type, function or variable is.
const (
	AttrSibling           Attr = 0x01
	AttrLocation          Attr = 0x02
	AttrName              Attr = 0x03
	AttrByteSize          Attr = 0x0b
	AttrBitOffset         Attr = 0x0c
	AttrBitSize           Attr = 0x0d
	AttrLowPC             Attr = 0x11
	AttrHighPC            Attr = 0x12
	AttrLanguage          Attr = 0x13
	AttrImport            Attr = 0x18
	AttrCompDir           Attr = 0x1b
	AttrConstValue        Attr = 0x1c
	AttrInline            Attr = 0x20
	AttrProducer          Attr = 0x25
	AttrPrototyped        Attr = 0x27
	AttrUpperBound        Attr = 0x2f
	AttrAbstractOrigin    Attr = 0x31
	AttrArtificial        Attr = 0x34
	AttrCallingConvention Attr = 0x36
	AttrCount             Attr = 0x37
	AttrDataMemberLoc     Attr = 0x38
	AttrDeclaration       Attr = 0x3c
	AttrEncoding          Attr = 0x3e
	AttrExternal          Attr = 0x3f
	AttrSpecification     Attr = 0x47
	AttrType              Attr = 0x49
	AttrRanges            Attr = 0x55
	AttrSignature         Attr = 0x69
	AttrDataBitOffset     Attr = 0x6b
	AttrStrOffsetsBase    Attr = 0x72
	AttrAddrBase          Attr = 0x73
	AttrRnglistsBase      Attr = 0x74
	AttrDwoName           Attr = 0x76
	AttrLoclistsBase      Attr = 0x8c
	AttrGNUDwoName        Attr = 0x2130
	AttrGNUDwoID          Attr = 0x2131
	AttrGNUAddrBase       Attr = 0x2133
	AttrGNUAnnotation     Attr = 0x2139
)

// Form is a DW_FORM_* number (DWARF 5 §7.5.6).
type Form uint16

// The forms of DWARF 2 to 5 and the GNU extensions.
const (
	FormAddr          Form = 0x01
	FormBlock2        Form = 0x03
	FormBlock4        Form = 0x04
	FormData2         Form = 0x05
	FormData4         Form = 0x06
	FormData8         Form = 0x07
	FormString        Form = 0x08
	FormBlock         Form = 0x09
	FormBlock1        Form = 0x0a
	FormData1         Form = 0x0b
	FormFlag          Form = 0x0c
	FormSdata         Form = 0x0d
	FormStrp          Form = 0x0e
	FormUdata         Form = 0x0f
	FormRefAddr       Form = 0x10
	FormRef1          Form = 0x11
	FormRef2          Form = 0x12
	FormRef4          Form = 0x13
	FormRef8          Form = 0x14
	FormRefUdata      Form = 0x15
	FormIndirect      Form = 0x16
	FormSecOffset     Form = 0x17
	FormExprloc       Form = 0x18
	FormFlagPresent   Form = 0x19
	FormStrx          Form = 0x1a
	FormAddrx         Form = 0x1b
	FormRefSup4       Form = 0x1c
	FormStrpSup       Form = 0x1d
	FormData16        Form = 0x1e
	FormLineStrp      Form = 0x1f
	FormRefSig8       Form = 0x20
	FormImplicitConst Form = 0x21
	FormLoclistx      Form = 0x22
	FormRnglistx      Form = 0x23
	FormRefSup8       Form = 0x24
	FormStrx1         Form = 0x25
	FormStrx2         Form = 0x26
	FormStrx3         Form = 0x27
	FormStrx4         Form = 0x28
	FormAddrx1        Form = 0x29
	FormAddrx2        Form = 0x2a
	FormAddrx3        Form = 0x2b
	FormAddrx4        Form = 0x2c
	FormGNUAddrIndex  Form = 0x1f01
	FormGNUStrIndex   Form = 0x1f02
	FormGNURefAlt     Form = 0x1f20
	FormGNUStrpAlt    Form = 0x1f21
)

// Base type encodings, DW_ATE_* (DWARF 5 §7.8).
const (
	EncBoolean        = 0x02
	EncComplexFloat   = 0x03
	EncFloat          = 0x04
	EncSigned         = 0x05
	EncSignedChar     = 0x06
	EncUnsigned       = 0x07
	EncUnsignedChar   = 0x08
	EncImaginaryFloat = 0x09
)

// Lang is a DW_LANG_* number (DWARF 5 §7.12).
type Lang uint16

// Languages that are asked for by name.
const (
	LangC89           Lang = 0x01
	LangC             Lang = 0x02
	LangAda83         Lang = 0x03
	LangCPlusPlus     Lang = 0x04
	LangCobol74       Lang = 0x05
	LangFortran77     Lang = 0x07
	LangC99           Lang = 0x0c
	LangGo            Lang = 0x16
	LangCPlusPlus03   Lang = 0x19
	LangCPlusPlus11   Lang = 0x1a
	LangRust          Lang = 0x1c
	LangC11           Lang = 0x1d
	LangCPlusPlus14   Lang = 0x21
	LangC17           Lang = 0x2c
	LangAssembly      Lang = 0x3d // since DWARF 5, https://dwarfstd.org/languages.html
	LangC23           Lang = 0x3e
	LangMipsAssembler Lang = 0x8001
)
