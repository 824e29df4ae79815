package dwarfconv

import (
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// The rows that the walk leaves for the conversion of functions. All DIE
// offsets are relative to the first unit header of the group, and 0 means
// absent: a header stands at 0, never a DIE.

// subFlags are facts of one DW_TAG_subprogram.
type subFlags uint16

const (
	subDeclaration subFlags = 1 << iota // DW_AT_declaration
	subExternal                         // DW_AT_external
	subPrototyped                       // DW_AT_prototyped
	subHasLowPC                         // DW_AT_low_pc
	subHasRanges                        // DW_AT_ranges
	subArtificial                       // DW_AT_artificial
	subHasInline                        // DW_AT_inline, value in inline
	subVariadic                         // has a DW_TAG_unspecified_parameters child
	subNested                           // inside another subprogram (or its blocks), type or namespace
)

// subprogram is one DW_TAG_subprogram, whether definition, declaration,
// abstract or concrete instance. Rows are in ascending order of off.
type subprogram struct {
	off    uint32 // the DIE
	typ    uint32 // DW_AT_type
	origin uint32 // DW_AT_abstract_origin
	spec   uint32 // DW_AT_specification
	name   btf.StrOff
	unit   int32 // index of its unit in the group (Converter.units)
	first  int32 // rawParams[first : first+n]
	n      int32
	tag    int32 // rawTags[tag : tag+tags], parameters' included
	tags   int32
	lowPC  uint64
	flags  subFlags
	cc     uint8 // DW_AT_calling_convention, 0 where absent
	inline uint8 // DW_AT_inline
}

// locForm says what a parameter's DW_AT_location is.
type locForm uint8

const (
	locNone  locForm = iota
	locExpr          // an expression in Sections.Info
	locList          // a list in Sections.Loc (DWARF 2 to 4)
	locLists         // a list in Sections.Loclists (DWARF 5)
	locBad           // present, but in a form that says nothing (index out of range)
)

// rawParam is one DW_TAG_formal_parameter that is a direct child of a
// subprogram. Rows are in ascending order of off.
type rawParam struct {
	off    uint32
	typ    uint32     // DW_AT_type
	origin uint32     // DW_AT_abstract_origin
	name   btf.StrOff // 0 where the DIE has none
	locOff uint64     // position in the section that form names
	locLen uint32     // bytes of the expression, locExpr only
	form   locForm
	// constValue tells that DW_AT_const_value is there: the value is not in
	// any register.
	constValue bool
}

// rawTag is one annotation of a subprogram or of one of its parameters, in
// the order in which BTF lists them.
type rawTag struct {
	value     btf.StrOff
	component int32 // parameter index in the subprogram, -1 for itself
}

// rawUnit is what the conversion of functions needs to know of a unit.
type rawUnit struct {
	off      uint32 // of the header, in the group
	base     uint64 // DW_AT_low_pc of the unit DIE: base address of its location lists
	addrBase uint64 // DW_AT_addr_base
	lang     uint16 // DW_AT_language
	version  uint8
	addrSize uint8
	dwarf64  bool
	clang    bool // DW_AT_producer names clang
}

// rawFuncs is filled by the walk of a group and consumed by convertFuncs.
type rawFuncs struct {
	subs   []subprogram
	params []rawParam
	tags   []rawTag
	units  []rawUnit

	// unsorted: params are not in order of off.
	unsorted bool
}

func (r *rawFuncs) reset() {
	r.subs, r.params, r.tags, r.units, r.unsorted = r.subs[:0], r.params[:0], r.tags[:0], r.units[:0], false
}

// subAt returns the index in subs of the DIE at off, -1 where there is none.
func (r *rawFuncs) subAt(off uint32) int {
	lo, hi := 0, len(r.subs)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); r.subs[mid].off < off {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(r.subs) && r.subs[lo].off == off {
		return lo
	}
	return -1
}

// paramAt returns the index in params of the DIE at off, -1 where there is none.
func (r *rawFuncs) paramAt(off uint32) int {
	if r.unsorted {
		return slices.IndexFunc(r.params, func(p rawParam) bool { return p.off == off })
	}
	lo, hi := 0, len(r.params)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); r.params[mid].off < off {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(r.params) && r.params[lo].off == off {
		return lo
	}
	return -1
}
