package encoder

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/elfio"
)

// Feature is one of the names that pahole's --btf_features knows, or one of ours.
type Feature uint32

// The features, in pahole's order. Those up to FeatureDeclTagKfuncs make up
// its "default".
const (
	FeatureEncodeForce    Feature = 1 << iota // leave out variables whose names are no identifiers; otherwise they are errors
	FeatureVar                                // VAR and DATASEC of .data..percpu
	FeatureFloat                              // FLOAT
	FeatureDeclTag                            // DECL_TAG
	FeatureTypeTag                            // TYPE_TAG
	FeatureEnum64                             // ENUM64
	FeatureOptimizedFunc                      // functions whose every symbol ends in .isra.N or .constprop.N
	FeatureConsistentFunc                     // no functions with differing prototypes
	FeatureDeclTagKfuncs                      // decl tags for kfuncs
	FeatureReproducible                       // same input, same bytes; always so here
	FeatureDistilledBase                      // .BTF.base
	FeatureGlobalVar                          // variables of all sections
	FeatureAttributes                         // type attributes of kfuncs
	FeatureTrueSignature                      // functions with changed signatures, as they are
	FeatureLayout                             // layout table behind the header
	FeatureNestedArrays                       // ours: arrays of several dimensions as in pahole 1.32, where no base says how
)

var featureNames = [...]string{
	"encode_force", "var", "float", "decl_tag", "type_tag", "enum64", "optimized_func", "consistent_func", "decl_tag_kfuncs",
	"reproducible_build", "distilled_base", "global_var", "attributes", "true_signature", "layout", "nested_arrays",
}

const defaultFeatures = FeatureReproducible - 1

// pahole124 names the set that pahole 1.24 encodes when the kernel of its time
// calls it: --btf_gen_floats, and no rule about functions but the symbol table.
const pahole124 = "pahole-1.24"

// Features is the policy of one run: what is encoded, and which functions.
// The zero value is pahole's empty --btf_features=.
type Features struct {
	set Feature

	// Compat124 asks for the rules of pahole 1.24 where they differ.
	Compat124 bool
}

// DefaultFeatures returns pahole's default set.
func DefaultFeatures() Features { return Features{set: defaultFeatures} }

// Pahole124 returns the set of pahole 1.24.
func Pahole124() Features {
	return Features{
		set:       FeatureVar | FeatureFloat | FeatureDeclTag | FeatureTypeTag | FeatureEnum64 | FeatureReproducible,
		Compat124: true,
	}
}

// Has reports whether all of f are on.
func (fs Features) Has(f Feature) bool { return fs.set&f == f }

// With returns fs and all that is on in other.
func (fs Features) With(other Features) Features {
	fs.set |= other.set
	fs.Compat124 = fs.Compat124 || other.Compat124
	return fs
}

// Without returns fs without all that is on in other.
func (fs Features) Without(other Features) Features {
	fs.set &^= other.set
	return fs
}

// Set returns fs with all of f on or off.
func (fs Features) Set(f Feature, on bool) Features {
	fs.set &^= f
	if on {
		fs.set |= f
	}
	return fs
}

// FeatureNames returns the names that ParseFeatures knows besides those of
// sets: pahole's in its order, then our own.
func FeatureNames() []string { return slices.Clone(featureNames[:]) }

// PaholeFeatureNames returns those of FeatureNames that pahole knows.
func PaholeFeatureNames() []string {
	return FeatureNames()[:bits.TrailingZeros32(uint32(FeatureNestedArrays))]
}

// String lists the features that are on, as --features takes them.
func (fs Features) String() string {
	var names []string
	if fs.Compat124 {
		names = append(names, pahole124)
	}
	for i, name := range featureNames {
		if fs.set>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// FeatureMode says what ParseFeatures does with a name that it does not know.
type FeatureMode int

const (
	// FeaturesStrict makes unknown features errors.
	FeaturesStrict FeatureMode = iota

	// FeaturesLenient ignores them, as pahole does: a kernel tree may ask
	// for features that are newer than its tools.
	FeaturesLenient
)

// ParseFeatures reads the values of all --features options in order. They
// add up. A value is a list of names separated by commas; "default" stands for
// pahole's default set, a value that begins with '+' adds to that set, and
// "pahole-1.24" stands alone. No value at all means the default set.
func ParseFeatures(values []string, mode FeatureMode) (Features, error) {
	if len(values) == 0 {
		return DefaultFeatures(), nil
	}
	var fs Features
	n := 0
	for _, value := range values {
		value, plus := strings.CutPrefix(value, "+")
		if plus {
			fs.set |= defaultFeatures
			n++
		}
		for name := range strings.SplitSeq(value, ",") {
			if name == "" {
				continue
			}
			n++
			if err := fs.add(name, mode); err != nil {
				return Features{}, err
			}
		}
	}
	if fs.Compat124 {
		if n > 1 {
			return Features{}, fmt.Errorf("feature %s stands alone: it is the whole set of that version", pahole124)
		}
		return Pahole124(), nil
	}
	return fs, nil
}

// add turns one feature on.
func (fs *Features) add(name string, mode FeatureMode) error {
	switch name {
	case "default":
		fs.set |= defaultFeatures
		return nil
	case pahole124:
		fs.Compat124 = true
		return nil
	}
	i := slices.Index(featureNames[:], name)
	switch {
	case i < 0 && mode == FeaturesStrict:
		return fmt.Errorf("unknown feature %q; known are default, %s, %s", name, pahole124, strings.Join(featureNames[:], ", "))
	case i < 0:
		return nil
	}
	fs.set |= 1 << i
	return nil
}

// conversion returns what the features and opts say about the conversion of a
// file.
func (fs Features) conversion(f *elfio.File, opts *Options) dwarfconv.Options {
	return dwarfconv.Options{
		LangExclude:   opts.Exclude,
		LangOnly:      opts.Only,
		NamePrefix:    opts.NamePrefix,
		Floats:        fs.Has(FeatureFloat),
		Enum64:        fs.Has(FeatureEnum64),
		DeclTag:       fs.Has(FeatureDeclTag),
		TypeTag:       fs.Has(FeatureTypeTag),
		Vars:          fs.vars(),
		TrueSignature: fs.Has(FeatureTrueSignature),
		ABI:           dwarfconv.ABIFor(uint16(f.Machine), addrSize(f)),
	}
}

// vars reports whether any variables are wanted.
func (fs Features) vars() bool { return fs.set&(FeatureVar|FeatureGlobalVar) != 0 }

// addrSize is the size of an address in bytes.
func addrSize(f *elfio.File) int {
	if f.Class64 {
		return 8
	}
	return 4
}

// FuncPolicy is the part of Features that decides about functions.
type FuncPolicy struct {
	// Compat124 takes the first definition of every name that is a function
	// symbol, whatever is known of its parameters.
	Compat124 bool

	// Consistent leaves out functions whose definitions have differing
	// prototypes.
	Consistent bool

	// Optimized takes functions all of whose symbols say that the compiler
	// changed their parameters (.isra, .constprop), as long as those that are
	// left are where the ABI has them.
	Optimized bool

	// Kfuncs looks for the functions that .BTF_ids lists as kfuncs.
	Kfuncs bool

	// DeclTags keeps the annotations of functions and tags kfuncs.
	DeclTags bool

	// Attributes marks the pointers into an arena that kfuncs take and return.
	Attributes bool

	// TrueSignature takes functions whose signature the compiler changed as
	// they are, GCC's by the name of their symbol.
	TrueSignature bool
}

// FuncPolicy returns what the features say about functions. optimized_func does
// here what pahole's manual has it do; pahole 1.31 itself does not look at it.
func (fs Features) FuncPolicy() FuncPolicy {
	return FuncPolicy{
		Compat124:  fs.Compat124,
		Consistent: fs.Has(FeatureConsistentFunc),
		Optimized:  fs.Has(FeatureOptimizedFunc),
		Kfuncs:     fs.Has(FeatureDeclTagKfuncs) && (fs.Has(FeatureDeclTag) || fs.Has(FeatureAttributes)),
		DeclTags:   fs.Has(FeatureDeclTag),
		Attributes: fs.Has(FeatureAttributes),

		TrueSignature: fs.Has(FeatureTrueSignature),
	}
}
