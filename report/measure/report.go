// Package measure accounts the BTF of many modules to the byte: what each
// module has alone and on top of a base, which types and strings the bytes are
// for, and what several modules have alike.
//
// A Report is a set of modules. All else that it says (totals, what is repeated)
// follows from them, so that reports of parts of a tree can be merged in any
// order, and any number of times.
package measure

import "math"

// Version is the version of the JSON form of a Report, raised when a reader of
// the form before would misread it.
const Version = 1

// Report is what was measured. It is deterministic: modules, types and strings
// are sorted, and nothing depends on the order or the number of workers.
type Report struct {
	Version int      `json:"version"`
	Bases   []Base   `json:"bases,omitempty"` // by digest
	Modules []Module `json:"modules"`         // by path, then base

	// Types and Strings are those that modules have of their own, each once:
	// Module.Types and Module.Strings are indexes into them.
	Types   []Type   `json:"types"`   // by kind, name, id
	Strings []string `json:"strings"` // sorted

	// Total and Repeated are derived from the modules.
	Total    Total    `json:"total"`
	Repeated Repeated `json:"repeated"`
}

// Base is BTF that modules stand on.
type Base struct {
	Digest string `json:"digest"` // SHA-256 of its BTF, hexadecimal
	Size   Size   `json:"size"`
}

// Sources of a module's BTF.
const (
	SourceDWARF = "dwarf" // it was made of the module's DWARF
	SourceBTF   = "btf"   // the module has no DWARF, or its .BTF was asked for
)

// Module is one module, or what else has BTF.
type Module struct {
	Path   string `json:"path"`
	Base   string `json:"base,omitempty"`   // digest; empty for none
	Error  string `json:"error,omitempty"`  // why it was not measured; then nothing below is set
	Source string `json:"source,omitempty"` // SourceDWARF or SourceBTF

	// Shipped is how many bytes of .BTF the file has, 0 for none.
	Shipped uint64 `json:"shipped,omitempty"`

	// Split is the BTF on top of the base, nil without one.
	Split *Size `json:"split,omitempty"`

	// Alone is the BTF that needs no base. Of SourceBTF with a base it is the
	// least that this can be (see Least).
	Alone *Size `json:"alone,omitempty"`

	// Costs says of features by how many bytes each makes the BTF larger; of
	// SourceDWARF only.
	Costs map[string]int64 `json:"costs,omitempty"`

	// Types and Strings are the module's own: of Split, or without a base of
	// Alone. Functions, variables and their sections and tags are not among
	// the types: they are one module's and could not be another's.
	Types   []uint32 `json:"types,omitempty"`   // indexes into Report.Types, ascending
	Strings []uint32 `json:"strings,omitempty"` // indexes into Report.Strings, ascending
}

// Own returns the BTF that is the module's own: on top of the base where there
// is one. It is nil for a module with an Error.
func (m *Module) Own() *Size {
	if m.Split != nil {
		return m.Split
	}
	return m.Alone
}

// AloneIsLeast reports whether m.Alone is only known to be no less.
func (m *Module) AloneIsLeast() bool { return m.Source == SourceBTF && m.Split != nil }

// Ratio returns how many times larger m is alone, NaN where there is no base.
func (m *Module) Ratio() float64 { return ratio(m.Alone, m.Split) }

func ratio(alone, split *Size) float64 {
	if alone == nil || split == nil || split.Bytes == 0 {
		return math.NaN()
	}
	return float64(alone.Bytes) / float64(split.Bytes)
}

// Type is a type that a module has of its own.
type Type struct {
	ID    Identity `json:"id"` // what the type means, and all that it refers to: see Identify
	Kind  string   `json:"kind"`
	Name  string   `json:"name,omitempty"`
	Bytes uint64   `json:"bytes"` // of its record, names not included
}

// Total is the sum of all modules without an error.
type Total struct {
	Modules int              `json:"modules"`
	Failed  int              `json:"failed"` // modules with an error
	Shipped uint64           `json:"shipped,omitempty"`
	Split   *Size            `json:"split,omitempty"`
	Alone   *Size            `json:"alone,omitempty"`
	Least   bool             `json:"least,omitempty"` // Alone counts some module's least
	Costs   map[string]int64 `json:"costs,omitempty"`
}

// Ratio returns how many times larger the modules are alone, NaN where there
// is no base.
func (t *Total) Ratio() float64 { return ratio(t.Alone, t.Split) }

// Repeated says what several modules have alike.
type Repeated struct {
	Types   Repeats `json:"types"`   // records
	Strings Repeats `json:"strings"` // names, with the NUL behind each
}

// Repeats are things that several modules have of their own.
type Repeats struct {
	Count  int    `json:"count"`  // different things
	Copies int    `json:"copies"` // in all modules
	Bytes  uint64 `json:"bytes"`  // of all copies
	Saved  uint64 `json:"saved"`  // if the base had each once: Bytes without one copy of each
}

// RepeatedType is a type that several modules have of their own.
type RepeatedType struct {
	Type
	Modules int    // that have it
	Saved   uint64 // bytes, if the base had it
}
