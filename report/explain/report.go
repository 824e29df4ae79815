package explain

import (
	"encoding/json"
	"io"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/report/diff"
)

// Version is that of the JSON form of a Report, which docs/explain.md describes.
const Version = 1

// The sources of a module's BTF.
const (
	SourceDWARF = "dwarf" // encoded
	SourceBTF   = "btf"   // of the file's .BTF
)

// Report says why types of a module are its own. Names in it are whatever the
// files say, and ids those of the BTF that was looked at.
type Report struct {
	Version int    `json:"version"`
	Path    string `json:"path"`
	Source  string `json:"source"`
	Bytes   uint64 `json:"bytes"` // of BTF
	Types   int    `json:"types"` // own ones, functions and variables included

	Own     Sum `json:"own"`     // types that the base has none of by kind and name, and what is made of them
	Hanging Sum `json:"hanging"` // types that are not shared for a cause
	Repeats int `json:"repeats"` // types that an earlier one is the same as

	// Of a whole module.
	Copies []Shared `json:"copies,omitempty"` // types that the base has in the same shape
	Causes []Cause  `json:"causes,omitempty"` // the one that most bytes hang on first

	// Of a name.
	Name     string      `json:"name,omitempty"`
	Asked    []Asked     `json:"asked,omitempty"`    // own types and functions of the name
	InBase   []Candidate `json:"in_base,omitempty"`  // the base's, where there are no own ones
	Function *Function   `json:"function,omitempty"` // of the name
	Near     []string    `json:"near,omitempty"`     // names, where there is nothing of this one

	// Elsewhere says in words which files that may have more of a function were not
	// looked into; empty for none.
	Elsewhere string `json:"elsewhere,omitempty"`
}

// Found reports whether there is something of the name that was asked for.
func (r *Report) Found() bool { return len(r.Asked)+len(r.InBase) > 0 || r.Function != nil }

// Sum is a number of types and of the bytes of their records, without strings.
type Sum struct {
	Types int    `json:"types"`
	Bytes uint64 `json:"bytes"`
}

func (s *Sum) add(bytes uint64) {
	s.Types++
	s.Bytes += bytes
}

// Shared is an own type that the base has in the same shape.
type Shared struct {
	ID   uint32 `json:"id"`
	Base uint32 `json:"base"`
	What string `json:"what"`
}

// Cause is a difference between a type of the module and one of the base that has
// its name.
type Cause struct {
	ID          uint32       `json:"id"`
	Base        uint32       `json:"base"`
	Name        string       `json:"name"`
	Differences []Difference `json:"differences"`

	Sum // of the types that have it for the nearest, itself included

	// Only is what comes to this cause alone, itself included: what would be
	// shared if it were not for this one.
	Only Sum `json:"only"`
}

// Difference is a part that the base has otherwise. Base or Here is empty where
// there is no such part.
type Difference struct {
	What string `json:"what,omitempty"` // empty for the whole
	Base string `json:"base,omitempty"`
	Here string `json:"here,omitempty"`
}

// Asked is a type or function of the module.
type Asked struct {
	ID    uint32  `json:"id"`
	Kind  string  `json:"kind"` // struct, union, enum, typedef, number or function
	What  string  `json:"what"`
	Bytes uint64  `json:"bytes"`          // of its record
	Same  *Shared `json:"same,omitempty"` // of the base; then there is no more to say

	Candidates []Candidate `json:"candidates,omitempty"` // the base's types of its kind and name
	Cause      *Cause      `json:"cause,omitempty"`      // that keeps it from being shared
}

// Candidate is a type of the base.
type Candidate struct {
	ID   uint32 `json:"id"`
	What string `json:"what"`

	// Path is the shortest way from the own type to what differs: names of types,
	// and between them members and parameters.
	Path        []string     `json:"path,omitempty"`
	Differences []Difference `json:"differences,omitempty"` // of what Path ends with
}

const (
	// maxDifferences is how many are told of one pair of types.
	maxDifferences = 100

	// maxText bounds the words for the differences of one module, in bytes.
	// Debian's 1,138 modules have 312 causes together.
	maxText = 64 << 20
)

// differences says in what the ends of a way differ; nothing where too much was
// said already.
func (m *module) differences(w diff.Way) []Difference {
	if d, ok := declared(m.BTF.Row(w.BaseEnd), m.BTF.Row(w.OwnEnd)); ok {
		return []Difference{d}
	}
	var all []Difference
	for _, d := range m.names.Details(w) {
		m.room -= len(d.What) + len(d.Old) + len(d.New)
		if len(all) == maxDifferences || m.room < 0 {
			break
		}
		all = append(all, Difference{What: d.What, Base: d.Old, Here: d.New})
	}
	return all
}

// declared is the difference between a declaration and what it declares.
func declared(base, own *btf.Row) (Difference, bool) {
	const forward, complete = "FWD", "complete"
	switch isFwd := declares(own); {
	case isFwd == declares(base):
		return Difference{}, false
	case isFwd:
		return Difference{Base: complete, Here: forward}, true
	}
	return Difference{Base: forward, Here: complete}, true
}

// declares reports whether r only declares a type. An enum without enumerators is
// what BTF has for a declared one.
func declares(r *btf.Row) bool {
	k := r.Info.Kind()
	return k == btf.KindFwd || k == btf.KindEnum && r.Info.Vlen() == 0
}

// JSON writes the whole of r as one line, which docs/explain.md describes.
func (r *Report) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(r) }
