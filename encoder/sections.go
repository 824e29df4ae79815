package encoder

import (
	"errors"

	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/elfio"
)

// errNoDWARF says that a file has no .debug_info with bytes in it.
var errNoDWARF = errors.New("no DWARF (.debug_info)")

// debugSections reads the sections that conversion looks at, uncompressed and
// relocated. Absent ones are nil, except .debug_info.
func debugSections(f *elfio.File) (*dwarfconv.Sections, error) {
	s := &dwarfconv.Sections{Order: f.Order()}
	for _, d := range []struct {
		name string
		to   *[]byte
	}{
		{".debug_info", &s.Info},
		{".debug_abbrev", &s.Abbrev},
		{".debug_str", &s.Str},
		{".debug_line_str", &s.LineStr},
		{".debug_str_offsets", &s.StrOffsets},
		{".debug_addr", &s.Addr},
		{".debug_loclists", &s.Loclists},
		{".debug_loc", &s.Loc},
	} {
		b, err := f.DebugSection(d.name)
		switch {
		case err == nil:
			*d.to = b
		case errors.Is(err, elfio.ErrNoSection), errors.Is(err, elfio.ErrNoBits):
			if d.to == &s.Info {
				return nil, errNoDWARF
			}
		default:
			return nil, err
		}
	}
	if len(s.Info) == 0 {
		return nil, errNoDWARF
	}
	return s, nil
}
