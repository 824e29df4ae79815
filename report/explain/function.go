package explain

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/internal/number"
)

// Function is what a file has of the functions of one name besides BTF.
type Function struct {
	// Reason says in words why there is no BTF of it, empty where there is.
	Reason string `json:"reason,omitempty"`

	Symbols []Symbol `json:"symbols,omitempty"`
	DIEs    []DIE    `json:"dies,omitempty"`
	Inlined int      `json:"inlined"` // at how many places of the code

	// Elsewhere says in words which files that may have more DIEs were not
	// looked into; empty for none. A report has it of its own.
	Elsewhere string `json:"-"`
}

// Symbol is a function symbol whose name, up to the first dot, is the function's.
type Symbol struct {
	Name    string `json:"name"`
	Section string `json:"section,omitempty"` // none for a symbol that is defined elsewhere
	Value   uint64 `json:"value"`             // address; in a module within the section
	Size    uint64 `json:"size"`              // in bytes
	Global  bool   `json:"global"`
}

// DIE is a DW_TAG_subprogram.
type DIE struct {
	Offset   uint64 `json:"offset"` // in .debug_info
	Unit     string `json:"unit"`
	Declared bool   `json:"declared"` // no definition
	External bool   `json:"external"` // not static
	Abstract bool   `json:"abstract"` // what is inlined
	HasCode  bool   `json:"has_code"`
}

func (f *Function) isEmpty() bool { return len(f.Symbols)+len(f.DIEs) == 0 && f.Reason == "" }

// function writes what there is of a function.
func (p *printer) function(name string, f *Function) {
	if f.Reason != "" {
		p.line("%s: a function without BTF: %s", name, f.Reason)
	} else {
		p.line("%s: a function with BTF", name)
	}
	p.rows(len(f.Symbols), func(i int) { p.line("    symbol %s", f.Symbols[i].words()) })
	p.rows(len(f.DIEs), func(i int) { p.line("    DIE %s", f.DIEs[i].words()) })
	if f.Inlined > 0 {
		p.line("    inlined at %s", number.Plural(f.Inlined, "place", "places"))
	}
}

func (s *Symbol) words() string {
	binding := "local"
	if s.Global {
		binding = "global"
	}
	if s.Section == "" {
		return s.Name + ", defined elsewhere"
	}
	return fmt.Sprintf("%s: %s, %s at %#x, %s", s.Name, binding, s.Section, s.Value, number.Plural(int(s.Size), "byte", "bytes"))
}

func (d *DIE) words() string {
	what := "static"
	if d.External {
		what = "external"
	}
	switch {
	case d.Declared:
		what += ", declared"
	case d.Abstract:
		what += ", defined, inlined"
	case d.HasCode:
		what += ", defined, with code"
	default:
		what += ", defined, without code"
	}
	return fmt.Sprintf("%#x: %s, in %s", d.Offset, what, d.Unit)
}
