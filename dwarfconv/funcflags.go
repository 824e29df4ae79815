package dwarfconv

// FuncFlags are facts about a function that decide whether its prototype says
// what a tracer finds in the registers at its entry. They are the flags that
// pahole keeps per function (struct ftype).
type FuncFlags uint8

const (
	// FuncUnnamedParam: a parameter has no name, neither itself nor in its
	// abstract origin.
	FuncUnnamedParam FuncFlags = 1 << iota

	// FuncUnexpectedReg: a parameter arrives in another register than the ABI
	// says.
	FuncUnexpectedReg

	// FuncUncertainLoc: a packed struct is passed by value on the stack, where
	// its place depends on more than its size.
	FuncUncertainLoc

	// FuncReorderedParams: a concrete instance lists parameters in another
	// order than its abstract origin.
	FuncReorderedParams

	// FuncOptimizedParams: a parameter has no location or its first location
	// is none that the ABI could have given it.
	FuncOptimizedParams

	// FuncSignatureChanged: clang says that the calling convention is not the
	// usual one (DW_CC_nocall).
	FuncSignatureChanged

	// FuncInline: the DIE is an abstract instance (DW_AT_inline is not 0).
	FuncInline
)

var funcFlagNames = [...]string{
	"unnamed_param", "unexpected_reg", "uncertain_loc", "reordered_params", "optimized_params", "signature_changed", "inline",
}

// String lists the set flags, separated by spaces, in the order of their bits.
func (f FuncFlags) String() string {
	s := ""
	for i, name := range funcFlagNames {
		if f>>i&1 == 0 {
			continue
		}
		if s != "" {
			s += " "
		}
		s += name
	}
	return s
}
