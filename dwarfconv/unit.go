// Package dwarfconv converts units of DWARF into flat BTF types, functions and
// variables. It reads no ELF: the caller brings relocated section bytes and
// the symbols it found.
package dwarfconv

import "github.com/gobtfenc/gobtfenc/btf"

// Unit is what one unit declares (or several units, where they refer to each
// other). A Converter reuses it: everything is valid until the next unit.
//
// Type ids in a Unit are local: Types.Rows[0] is void, and a reference is an
// index into Types.Rows. Names are offsets of the module's btf.Strings.
type Unit struct {
	Types  btf.Types
	Starts []int32 // of several units: first row of each, and the end of the last; rows behind it are tags, or of all
	Funcs  []Func
	Params []Param // of all Funcs, see Func.First and Func.N
	Vars   []Var
	Tags   []Tag // annotations of functions, parameters and variables
	Dims   []Dim // of arrays with several, in order; see NestArrays
}

// Func is one function definition: a DW_TAG_subprogram that is no declaration,
// with what its abstract origin or specification adds.
type Func struct {
	Name     btf.StrOff
	Ret      btf.ID // local; 0 is void
	First, N int32  // parameters: Unit.Params[First:First+N]
	Variadic bool
	External bool

	// Addr is DW_AT_low_pc as relocated: symbol value plus addend, relative
	// to the symbol's section in a relocatable file.
	Addr    uint64
	HasAddr bool

	Flags    FuncFlags
	TagFirst int32 // Unit.Tags[TagFirst:TagFirst+TagN], parameters' included
	TagN     int32
}

// Param is one parameter of a Func, in declaration order.
type Param struct {
	Name btf.StrOff // 0 where the DIE has no name
	Type btf.ID     // local

	// Member is not 0 where only that member of the parameter arrives
	// (Options.TrueSignature): Type is the member's, and BTF calls it
	// Name__Member.
	Member btf.StrOff
}

// Var is a variable with a static address.
type Var struct {
	Name     btf.StrOff
	Type     btf.ID // local
	Addr     uint64 // operand of DW_OP_addr as relocated
	External bool

	// Declared is whether name, type and linkage are those of a declaration
	// elsewhere (DW_AT_specification).
	Declared bool

	TagFirst int32
	TagN     int32
}

// Tag is one annotation (btf_decl_tag) of a function, parameter or variable.
type Tag struct {
	Value     btf.StrOff
	Component int32 // parameter index, -1 for the function or variable itself
}
