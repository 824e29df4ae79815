package encoder

import (
	"debug/elf"
	"errors"
	"strings"

	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/elfio"
)

// errNoDWARF says that a file has no .debug_info with bytes in it.
var errNoDWARF = errors.New("no DWARF (.debug_info)")

// errSlim says that a file waits for a linker that compiles it.
var errSlim = errors.New("made for link-time optimisation (.gnu.lto_), with no code or DWARF of its own: link it first")

// debugSections reads the sections that conversion looks at, uncompressed and
// relocated, of f. Absent ones are nil, except .debug_info. That is left in the
// file where conversion can read it there. What is in other files others finds;
// sup holds that of dwz.
func debugSections(f *elfio.File, others *elsewhere, sup *elfio.Reader) (*dwarfconv.Sections, error) {
	f.Layout()
	s := &dwarfconv.Sections{Order: f.Order(), OpenSplit: others.openSplit}
	var err error
	if s.InfoFile, err = f.PlainSection(".debug_info"); err == nil && s.InfoFile == nil {
		s.Info, err = f.DebugSection(".debug_info")
	}
	switch {
	case absent(err) || err == nil && s.InfoSize() == 0:
		if isSlim(f) {
			return nil, errSlim
		}
		return nil, errNoDWARF
	case err != nil:
		return nil, err
	}
	if err := readDebug(f, "", []debugSection{
		{".debug_types", &s.Types, false},
		{".debug_abbrev", &s.Abbrev, false},
		{".debug_str", &s.Str, false},
		{".debug_line_str", &s.LineStr, false},
		{".debug_str_offsets", &s.StrOffsets, false},
		{".debug_addr", &s.Addr, false},
		{".debug_loclists", &s.Loclists, false},
		{".debug_loc", &s.Loc, false},
	}); err != nil {
		return nil, err
	}
	return s, others.supplement(f, s, sup)
}

// debugSection is a section to read.
type debugSection struct {
	name string
	to   *[]byte
	must bool // it is an error if there is none
}

// readDebug reads sections whose names end in suffix; absent ones are nil.
func readDebug(f *elfio.File, suffix string, sections []debugSection) error {
	for _, d := range sections {
		name := d.name
		if suffix != "" {
			name += suffix
		}
		b, err := f.DebugSection(name)
		if err != nil && (d.must || !absent(err)) {
			return err
		}
		*d.to = b
	}
	return nil
}

// absent tells whether the error says that there is no such section.
func absent(err error) bool {
	return errors.Is(err, elfio.ErrNoSection) || errors.Is(err, elfio.ErrNoBits)
}

// isSlim tells whether f is what GCC writes with -flto and without
// -ffat-lto-objects: its DWARF is in sections that only the linker's plugin
// reads (.gnu.debuglto_*).
func isSlim(f *elfio.File) bool {
	for i := range f.Sections {
		if s := &f.Sections[i]; f.Type == elf.ET_REL && strings.HasPrefix(s.Name, ".gnu.lto_") {
			return true
		}
	}
	return false
}
