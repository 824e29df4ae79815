package dwarf_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

func TestReadUnitErrors(t *testing.T) {
	for _, test := range []struct {
		name, bytes, want string
	}{
		{"empty", "", ".debug_info: offset 0x0: 4 bytes wanted, 0 left"},
		{"reserved length", "\xf0\xff\xff\xff", ".debug_info: offset 0x0: unit length 0xfffffff0 is reserved"},
		{"long", "\x10\x00\x00\x00\x05\x00", ".debug_info: offset 0x0: unit of 0x10 bytes, 0x2 left"},
		{"long 64", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "unit of 0xffffffffffffffff bytes, 0x0 left"},
		{"version", "\x02\x00\x00\x00\x06\x00", ".debug_info: offset 0x4: DWARF version 6 is not supported"},
		{"cut header", "\x03\x00\x00\x00\x05\x00\x01", "1 bytes wanted, 0 left"},
		{"unit type", "\x08\x00\x00\x00\x05\x00\x99\x08\x00\x00\x00\x00", ".debug_info: offset 0x6: unit type 0x99 is not supported"},
		{"address size", "\x08\x00\x00\x00\x05\x00\x01\x03\x00\x00\x00\x00", ".debug_info: offset 0x7: address size 3 is not supported"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := dwarf.ReadUnit([]byte(test.bytes), 0, binary.LittleEndian)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	for _, test := range []struct {
		name, bytes, want string
	}{
		{"empty", "", ".debug_abbrev: offset 0x0: table begins outside the section of 0x0 bytes"},
		{"cut", "\x01\x11", ".debug_abbrev: offset 0x2: 1 bytes wanted, 0 left"},
		{"cut attribute", "\x01\x11\x00\x03", "LEB128 number does not end"},
		{"no end", "\x01\x11\x00\x00\x00", "LEB128 number does not end"},
		{"form", "\x01\x11\x00\x03\x77\x00\x00\x00", "form 0x77 is not known"},
		{"large form", "\x01\x11\x00\x03\x80\x80\x04\x00\x00\x00", "form 0x10000 is not known"},
		{"twice", "\x01\x11\x00\x00\x00\x01\x11\x00\x00\x00\x00", "abbreviation code 1 is declared twice"},
		{"odd code twice", "\x09\x11\x00\x00\x00\x09\x11\x00\x00\x00\x00", "abbreviation code 9 is declared twice"},
		{"too many", abbreviations(1, dwarf.MaxAbbrevs+1), "offset 0x1bbf82: table has more than 262144 abbreviations"},
		{"too many odd codes", abbreviations(9, dwarf.MaxAbbrevs+1), "table has more than 262144 abbreviations"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var table dwarf.AbbrevTable
			err := table.Compile([]byte(test.bytes), 0, dwarf.Encoding{Version: 5, AddrSize: 8}, &wantAll)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// abbreviations is a table of n tags without attributes, with codes from first.
func abbreviations(first, n int) string {
	var b []byte
	for code := range n {
		b = append(binary.AppendUvarint(b, uint64(first+code)), 0x0b, 0, 0, 0)
	}
	return string(append(b, 0))
}

// TestTruncated cuts the sample at every byte: each cut is an error, with its
// offset inside the section, or loses whole DIEs.
func TestTruncated(t *testing.T) {
	b := dwarftest.Build(t, dwarftest.Options{}, sample)
	for n := 12; n < len(b.Info); n++ {
		info := append([]byte{}, b.Info[:n]...)
		binary.LittleEndian.PutUint32(info, uint32(n-4))
		s := &sections{info: info, abbrev: b.Abbrev, str: b.Str, lineStr: b.LineStr, order: b.Order}
		for _, skip := range []bool{false, true} {
			_, err := walk(s, skip)
			if e, ok := err.(*dwarf.DecodeError); err != nil && (!ok || e.Offset > uint64(n)) {
				t.Errorf("cut at %#x: %v", n, err)
			}
		}
	}
}

func FuzzAbbrevs(f *testing.F) {
	s, err := dwarftest.Assemble(dwarftest.Options{}, sample)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Abbrev)
	f.Fuzz(func(t *testing.T, b []byte) {
		var table dwarf.AbbrevTable
		err := table.Compile(b, 0, dwarf.Encoding{Version: 5, AddrSize: 8}, &wantAll)
		if _, ok := err.(*dwarf.DecodeError); err != nil && !ok {
			t.Errorf("error without a place: %v", err)
		}
		if _, _, herr := dwarf.HasForm(b, 0, 0xff00, func(dwarf.Tag, dwarf.Attr) bool { return true }); err == nil && herr != nil {
			t.Errorf("compiled, yet the form is not found: %v", herr)
		}
	})
}

func FuzzUnit(f *testing.F) {
	for _, o := range []dwarftest.Options{{}, {Version: 4}, {Is64: true}, {CodeStep: 300}} {
		s, err := dwarftest.Assemble(o, sample)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(s.Info, s.Abbrev)
	}
	f.Fuzz(func(t *testing.T, info, abbrev []byte) {
		// Strings are not looked up: every value is only a number here.
		s := &sections{info: info, abbrev: abbrev, order: binary.LittleEndian}
		read, err := walkBlind(s, false)
		skipped, serr := walkBlind(s, true)
		if (err == nil) != (serr == nil) || err == nil && read != skipped {
			t.Errorf("reading: %d DIEs, error %v; skipping: %d DIEs, error %v", read, err, skipped, serr)
		}
		single, _, err := walkBrief(s, 0)
		runs, _, rerr := walkBrief(s, 3)
		if !slices.Equal(single, runs) || fmt.Sprint(err) != fmt.Sprint(rerr) {
			t.Errorf("one by one: %q, %v; in runs: %q, %v", single, err, runs, rerr)
		}
	})
}

// walkBlind counts DIEs and touches the bytes that blocks are said to have.
func walkBlind(s *sections, skip bool) (dies int, err error) {
	var r dwarf.Reader
	for off := 0; off < len(s.info); {
		u, err := dwarf.ReadUnit(s.info, off, s.order)
		if err != nil {
			return dies, err
		}
		off = u.End
		var table dwarf.AbbrevTable
		enc := u.Encoding(s.order)
		if err := table.Compile(s.abbrev, u.AbbrevOff, enc, &wantAll); err != nil {
			return dies, err
		}
		r.Reset(s.info, &u, 0, enc, &table)
		for {
			a, ok := r.Next()
			if !ok {
				break
			}
			if a == nil {
				continue
			}
			dies++
			if skip {
				r.Skip(a)
			} else if r.Read(a) {
				for i := range numTestSlots {
					if a.Has>>i&1 != 0 && r.K[i] == dwarf.KindBlock {
						_ = s.info[r.V[i] : r.V[i]+uint64(r.Len[i])]
					}
				}
			}
		}
		if r.Err() != nil {
			return dies, r.Err()
		}
	}
	return dies, nil
}
