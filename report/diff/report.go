package diff

// Version is that of the JSON form of a Report, which docs/diff.md describes.
const Version = 1

// Report is what two kernels, two builds or two encoders differ in. Names in it
// are whatever the files say.
type Report struct {
	Version int      `json:"version"`
	Modules []Module `json:"modules"`          // by name
	Causes  []Cause  `json:"causes,omitempty"` // of all modules together
	Total   Total    `json:"total"`
}

// Module is one file on both sides.
type Module struct {
	Name        string       `json:"name"`
	Old         *Side        `json:"old,omitempty"` // nil: not there
	New         *Side        `json:"new,omitempty"`
	Errors      []string     `json:"errors,omitempty"` // why it was not compared
	Differences []Difference `json:"differences,omitempty"`
	Causes      []Cause      `json:"causes,omitempty"` // the one that affects most first
}

// Side is one of the files of a Module.
type Side struct {
	Path      string `json:"path"`
	Bytes     uint64 `json:"bytes"` // of BTF
	Types     int    `json:"types"` // its own, functions and variables included
	Functions int    `json:"functions"`

	// Copies counts own types that an earlier one, or one of the base, is the
	// same as. They are no difference in meaning, only in size.
	Copies int `json:"copies"`
}

// Change says what became of something.
type Change string

// The changes. What is affected is the same in itself, but refers, by whatever
// way, to what is not. An unnamed type is one side's only, and is nothing that
// the others are made of: what there is of a variable that BTF does not have, as
// a table whose length is another in every build.
const (
	Removed  Change = "removed"
	Added    Change = "added"
	Changed  Change = "changed"
	Affected Change = "affected"
	Unnamed  Change = "unnamed"
)

// Difference is a type, function, variable, section or tag that is not on both
// sides alike.
type Difference struct {
	Change Change `json:"change"`
	Kind   string `json:"kind"` // struct, union, enum, typedef, number, function, variable, section, tag or type
	Name   string `json:"name"`

	// Exported says that a function is exported, on either side. It is known for
	// ELF files alone.
	Exported bool `json:"exported,omitempty"`

	// What it is, in the words of C; empty where it is not. What is affected is
	// the same on both sides, and has only New.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`

	Details []Detail `json:"details,omitempty"` // of what is changed
	Path    []string `json:"path,omitempty"`    // of what is affected: by which members it comes to what is changed

	inBase bool // what Path ends at is the base's
}

// Detail is a part that differs. Old or New is empty where there is no such part.
type Detail struct {
	What string `json:"what"` // "member flags", "parameter 2", "size"
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// Cause is something that is changed, removed or added and how much comes to it
// by what it refers to.
type Cause struct {
	Name      string `json:"name"`
	InBase    bool   `json:"in_base,omitempty"`
	Modules   int    `json:"modules"` // with such types or functions
	Types     int    `json:"types"`
	Functions int    `json:"functions"`
	Exported  int    `json:"exported,omitempty"` // of the functions
}

// Total is the sum over all modules.
type Total struct {
	Modules   int `json:"modules"`
	Same      int `json:"same"`      // without a difference in meaning
	Different int `json:"different"` // on both sides, with one
	Added     int `json:"added"`     // only there on the new side
	Removed   int `json:"removed"`
	Failed    int `json:"failed"` // not compared
	Resized   int `json:"resized"`

	// Of all differences, how many are of each change.
	Changes map[Change]int `json:"changes"`

	// Of what was compared, and of modules that are there on one side alone.
	OldBytes  uint64 `json:"old_bytes"`
	NewBytes  uint64 `json:"new_bytes"`
	OldCopies int    `json:"old_copies"`
	NewCopies int    `json:"new_copies"`
}

// newReport returns a Report of modules, which are in order.
func newReport(modules []Module) *Report {
	r := &Report{Version: Version, Modules: modules, Causes: sumCauses(modules), Total: Total{Changes: map[Change]int{}}}
	for i := range modules {
		r.Total.add(&modules[i])
	}
	return r
}

func (t *Total) add(m *Module) {
	t.Modules++
	switch {
	case len(m.Errors) > 0:
		t.Failed++
		return
	case m.Old == nil:
		t.Added++
	case m.New == nil:
		t.Removed++
	case len(m.Differences) > 0:
		t.Different++
	default:
		t.Same++
	}
	if m.resized() {
		t.Resized++
	}
	for i := range m.Differences {
		t.Changes[m.Differences[i].Change]++
	}
	if m.Old != nil {
		t.OldBytes += m.Old.Bytes
		t.OldCopies += m.Old.Copies
	}
	if m.New != nil {
		t.NewBytes += m.New.Bytes
		t.NewCopies += m.New.Copies
	}
}

// resized reports whether the BTF of a module that is on both sides has become
// larger or smaller.
func (m *Module) resized() bool { return m.Old != nil && m.New != nil && m.Old.Bytes != m.New.Bytes }

// growth returns by how many bytes the module's BTF has grown.
func (m *Module) growth() int64 {
	var n int64
	if m.New != nil {
		n += int64(m.New.Bytes)
	}
	if m.Old != nil {
		n -= int64(m.Old.Bytes)
	}
	return n
}

// Size is the kind of difference that [Report.Has] knows besides the changes.
const Size = "size"

// Kinds are the kinds of differences that [Report.Has] knows.
func Kinds() []string {
	return []string{string(Added), string(Removed), string(Changed), string(Affected), string(Unnamed), Size}
}

// Has reports whether there is a difference of a kind, or a module that is added
// or removed.
func (r *Report) Has(kind string) bool {
	switch kind {
	case Size:
		return r.Total.Resized > 0
	case string(Added):
		return r.Total.Added+r.Total.Changes[Added] > 0
	case string(Removed):
		return r.Total.Removed+r.Total.Changes[Removed] > 0
	}
	return r.Total.Changes[Change(kind)] > 0
}
