package encoder_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/diewalk"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// stages is xfs.ko before each stage of its encoding.
type stages struct {
	opts encoder.Options
	base *encoder.Base
	path string
	elf  elfio.Reader
	sec  *dwarfconv.Sections
	conv dwarfconv.Options
	strs *btf.Strings

	units []dwarfconv.Unit
	types *splitdedup.Module
	made  *splitdedup.Result
}

// BenchmarkStage takes the stages of xfs.ko one by one, in memory that is used
// again. All speeds are in bytes of .debug_info, so that times add up. The walk
// is no stage, but what conversion is measured against.
func BenchmarkStage(b *testing.B) {
	s := newStages(b)
	for _, stage := range []struct {
		name string
		do   func(testing.TB)
	}{
		{"sections", s.sections},
		{"walk", s.walk()},
		{"convert", s.convert()},
		{"canonicalise", s.canonicalise},
		{"marshal", s.marshal()},
		{"inject", s.inject(b)},
	} {
		b.Run(stage.name, func(b *testing.B) {
			b.SetBytes(int64(s.sec.InfoSize()))
			b.ReportAllocs()
			for b.Loop() {
				stage.do(b)
			}
		})
	}
}

func newStages(b *testing.B) *stages {
	b.Helper()
	s := &stages{
		opts: options(b), base: corpusBase(b), path: unpacked(b, "xfs.ko"),
		strs: btf.NewStrings(nil), types: splitdedup.NewModule(),
	}
	b.Cleanup(func() { s.elf.Close() })
	s.sections(b)
	s.keepUnits(b)
	s.canonicalise(b)
	return s
}

// sections reads the debug sections and relocates them.
func (s *stages) sections(t testing.TB) {
	f, err := s.elf.Open(s.path)
	if err != nil {
		t.Fatal(err)
	}
	if s.sec, err = encoder.DebugSections(f); err != nil {
		t.Fatal(err)
	}
	s.conv = encoder.Conversion(f, &s.opts)
}

func (s *stages) walk() func(testing.TB) {
	w := diewalk.New(1)
	return func(t testing.TB) {
		if _, err := w.Count(s.path); err != nil {
			t.Fatal(err)
		}
	}
}

// convert converts all units, each into the memory of the one before.
func (s *stages) convert() func(testing.TB) {
	c, strs := dwarfconv.NewConverter(), btf.NewStrings(nil)
	return func(t testing.TB) {
		s.reset(t, c, strs)
		for {
			u, err := c.Next()
			if err != nil {
				t.Fatal(err)
			}
			if u == nil {
				return
			}
		}
	}
}

func (s *stages) reset(t testing.TB, c *dwarfconv.Converter, strs *btf.Strings) {
	strs.Reset(s.base.Types().Strings())
	if err := c.Reset(s.sec, strs, s.conv); err != nil {
		t.Fatal(err)
	}
}

// keepUnits converts all units and holds them.
func (s *stages) keepUnits(t testing.TB) {
	c := dwarfconv.NewConverter()
	s.reset(t, c, s.strs)
	s.units = make([]dwarfconv.Unit, c.Groups())
	for i := range s.units {
		if _, err := c.Convert(i, &s.units[i]); err != nil {
			t.Fatal(err)
		}
	}
}

// canonicalise makes the types of all units one module's.
func (s *stages) canonicalise(t testing.TB) {
	s.types.Reset(s.base.Types())
	for i := range s.units {
		if _, err := s.types.AddUnit(&s.units[i].Types); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if s.made, err = s.types.Finish(s.strs); err != nil {
		t.Fatal(err)
	}
}

func (s *stages) marshal() func(testing.TB) {
	var buf []byte
	return func(testing.TB) { buf = btf.Append(buf[:0], &s.made.Types, s.made.Strings, s.sec.Order) }
}

// inject puts BTF of another content into a copy each time.
func (s *stages) inject(b *testing.B) func(testing.TB) {
	path := filepath.Join(b.TempDir(), "xfs.ko")
	if err := os.WriteFile(path, corpusFile(b, "xfs.ko"), 0o644); err != nil {
		b.Fatal(err)
	}
	data := btf.Append(nil, &s.made.Types, s.made.Strings, s.sec.Order)
	return func(t testing.TB) {
		data[len(data)-1]++
		if changed, err := elfio.ReplaceSection(path, ".BTF", data, elfio.WriteOptions{}); err != nil || !changed {
			t.Fatal(changed, err)
		}
	}
}
