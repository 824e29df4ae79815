package encoder

import (
	"errors"
	"fmt"

	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/elfio"
)

// errNoDWARF says that a file has no .debug_info with bytes in it.
var errNoDWARF = errors.New("no DWARF (.debug_info)")

// debugSections reads the sections that conversion looks at, uncompressed and
// relocated. Absent ones are nil, except .debug_info. That is left in the file
// where conversion can read it there.
func debugSections(f *elfio.File) (*dwarfconv.Sections, error) {
	f.Layout()
	s := &dwarfconv.Sections{Order: f.Order()}
	var err error
	if s.InfoFile, err = f.PlainSection(".debug_info"); err == nil && s.InfoFile == nil {
		s.Info, err = f.DebugSection(".debug_info")
	}
	switch {
	case absent(err) || err == nil && s.InfoSize() == 0:
		return nil, errNoDWARF
	case err != nil:
		return nil, err
	}
	for _, d := range []struct {
		name string
		to   *[]byte
	}{
		{".debug_abbrev", &s.Abbrev},
		{".debug_str", &s.Str},
		{".debug_line_str", &s.LineStr},
		{".debug_str_offsets", &s.StrOffsets},
		{".debug_addr", &s.Addr},
		{".debug_loclists", &s.Loclists},
		{".debug_loc", &s.Loc},
	} {
		b, err := f.DebugSection(d.name)
		if err != nil && !absent(err) {
			return nil, err
		}
		*d.to = b
	}
	if err := checkSingleInfo(f); err != nil {
		return nil, err
	}
	return s, nil
}

// absent tells whether the error says that there is no such section.
func absent(err error) bool {
	return errors.Is(err, elfio.ErrNoSection) || errors.Is(err, elfio.ErrNoBits)
}

// checkSingleInfo refuses a file with several .debug_info: GCC's
// -fdebug-types-section gives every type unit of DWARF 5 one of its own, in a
// section group, and the compile unit comes last. To read only the first
// would give BTF that looks right and has next to nothing in it.
func checkSingleInfo(f *elfio.File) error {
	first := f.DebugIndex(".debug_info")
	for i := first + 1; i < len(f.Sections); i++ {
		if name := f.Sections[i].Name; name == f.Sections[first].Name {
			return fmt.Errorf("section %d (%s) at %#x: type units (-fdebug-types-section) are not supported", i, name, f.Sections[i].Off)
		}
	}
	return nil
}
