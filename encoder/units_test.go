package encoder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
	"github.com/gobtfenc/gobtfenc/internal/phase"
)

// manyUnits returns a module of n units of different sizes. Unit i has a base
// type ti; the units of bad have a member that BTF cannot place.
func manyUnits(t *testing.T, n int, bad ...int) *dwarfconv.Sections {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "unit\n  compile_unit\n    base_type name=strp:\"t%d\" byte_size=4 encoding=5\n", i)
		for j := range i * 37 % 101 {
			fmt.Fprintf(&text, "    structure_type name=strp:\"s%d_%d\" byte_size=4\n", i, j%7)
		}
		if slices.Contains(bad, i) {
			text.WriteString("    structure_type name=\"s\" byte_size=4\n      member data_member_location=0x20000000\n")
		}
	}
	s := dwarftest.Build(t, dwarftest.Options{}, text.String())
	return &dwarfconv.Sections{Info: s.Info, Abbrev: s.Abbrev, Str: s.Str, Order: s.Order}
}

// fromFile has .debug_info in a file.
func fromFile(s *dwarfconv.Sections) *dwarfconv.Sections {
	f := *s
	f.Info, f.InfoFile = nil, io.NewSectionReader(bytes.NewReader(s.Info), 0, int64(len(s.Info)))
	return &f
}

// unitNames runs p over a module and returns the names of the units' base
// types in the order in which they were added.
func unitNames(t *testing.T, p *pipeline, s *dwarfconv.Sections) ([]string, error) {
	t.Helper()
	ManyJobs(t)
	strs := btf.NewStrings(nil)
	if err := p.convs[0].Reset(s, strs, dwarfconv.Options{}); err != nil {
		t.Fatal(err)
	}
	var names []string
	err := p.run(s.InfoSize(), &Options{}, nil, func() error { return nil }, func(u *dwarfconv.Unit, _ *phase.Clock) error {
		names = append(names, string(strs.Bytes(u.Types.Rows[1].Name)))
		return nil
	})
	return names, err
}

func unitNamed(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint("t", i))
	}
	return names
}

// TestUnitsInOrder: however many goroutines convert, units are added one by
// one in the order of .debug_info, and each once. A pipeline is reused.
func TestUnitsInOrder(t *testing.T) {
	const n = 150
	sec, small := manyUnits(t, n), manyUnits(t, 2)
	for jobs := 1; jobs <= 5; jobs++ {
		p := newPipeline(jobs)
		for _, run := range []struct {
			sec *dwarfconv.Sections
			n   int
		}{{sec, n}, {small, 2}, {fromFile(sec), n}, {fromFile(small), 2}, {&dwarfconv.Sections{Order: sec.Order}, 0}} {
			names, err := unitNames(t, p, run.sec)
			if err != nil || !slices.Equal(names, unitNamed(run.n)) {
				t.Errorf("%d jobs: %d of %d units: %v, error %v", jobs, len(names), run.n, names, err)
			}
			if got := p.stats().Units; got != run.n {
				t.Errorf("%d jobs: %d units counted, want %d", jobs, got, run.n)
			}
		}
	}
}

// TestFirstUnitsError: of several errors the first one in the file is told, and
// nothing behind it is added, whichever is found first.
func TestFirstUnitsError(t *testing.T) {
	sec := manyUnits(t, 60, 20, 21, 23, 50)
	var unit dwarf.Unit
	for range 21 {
		var err error
		if unit, err = dwarf.ReadUnit(sec.Info, unit.End, sec.Order); err != nil {
			t.Fatal(err)
		}
	}
	for jobs := 1; jobs <= 4; jobs++ {
		want := ""
		for _, s := range []*dwarfconv.Sections{sec, fromFile(sec), sec} {
			names, err := unitNames(t, newPipeline(jobs), s)
			var de *dwarf.DecodeError
			if !errors.As(err, &de) || !slices.Equal(names, unitNamed(20)) {
				t.Fatalf("%d jobs: error %v behind %d units", jobs, err, len(names))
			}
			if int(de.Offset) <= unit.Off || int(de.Offset) >= unit.End {
				t.Errorf("%d jobs: error %v, the unit is at %#x", jobs, err, unit.Off)
			}
			if want == "" {
				want = err.Error()
			}
			if err.Error() != want {
				t.Errorf("%d jobs: error %v, want %v", jobs, err, want)
			}
		}
	}
}

// TestFileCutShort: .debug_info that ends while it is read is an error of its
// place.
func TestFileCutShort(t *testing.T) {
	sec := manyUnits(t, 60)
	f := fromFile(sec)
	r := &cutReader{bytes.NewReader(sec.Info), int64(len(sec.Info))}
	f.InfoFile = io.NewSectionReader(r, 0, int64(len(sec.Info)))
	p := newPipeline(3)
	if err := p.convs[0].Reset(f, btf.NewStrings(nil), dwarfconv.Options{}); err != nil {
		t.Fatal(err)
	}
	r.size /= 2
	added := 0
	err := p.run(f.InfoSize(), &Options{}, nil, func() error { return nil }, func(*dwarfconv.Unit, *phase.Clock) error { added++; return nil })
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(err.Error(), ".debug_info: offset 0x") || added == 0 || added == 60 {
		t.Errorf("error %v behind %d units", err, added)
	}
}

// cutReader is a file that may become shorter.
type cutReader struct {
	*bytes.Reader
	size int64
}

func (r *cutReader) ReadAt(b []byte, off int64) (int, error) {
	if off >= r.size {
		return 0, io.EOF
	}
	n, err := r.Reader.ReadAt(b[:min(int64(len(b)), r.size-off)], off)
	if n < len(b) {
		err = io.EOF
	}
	return n, err
}

// TestUnitPanics: a bug becomes an error of the file, in whichever goroutine it
// is, and nothing waits forever.
func TestUnitPanics(t *testing.T) {
	ManyJobs(t)
	sec := manyUnits(t, 60)
	for jobs := 1; jobs <= 4; jobs++ {
		p := newPipeline(jobs)
		if err := p.convs[0].Reset(sec, btf.NewStrings(nil), dwarfconv.Options{}); err != nil {
			t.Fatal(err)
		}
		added := 0
		err := p.run(sec.InfoSize(), &Options{}, nil, func() error { return nil }, func(*dwarfconv.Unit, *phase.Clock) error {
			if added++; added == 30 {
				panic("no way")
			}
			return nil
		})
		var bug *internalError
		if !errors.As(err, &bug) || bug.value != "no way" || added != 30 {
			t.Errorf("%d jobs: error %v behind %d units", jobs, err, added)
		}
	}
}
