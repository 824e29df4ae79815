package encoder

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"slices"

	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/elfio"
)

// What a file says of one function, for people who miss it in the BTF. That is asked
// once and of one file, so that the DIEs are read by debug/dwarf, with all of their
// parents and origins, and not by the pass that encodes, which keeps none of them.
// debug/dwarf knows nothing of DIEs and names that are in other files (split.go): of a
// file with such it is said that there may be more.

// Function is what a file has of the functions of one name.
type Function struct {
	Symbols []FunctionSymbol // in the order of the table
	DIEs    []FunctionDIE    // definitions first, each in the order of .debug_info
	Inlined int              // at how many places of the code

	// Elsewhere says in words which other files may have more DIEs and were not
	// looked into; empty for none.
	Elsewhere string
}

// FunctionSymbol is a symbol whose name, up to the first dot, is the function's.
type FunctionSymbol struct {
	Name    string
	Section string // empty for a symbol that is defined elsewhere
	Value   uint64 // address; in a relocatable file within the section
	Size    uint64 // in bytes
	Global  bool
}

// FunctionDIE is a DW_TAG_subprogram.
type FunctionDIE struct {
	Offset   uint64 // in .debug_info
	Unit     string // DW_AT_name of its unit
	Declared bool   // no definition
	External bool   // not static
	Abstract bool   // what is inlined; code that is not inlined has a DIE of its own
	HasCode  bool   // there is DW_AT_low_pc or DW_AT_ranges
}

// ReadFunction returns what the file at path, an ELF file that may be compressed, has
// of the functions of a name.
func ReadFunction(path, name string) (*Function, error) {
	var r elfio.Reader
	defer r.Close()
	f, err := openPlainOrPacked(&r, path)
	if err == nil {
		var fn Function
		if fn.Symbols, err = functionSymbols(f, name); err == nil {
			err = fn.readDIEs(f, path, name)
		}
		if err == nil {
			return &fn, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", path, plain(err))
}

func functionSymbols(f *elfio.File, name string) ([]FunctionSymbol, error) {
	table, err := f.Symbols()
	if errors.Is(err, elfio.ErrNoSection) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []FunctionSymbol
	for _, sym := range table.All() {
		key, _, _ := bytes.Cut(sym.Name, []byte("."))
		if sym.Type != elf.STT_FUNC && sym.Defined() || string(key) != name && string(sym.Name) != name {
			continue
		}
		s := FunctionSymbol{Name: string(sym.Name), Value: sym.Value, Size: sym.Size, Global: sym.Bind != elf.STB_LOCAL}
		if sym.Defined() {
			s.Section = f.Sections[sym.Section].Name
		}
		all = append(all, s)
	}
	return all, table.Err()
}

// readDIEs reads the DIEs; none from a file without DWARF.
func (fn *Function) readDIEs(f *elfio.File, path, name string) error {
	var sup elfio.Reader
	defer sup.Close()
	sec, err := debugSections(f, newElsewhere(path), &sup)
	if errors.Is(err, errNoDWARF) {
		return nil
	}
	if err != nil {
		return err
	}
	d, err := standardDWARF(f, sec)
	if err != nil {
		return err
	}
	s := dieScan{name: name, names: map[dwarf.Offset]bool{}}
	if err := s.scan(d.Reader()); err != nil {
		return err
	}
	fn.DIEs, fn.Inlined = s.found()
	switch {
	case s.split:
		fn.Elsewhere = ".dwo files (-gsplit-dwarf)"
	case sec.SupName != "":
		fn.Elsewhere = "the supplementary file of dwz"
	}
	return nil
}

// standardDWARF gives the relocated sections of f to debug/dwarf. It asks for one more
// than conversion does: DW_FORM_rnglistx is an error to it without .debug_rnglists.
func standardDWARF(f *elfio.File, sec *dwarfconv.Sections) (*dwarf.Data, error) {
	info := sec.Info
	if sec.InfoFile != nil {
		info = make([]byte, sec.InfoFile.Size())
		if _, err := sec.InfoFile.ReadAt(info, 0); err != nil {
			return nil, err
		}
	}
	ranges, err := f.DebugSection(".debug_rnglists")
	if err != nil && !absent(err) {
		return nil, err
	}
	d, err := dwarf.New(sec.Abbrev, nil, nil, info, nil, nil, nil, sec.Str)
	if err != nil {
		return nil, err
	}
	for _, s := range []struct {
		name string
		data []byte
	}{{".debug_line_str", sec.LineStr}, {".debug_str_offsets", sec.StrOffsets}, {".debug_addr", sec.Addr}, {".debug_rnglists", ranges}} {
		if err := d.AddSection(s.name, s.data); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// dieScan gathers the DIEs of a name. A DIE without a name has that of its origin or
// specification, which may come later, so that these are looked at in the end.
type dieScan struct {
	name  string
	names map[dwarf.Offset]bool // those known to be of the name
	open  []scannedDIE          // with the name, or with an origin
	split bool                  // there are skeleton units
}

// scannedDIE is a DIE that may be of the name.
type scannedDIE struct {
	FunctionDIE
	origin  dwarf.Offset // 0 where it has the name itself
	inlined bool         // DW_TAG_inlined_subroutine
}

// attrGNUDwoName is in the skeletons of GCC's and clang's DWARF 4.
const attrGNUDwoName dwarf.Attr = 0x2130

func (s *dieScan) scan(r *dwarf.Reader) error {
	unit := ""
	for {
		e, err := r.Next()
		if e == nil || err != nil {
			return err
		}
		switch e.Tag {
		case dwarf.TagSkeletonUnit:
			s.split = true
		case dwarf.TagCompileUnit:
			unit, _ = e.Val(dwarf.AttrName).(string)
			s.split = s.split || e.AttrField(attrGNUDwoName) != nil
		case dwarf.TagStructType, dwarf.TagUnionType, dwarf.TagEnumerationType, dwarf.TagSubroutineType, dwarf.TagArrayType:
			r.SkipChildren()
		case dwarf.TagSubprogram, dwarf.TagInlinedSubroutine:
			s.add(e, unit)
		}
	}
}

func (s *dieScan) add(e *dwarf.Entry, unit string) {
	origin, hasOrigin := e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
	if !hasOrigin {
		origin, hasOrigin = e.Val(dwarf.AttrSpecification).(dwarf.Offset)
	}
	name, _ := e.Val(dwarf.AttrName).(string)
	switch {
	case name == s.name:
		s.names[e.Offset] = true
		origin = 0
	case name != "" || !hasOrigin:
		return
	}
	flag := func(a dwarf.Attr) bool { v, _ := e.Val(a).(bool); return v }
	s.open = append(s.open, scannedDIE{
		FunctionDIE: FunctionDIE{
			Offset: uint64(e.Offset), Unit: unit, Declared: flag(dwarf.AttrDeclaration), External: flag(dwarf.AttrExternal),
			Abstract: e.AttrField(dwarf.AttrInline) != nil, HasCode: e.AttrField(dwarf.AttrLowpc) != nil || e.AttrField(dwarf.AttrRanges) != nil,
		},
		origin: origin, inlined: e.Tag == dwarf.TagInlinedSubroutine,
	})
}

// maxOrigins is how many origins a DIE may have one above the other: an abstract
// instance, and its declaration, leave room to spare.
const maxOrigins = 4

// found returns the DIEs of the name, and how many places it is inlined at. A DIE is
// external if its origin is.
func (s *dieScan) found() (dies []FunctionDIE, inlined int) {
	external := map[dwarf.Offset]bool{}
	for range maxOrigins {
		for i := range s.open {
			d := &s.open[i]
			off := dwarf.Offset(d.Offset)
			if d.origin != 0 && s.names[d.origin] {
				s.names[off] = true
				d.External = d.External || external[d.origin]
			}
			external[off] = external[off] || s.names[off] && d.External
		}
	}
	for i := range s.open {
		switch d := &s.open[i]; {
		case !s.names[dwarf.Offset(d.Offset)]:
		case d.inlined:
			inlined++
		default:
			dies = append(dies, d.FunctionDIE)
		}
	}
	slices.SortStableFunc(dies, func(a, b FunctionDIE) int {
		switch {
		case a.Declared == b.Declared:
			return 0
		case b.Declared:
			return -1
		}
		return 1
	})
	return dies, inlined
}
