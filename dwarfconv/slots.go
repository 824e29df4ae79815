package dwarfconv

import "github.com/gobtfenc/gobtfenc/dwarf"

// Slots of dwarf.Reader.V, one per attribute that the walk looks at.
const (
	slotSibling = iota
	slotName
	slotType
	slotByteSize
	slotBitSize
	slotBitOffset
	slotDataBitOffset
	slotMemberLoc
	slotEncoding
	slotConstValue
	slotUpperBound
	slotCount
	slotDeclaration
	slotExternal
	slotLocation
	slotOrigin
	slotSpec
	slotLowPC
	slotRanges
	slotInline
	slotCallConv
	slotPrototyped
	slotArtificial
	slotAnnotation
	slotLanguage
	slotProducer
	slotStrOffsetsBase
	slotAddrBase
	slotLoclistsBase
	slotSignature
)

// Slots of attributes that only units and DW_TAG_imported_unit have, in places
// that their DIEs do not need otherwise.
const (
	slotCompDir = slotBitSize
	slotDwoName = slotBitOffset
	slotDwoID   = slotDataBitOffset
	slotImport  = slotMemberLoc
)

var slotOfAttr = map[dwarf.Attr]int{
	dwarf.AttrSibling:           slotSibling,
	dwarf.AttrName:              slotName,
	dwarf.AttrType:              slotType,
	dwarf.AttrByteSize:          slotByteSize,
	dwarf.AttrBitSize:           slotBitSize,
	dwarf.AttrBitOffset:         slotBitOffset,
	dwarf.AttrDataBitOffset:     slotDataBitOffset,
	dwarf.AttrDataMemberLoc:     slotMemberLoc,
	dwarf.AttrEncoding:          slotEncoding,
	dwarf.AttrConstValue:        slotConstValue,
	dwarf.AttrUpperBound:        slotUpperBound,
	dwarf.AttrCount:             slotCount,
	dwarf.AttrDeclaration:       slotDeclaration,
	dwarf.AttrExternal:          slotExternal,
	dwarf.AttrLocation:          slotLocation,
	dwarf.AttrAbstractOrigin:    slotOrigin,
	dwarf.AttrSpecification:     slotSpec,
	dwarf.AttrLowPC:             slotLowPC,
	dwarf.AttrRanges:            slotRanges,
	dwarf.AttrInline:            slotInline,
	dwarf.AttrCallingConvention: slotCallConv,
	dwarf.AttrPrototyped:        slotPrototyped,
	dwarf.AttrArtificial:        slotArtificial,
	dwarf.AttrGNUAnnotation:     slotAnnotation,
	dwarf.AttrLanguage:          slotLanguage,
	dwarf.AttrProducer:          slotProducer,
	dwarf.AttrStrOffsetsBase:    slotStrOffsetsBase,
	dwarf.AttrAddrBase:          slotAddrBase,
	dwarf.AttrLoclistsBase:      slotLoclistsBase,
	dwarf.AttrSignature:         slotSignature,
	dwarf.AttrCompDir:           slotCompDir,
	dwarf.AttrDwoName:           slotDwoName,
	dwarf.AttrGNUDwoName:        slotDwoName,
	dwarf.AttrGNUDwoID:          slotDwoID,
	dwarf.AttrGNUAddrBase:       slotAddrBase,
	dwarf.AttrImport:            slotImport,
}

// slotTable has slot+1 of the attributes below its length: nearly all of them.
var slotTable = func() (t [0x90]int8) {
	for attr, slot := range slotOfAttr {
		if int(attr) < len(t) {
			t[attr] = int8(slot + 1)
		}
	}
	return t
}()

func slotOf(attr dwarf.Attr) int {
	if int(attr) < len(slotTable) {
		return int(slotTable[attr]) - 1
	}
	if slot, ok := slotOfAttr[attr]; ok {
		return slot
	}
	return -1
}

// class is what the walk does with a DIE of some tag.
type class = uint8

const (
	clsSkip           class = iota // nothing wanted; children are walked
	clsJump                        // nothing wanted of the children either
	clsBase                        // base type
	clsConst                       // modifiers
	clsVolatile                    //
	clsRestrict                    //
	clsAlias                       // a modifier that BTF does not know: stands for its target
	clsPointer                     // pointer and reference types
	clsTypedef                     //
	clsStruct                      // struct, class, interface
	clsUnion                       //
	clsMember                      //
	clsEnum                        //
	clsEnumerator                  //
	clsArray                       //
	clsSubrange                    //
	clsProto                       // subroutine type
	clsParam                       // formal parameter
	clsVarargs                     // unspecified parameters
	clsSubprogram                  //
	clsVariable                    //
	clsVoid                        // unspecified type
	clsLLVMAnnotation              //
	clsGNUAnnotation               //
	clsUnit                        // compile, partial and type unit
	clsSkeleton                    // skeleton unit
	clsImport                      // imported unit
)

func set(slots ...int) (m uint32) {
	for _, s := range slots {
		m |= 1 << s
	}
	return m
}

type tagRule struct {
	class class
	want  uint32
}

var tagRules = map[dwarf.Tag]tagRule{
	// Calls and inlined bodies hold no types: compilers put the types of an
	// inlined function into its abstract instance.
	dwarf.TagInlinedSubroutine: {clsJump, set(slotSibling)},
	dwarf.TagCallSite:          {clsJump, set(slotSibling)},
	dwarf.TagGNUCallSite:       {clsJump, set(slotSibling)},

	dwarf.TagBaseType:            {clsBase, set(slotName, slotByteSize, slotEncoding)},
	dwarf.TagConstType:           {clsConst, set(slotType)},
	dwarf.TagVolatileType:        {clsVolatile, set(slotType)},
	dwarf.TagRestrictType:        {clsRestrict, set(slotType)},
	dwarf.TagAtomicType:          {clsAlias, set(slotType)},
	dwarf.TagImmutableType:       {clsAlias, set(slotType)},
	dwarf.TagPointerType:         {clsPointer, set(slotType, slotAnnotation)},
	dwarf.TagReferenceType:       {clsPointer, set(slotType)},
	dwarf.TagRvalueReferenceType: {clsPointer, set(slotType)},
	dwarf.TagPtrToMemberType:     {clsPointer, set(slotType)},
	dwarf.TagTypedef:             {clsTypedef, set(slotName, slotType, slotSpec, slotAnnotation)},
	dwarf.TagStructType:          {clsStruct, compositeSlots},
	dwarf.TagClassType:           {clsStruct, compositeSlots},
	dwarf.TagInterfaceType:       {clsStruct, compositeSlots},
	dwarf.TagUnionType:           {clsUnion, compositeSlots},
	dwarf.TagMember: {clsMember, set(slotName, slotType, slotByteSize, slotBitSize, slotBitOffset, slotDataBitOffset,
		slotMemberLoc, slotDeclaration, slotExternal, slotAnnotation)},
	dwarf.TagEnumerationType:       {clsEnum, set(slotName, slotType, slotByteSize, slotSpec, slotSignature)},
	dwarf.TagEnumerator:            {clsEnumerator, set(slotName, slotConstValue)},
	dwarf.TagArrayType:             {clsArray, set(slotType)},
	dwarf.TagSubrangeType:          {clsSubrange, set(slotUpperBound, slotCount)},
	dwarf.TagSubroutineType:        {clsProto, set(slotType)},
	dwarf.TagFormalParameter:       {clsParam, set(slotName, slotType, slotOrigin, slotLocation, slotConstValue, slotAnnotation)},
	dwarf.TagUnspecifiedParameters: {clsVarargs, 0},
	dwarf.TagSubprogram: {clsSubprogram, set(slotName, slotType, slotOrigin, slotSpec, slotLowPC, slotRanges, slotInline,
		slotCallConv, slotPrototyped, slotArtificial, slotDeclaration, slotExternal, slotAnnotation)},
	dwarf.TagVariable: {clsVariable, set(slotName, slotType, slotSpec, slotLocation, slotArtificial, slotDeclaration,
		slotExternal, slotAnnotation)},
	dwarf.TagUnspecifiedType: {clsVoid, 0},
	dwarf.TagLLVMAnnotation:  {clsLLVMAnnotation, set(slotName, slotConstValue)},
	dwarf.TagGNUAnnotation:   {clsGNUAnnotation, set(slotName, slotConstValue, slotAnnotation)},

	dwarf.TagCompileUnit:  {clsUnit, unitSlots},
	dwarf.TagPartialUnit:  {clsUnit, unitSlots},
	dwarf.TagTypeUnit:     {clsUnit, unitSlots},
	dwarf.TagSkeletonUnit: {clsSkeleton, unitSlots},
	dwarf.TagImportedUnit: {clsImport, set(slotImport)},
}

var compositeSlots = set(slotName, slotByteSize, slotDeclaration, slotSpec, slotAnnotation, slotSignature)

var unitSlots = set(slotLowPC, slotLanguage, slotProducer, slotStrOffsetsBase, slotAddrBase, slotLoclistsBase,
	slotCompDir, slotDwoName, slotDwoID)

// ruleTable has the rules of the tags below its length.
var ruleTable = func() (t [0x50]tagRule) {
	for tag, rule := range tagRules {
		if int(tag) < len(t) {
			t[tag] = rule
		}
	}
	return t
}()

func ruleOf(tag dwarf.Tag) (uint8, uint32) {
	if int(tag) < len(ruleTable) {
		r := ruleTable[tag]
		return r.class, r.want
	}
	r := tagRules[tag]
	return r.class, r.want
}

// briefSlots are the slots of items that are read in runs (walk.go).
func briefSlots(cls uint8) (dwarf.BriefSlots, bool) {
	switch cls {
	case clsMember:
		return dwarf.BriefSlots{Name: slotName, Type: slotType, Val: slotMemberLoc}, true
	case clsEnumerator:
		return dwarf.BriefSlots{Name: slotName, Type: -1, Val: slotConstValue}, true
	case clsParam:
		return dwarf.BriefSlots{Name: slotName, Type: slotType, Val: -1}, true
	}
	return dwarf.BriefSlots{}, false
}

var selection = dwarf.Selection{Slot: slotOf, Tag: ruleOf, Brief: briefSlots}
