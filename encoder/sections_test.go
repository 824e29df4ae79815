package encoder

import (
	"os"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

// sectionEncoder takes debug sections through the passes of encodeModule that know
// nothing of files, which are some hundred times as fast.
type sectionEncoder struct {
	w    *worker
	file *elfio.File // for machine, class and symbols
	read elfio.Reader
}

func newSectionEncoder(t testing.TB, features Features) *sectionEncoder {
	t.Helper()
	data, err := os.ReadFile("../testdata/kernel/obj/nodebug.ko")
	if err != nil {
		t.Fatal(err)
	}
	e := &sectionEncoder{w: newWorker(&Options{Features: features, Jobs: 1}, 1)}
	if e.file, err = e.read.OpenBytes("nodebug.ko", data); err != nil {
		t.Fatal(err)
	}
	if err := e.w.syms.read(e.file, features.FuncPolicy()); err != nil {
		t.Fatal(err)
	}
	return e
}

// encode returns the BTF of sections on a base, nil for none.
func (e *sectionEncoder) encode(sec *dwarfconv.Sections, base *Base) ([]byte, error) {
	e.w.opts.Base = base
	if err := e.w.convert(e.file, sec, func() error { return nil }); err != nil {
		return nil, err
	}
	if err := e.w.funcs.emit(e.w.types); err != nil {
		return nil, err
	}
	if err := e.w.vars.emit(e.w.types); err != nil {
		return nil, err
	}
	split, err := e.w.types.Finish(e.w.strs)
	if err != nil {
		return nil, err
	}
	made := base.made(e.file, split)
	if err := (Target{}).verify(made, e.file); err != nil {
		return nil, err
	}
	return btf.Append(nil, &made.Types, made.Strs, made.Order), nil
}

// sectionsOf are those of assembled text.
func sectionsOf(s *dwarftest.Sections) *dwarfconv.Sections {
	return &dwarfconv.Sections{
		Info: s.Info, Abbrev: s.Abbrev, Str: s.Str, LineStr: s.LineStr, StrOffsets: s.StrOffsets, Addr: s.Addr, Order: s.Order,
	}
}

// baseOf makes a base of BTF, nil of none.
func parsedBase(data []byte) (*Base, error) {
	if data == nil {
		return nil, nil
	}
	return newBase("", &btfFile{data: data})
}

// FuzzUnits converts units and makes their types canonical, alone and on a base. What
// comes out without an error is what libbpf and a kernel take, and the same sections
// on top of it have no types of their own left, as none is in it twice.
func FuzzUnits(f *testing.F) {
	for _, text := range []string{`
		unit
		compile_unit
		  i: base_type name="int" byte_size=4 encoding=5
		  a: array_type type=i
		    subrange_type upper_bound=3
		  s: structure_type name="s" byte_size=24
		    member name="next" type=p data_member_location=0
		    member name="a" type=a data_member_location=8
		  p: pointer_type byte_size=8 type=s
		  typedef name="t" type=f
		  f: structure_type name="u" declaration
		unit
		compile_unit
		  structure_type name="u" byte_size=4
		    member name="v" type=j data_member_location=0
		  j: base_type name="int" byte_size=4 encoding=5
		  subprogram name="f" external prototyped type=j low_pc=addr:0x10
		    formal_parameter name="x" type=j
	`} {
		for _, o := range []dwarftest.Options{{}, {Version: 4}, {Version: 2}, {Is64: true}} {
			s := dwarftest.Build(f, o, text)
			f.Add(s.Info, s.Abbrev, s.Str, false)
			f.Add(s.Info, s.Abbrev, s.Str, true)
		}
	}
	seedUnits(f, func(info, abbrev, str []byte) { f.Add(info, abbrev, str, true) })
	base, err := LoadBase("../testdata/kernel/obj/vmlinux.btf")
	if err != nil {
		f.Fatal(err)
	}
	e := newSectionEncoder(f, Features{set: defaultFeatures | FeatureGlobalVar | FeatureAttributes})
	f.Fuzz(func(t *testing.T, info, abbrev, str []byte, split bool) {
		sec := &dwarfconv.Sections{Info: info, Abbrev: abbrev, Str: str, LineStr: str, StrOffsets: str, Addr: str, Loc: str, Loclists: str, Order: e.file.Order()}
		on := base
		if !split {
			on = nil
		}
		data, err := e.encode(sec, on)
		if err != nil {
			return
		}
		b, err := btf.Parse(data, on.parsed())
		if err != nil {
			t.Fatal(err)
		}
		if b.NumOwn() == 0 {
			return
		}
		if err := btf.Check(data, on.parsed(), btf.Rules{Libbpf: true, PtrSize: 8}); err != nil {
			t.Fatal(err)
		}
		if on != nil || hasKind(b, btf.KindVar, btf.KindDatasec) {
			return
		}
		below, err := parsedBase(data)
		if err != nil {
			return // a base has rules of its own: no circle without a name
		}
		again, err := e.encode(sec, below)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := btf.Parse(again, below.BTF); err != nil || b.NumOwn() != 0 {
			t.Fatalf("the same on itself: %d types, error %v", b.NumOwn(), err)
		}
	})
}

func hasKind(b *btf.BTF, kinds ...btf.Kind) bool {
	for id := range b.OwnIDs() {
		for _, k := range kinds {
			if b.Row(id).Info.Kind() == k {
				return true
			}
		}
	}
	return false
}

// seedUnits adds the debug sections of the objects in testdata, relocated.
func seedUnits(f *testing.F, add func(info, abbrev, str []byte)) {
	f.Helper()
	for _, name := range []string{"kinds", "dup", "recursive", "conflict", "split", "clang", "plain/gcc4", "plain/clang5", "plain/gcc2"} {
		data, err := os.ReadFile("../testdata/kernel/obj/" + name + ".ko")
		if err != nil {
			f.Fatal(err)
		}
		var r elfio.Reader
		file, err := r.OpenBytes(name, data)
		if err != nil {
			f.Fatal(err)
		}
		sec, err := debugSections(file, newElsewhere(name), new(elfio.Reader))
		if err != nil {
			f.Fatal(name, err)
		}
		add(sec.Info, sec.Abbrev, sec.Str)
	}
}
