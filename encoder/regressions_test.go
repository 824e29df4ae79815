package encoder

import (
	"context"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

// byHand is a linked file of hand-written DWARF: .text of 256 bytes at 0x1000,
// .data..percpu at the address percpu with as many bytes as perCPUSize says.
type byHand struct {
	dwarf    string
	percpu   uint64
	syms     []testSym
	features string // "" for the default set
	jobs     int
}

const perCPUSize = 1 << 15

// encode writes h to a file and encodes it.
func (h byHand) encode(t *testing.T) (string, error) {
	t.Helper()
	features := DefaultFeatures()
	if h.features != "" {
		var err error
		if features, err = ParseFeatures([]string{h.features}, FeaturesStrict); err != nil {
			t.Fatal(err)
		}
	}
	return encodeText(t, h.write(t), Options{Jobs: max(h.jobs, 1), Features: features})
}

// write returns the path of h as a file.
func (h byHand) write(t *testing.T) string {
	t.Helper()
	s := dwarftest.Build(t, dwarftest.Options{}, strings.ReplaceAll(h.dwarf, "\t", "")) // spaces indent
	data := elfBytes(t, elf.ET_EXEC, binary.LittleEndian, []testSec{
		{".text", 0x1000, make([]byte, 256)},
		{percpuSection, h.percpu, make([]byte, perCPUSize)},
		{".debug_info", 0, s.Info}, {".debug_abbrev", 0, s.Abbrev}, {".debug_str", 0, s.Str},
	}, h.syms)
	path := filepath.Join(t.TempDir(), "byhand")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// encodeText encodes a file and returns as text what came of it: the size of
// the header, the types, whether there is a base too, and the functions left
// out. What is made passes the kernel's rules.
func encodeText(t *testing.T, path string, opts Options) (string, error) {
	t.Helper()
	opts.OutDir, opts.Exclude = t.TempDir(), []dwarf.Lang{dwarf.LangRust}
	results, err := Run(context.Background(), []string{path}, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := results[0].Err; err != nil {
		return "", err
	}
	made, err := os.ReadFile(filepath.Join(opts.OutDir, OutName(path)))
	if err != nil {
		t.Fatal(err)
	}
	var base *btf.BTF
	text := fmt.Sprintf("header of %d bytes\n", binary.LittleEndian.Uint32(made[4:]))
	if data, err := os.ReadFile(filepath.Join(opts.OutDir, OutBaseName(path))); err == nil {
		text += "distilled base\n"
		if base, err = btf.Parse(data, nil); err != nil {
			t.Fatal(err)
		}
	} else if opts.Base != nil {
		base = opts.Base.BTF
	}
	if err := btf.Check(made, base, btf.Rules{Load: base == nil, Libbpf: true, PtrSize: 8}); err != nil {
		t.Error(err)
	}
	b, err := btf.Parse(made, base)
	if err != nil {
		t.Fatal(err)
	}
	text += btftest.Text(b)
	for _, skip := range results[0].Skipped {
		text += fmt.Sprintf("skip %s: %s\n", skip.Name, skip.Reason)
	}
	return text, nil
}

// TestRegressions encodes hand-written files on which encoders went wrong
// where several units, the symbols or the whole of a file count.
// docs/regressions.md says what each one guards.
func TestRegressions(t *testing.T) {
	const unit = `
		compile_unit
		  i: base_type name="int" byte_size=4 encoding=5
	`
	obj := func(name string, value uint64) testSym {
		return testSym{name: name, sec: percpuSection, value: value, size: 4, typ: elf.STT_OBJECT}
	}
	last := fn("zz", 0x10f0) // the last name is special to pahole
	for _, c := range []struct {
		name string
		file byHand
		want string // parts that the text has, one a line
		not  string // and has not
	}{
		{
			name: "units with an int and without one agree on arrays",
			file: byHand{dwarf: `
				unit
				compile_unit
				  c: base_type name="char" byte_size=1 encoding=6
				  typedef name="a" type=arr
				  arr: array_type type=c
				    subrange_type upper_bound=3
				unit
				compile_unit
				  c2: base_type name="char" byte_size=1 encoding=6
				  base_type name="int" byte_size=4 encoding=5
				  typedef name="a" type=arr2
				  arr2: array_type type=c2
				    subrange_type upper_bound=3
			`},
			want: "[4] INT 'int'\n[2] ARRAY '(anon)' type_id=1 index_type_id=4",
			not:  "[5]",
		},
		{
			name: "merged variables: one DATASEC, offsets rise",
			file: byHand{percpu: 0x10000, syms: []testSym{obj("_MergedGlobals", 0x10000), obj("a", 0x10000)}, dwarf: unit + `
				  variable name="c" type=i location=[03 00 00 01 00 00 00 00 00 23 08]
				  variable name="a" type=i location=[03 00 00 01 00 00 00 00 00]
				  variable name="b" type=i location=[03 00 00 01 00 00 00 00 00 23 04]
			`},
			want: "'.data..percpu' size=12 vlen=3\noffset=0 size=4\noffset=4 size=4\noffset=8 size=4",
		},
		{
			name: "a per-CPU section whose address is not 0",
			file: byHand{percpu: 0x10000, syms: []testSym{obj("first", 0x10000)}, dwarf: unit + `
				  variable name="first" type=i location=[03 00 00 01 00 00 00 00 00]
				  variable name="second" type=i location=[03 08 00 01 00 00 00 00 00]
				  variable name="discarded" type=i location=[03 00 00 00 00 00 00 00 00]
				  variable name="other" type=i location=[03 08 00 00 00 00 00 00 00]
			`},
			want: "VAR 'first'\nVAR 'second'\nsize=12 vlen=2",
			not:  "discarded\nother",
		},
		{
			name: "variables of discarded sections look like the first per-CPU one",
			file: byHand{syms: []testSym{obj("first", 0)}, dwarf: unit + `
				  variable name="__pcpu_unique_first" type=i location=[03 00 00 00 00 00 00 00 00]
				  variable name="first" type=i location=[03 00 00 00 00 00 00 00 00]
				  variable name="__gendwarfksyms_ptr_f" type=i location=[03 00 00 00 00 00 00 00 00]
			`},
			want: "VAR 'first'\nsize=4 vlen=1",
			not:  "__pcpu\n__gendwarfksyms",
		},
		{
			name: "a variable takes its name and type from its specification",
			file: byHand{dwarf: unit + `
				  d: variable name="declared" type=i external declaration
				  variable specification=d location=[03 08 00 00 00 00 00 00 00]
			`},
			want: "VAR 'declared' type_id=1, linkage=global\noffset=8 size=4",
		},
		{
			name: "variables inside functions and artificial ones",
			file: byHand{dwarf: unit + `
				  variable name="made" type=i artificial location=[03 10 00 00 00 00 00 00 00]
				  variable name="good" type=i location=[03 04 00 00 00 00 00 00 00]
				  subprogram name="f"
				    variable name="inner" type=i location=[03 08 00 00 00 00 00 00 00]
			`},
			want: "VAR 'good'\nsize=8 vlen=1",
			not:  "made\ninner",
		},
		{
			name: "weak and strong",
			file: byHand{syms: []testSym{fn("f", 0x1010), last}, dwarf: `
				unit
				compile_unit
				  i: base_type name="int" byte_size=4 encoding=5
				  subprogram name="f" type=i low_pc=addr:0x1080
				    formal_parameter name="file__nullable" type=i location=[55]
				unit
				compile_unit
				  j: base_type name="int" byte_size=4 encoding=5
				  subprogram name="f" type=j low_pc=addr:0x1010
				    formal_parameter name="file" type=j location=[55]
			`},
			want: "FUNC 'f'\n\t'file' type_id=1",
			not:  "nullable",
		},
		{
			name: "a function's Rust name is no identifier",
			file: byHand{features: "default", syms: []testSym{fn("_ZN4core3fmt17h<T>E", 0x1010), last}, dwarf: unit + `
				  subprogram name="_ZN4core3fmt17h<T>E" low_pc=addr:0x1010
			`},
			want: "skip _ZN4core3fmt17h<T>E: name is no identifier",
			not:  "FUNC",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := c.file.encode(t)
			if err != nil {
				t.Fatal(err)
			}
			for part := range strings.SplitSeq(c.want, "\n") {
				if !strings.Contains(text, part) {
					t.Errorf("no %q in\n%s", part, text)
				}
			}
			for part := range strings.SplitSeq(c.not, "\n") {
				if part != "" && strings.Contains(text, part) {
					t.Errorf("%q in\n%s", part, text)
				}
			}
		})
	}
}

// TestManyVariables: there is no limit to the per-CPU variables of a file, and
// the order in which units come from the jobs does not show.
func TestManyVariables(t *testing.T) {
	ManyJobs(t)
	const n = perCPUSize / 4
	var b strings.Builder
	for u := range 8 {
		fmt.Fprintf(&b, "unit\ncompile_unit\n  i%d: base_type name=\"int\" byte_size=4 encoding=5\n", u)
		for i := n - 8 + u; i > 0; i -= 8 {
			fmt.Fprintf(&b, "  variable name=\"v%d\" type=i%d location=[03 %02x %02x 00 00 00 00 00 00]\n", i, u, 4*i&0xff, 4*i>>8)
		}
	}
	want := ""
	for jobs := range 4 {
		text, err := byHand{dwarf: b.String(), jobs: jobs + 1}.encode(t)
		if err != nil {
			t.Fatal(err)
		}
		if wantVlen := fmt.Sprintf("vlen=%d\n", n-1); !strings.Contains(text, wantVlen) {
			t.Errorf("%d jobs: no %q", jobs+1, wantVlen)
		}
		if want == "" {
			want = text
		}
		if text != want {
			t.Errorf("%d jobs: another text", jobs+1)
		}
	}
}

// TestVariableBeyond32Bits: an offset or a size of more than 32 bits is not
// cut off, the variable is left out.
func TestVariableBeyond32Bits(t *testing.T) {
	store := newFakeStore(t, varTypes)
	syms := newSymbols()
	syms.percpu = place{index: 1, addr: 0x1000, size: 1 << 40}
	syms.names = []string{"", percpuSection}
	vs := newVariables()
	vs.reset(DefaultFeatures(), syms, store.strs, 8)
	vs.addUnit(varUnit(store.strs,
		testVar{name: "good", typ: 1, addr: 0x1000 + 8},
		testVar{name: "cut", typ: 1, addr: 0x1000 + 1<<32 + 16}, // 16, if it were
		testVar{name: "end", typ: 2, addr: 0x1000 + 1<<32 - 4},  // ends beyond
		testVar{name: "huge", typ: 16, addr: 0x1000 + 64},       // 4, if it were
	), identity(store.b.NumTypes()))
	if err := vs.emit(store); err != nil {
		t.Fatal(err)
	}
	if got, want := store.out.String(), "VAR good 1 linkage=0\nDATASEC .data..percpu size=12\n\tgood offset=8 size=4\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestOptimizedFunc: without the feature a function all of whose symbols say
// that its parameters changed is left out; one intact copy is enough.
func TestOptimizedFunc(t *testing.T) {
	file := byHand{
		syms: []testSym{
			fn("isra.isra.0", 0x1010), fn("cold.constprop.0.cold", 0x1020), fn("cold.constprop.0", 0x1030),
			fn("both", 0x1040), fn("both.isra.0", 0x1040), fn("plain", 0x1050), fn("priv.lto_priv.0", 0x1060), fn("zz", 0x10f0),
		},
		dwarf: `
			compile_unit
			  subprogram name="isra" low_pc=addr:0x1010
			  subprogram name="cold" low_pc=addr:0x1030
			  subprogram name="both" low_pc=addr:0x1040
			  subprogram name="plain" low_pc=addr:0x1050
			  subprogram name="priv" low_pc=addr:0x1060
		`,
	}
	const without = "encode_force,var,float,decl_tag,type_tag,enum64,consistent_func,decl_tag_kfuncs"
	funcs := regexp.MustCompile(`FUNC '(\w+)'`)
	for _, c := range []struct {
		features, want string
		skips          int
	}{
		{"default", "both cold isra plain priv", 0},
		{without, "both plain priv", 2},
		{"pahole-1.24", "both plain", 0}, // knows no suffixes at all
	} {
		file.features = c.features
		text, err := file.encode(t)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, m := range funcs.FindAllStringSubmatch(text, -1) {
			names = append(names, m[1])
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: functions %s, want %s", c.features, got, c.want)
		}
		if n := strings.Count(text, ": symbols with .isra or .constprop only\n"); n != c.skips {
			t.Errorf("%s: %d functions left out, want %d:\n%s", c.features, n, c.skips, text)
		}
	}
}

// TestEveryFeature encodes a file with each feature and without it, the others
// being the default ones: a feature that does nothing fails. What exactly each
// one does is for its own tests.
func TestEveryFeature(t *testing.T) {
	const failed = "error: "
	badName := byHand{dwarf: `
		compile_unit
		  i: base_type name="int" byte_size=4 encoding=5
		  variable name="a$b" type=i location=[03 08 00 00 00 00 00 00 00]
	`}
	twoPrototypes := byHand{syms: []testSym{fn("f", 0x1010), fn("zz", 0x10f0)}, dwarf: `
		unit
		compile_unit
		  subprogram name="f" low_pc=addr:0x1010
		unit
		compile_unit
		  i: base_type name="int" byte_size=4 encoding=5
		  subprogram name="f" type=i low_pc=addr:0x1010
	`}
	base, err := LoadBase("../testdata/kernel/obj/vmlinux.btf")
	if err != nil {
		t.Fatal(err)
	}
	seen := Feature(0)
	for _, c := range []struct {
		feature Feature
		object  string // of the small tree, or
		file    *byHand
		base    *Base
		with    string // a part of the text that is there with the feature only
		without string // … without it only
	}{
		{feature: FeatureEncodeForce, file: &badName, with: "INT 'int'", without: failed},
		{feature: FeatureVar, object: "percpu.ko", with: "VAR 'percpu_byte'"},
		{feature: FeatureFloat, object: "kinds.ko", with: "FLOAT 'double'", without: "INT 'double'"},
		{feature: FeatureDeclTag, object: "tags.ko", with: "DECL_TAG '"},
		{feature: FeatureTypeTag, object: "tags.ko", with: "TYPE_TAG '"},
		{feature: FeatureEnum64, object: "kinds.ko", with: "ENUM64 'kinds_64u'", without: "ENUM 'kinds_64u'"},
		{feature: FeatureOptimizedFunc, object: "funcs.ko", with: "FUNC 'funcs_const'", without: "skip funcs_const: symbols with .isra"},
		{feature: FeatureConsistentFunc, file: &twoPrototypes, with: "skip f: definitions with different", without: "FUNC 'f'"},
		{feature: FeatureDeclTagKfuncs, object: "kfunc.ko", with: "DECL_TAG 'bpf_kfunc'"},
		{feature: FeatureReproducible, object: "kinds.ko"}, // it is always so: TestSameBytes
		{feature: FeatureDistilledBase, object: "split.ko", base: base, with: "distilled base"},
		{feature: FeatureGlobalVar, object: "percpu.ko", with: "VAR 'percpu_not'"},
		{feature: FeatureAttributes, object: "features/arena.ko", with: "TYPE_TAG 'address_space(1)'"},
		{feature: FeatureTrueSignature, object: "features/funcs", with: "FUNC 'funcs_const.constprop.0'"},
		{feature: FeatureLayout, object: "kinds.ko", with: "header of 32 bytes", without: "header of 24 bytes"},
		{feature: FeatureNestedArrays, object: "kinds.ko", with: "nr_elems=6\n", without: "nr_elems=24\n"},
	} {
		seen |= c.feature
		t.Run(Features{set: c.feature}.String(), func(t *testing.T) {
			path := "../testdata/kernel/obj/" + c.object
			if c.file != nil {
				path = c.file.write(t)
			}
			run := func(set Feature) string {
				text, err := encodeText(t, path, Options{Jobs: 1, Base: c.base, Features: Features{set: set}})
				if err != nil {
					return failed + err.Error()
				}
				return text
			}
			on, off := run(defaultFeatures|c.feature), run(defaultFeatures&^c.feature)
			if c.with == "" && on != off {
				t.Error("the feature changes something")
			}
			if c.with != "" && (!strings.Contains(on, c.with) || strings.Contains(off, c.with)) {
				t.Errorf("%q: with the feature %v, without %v", c.with, strings.Contains(on, c.with), strings.Contains(off, c.with))
			}
			if c.without != "" && (strings.Contains(on, c.without) || !strings.Contains(off, c.without)) {
				t.Errorf("%q: with the feature %v, without %v", c.without, strings.Contains(on, c.without), strings.Contains(off, c.without))
			}
		})
	}
	if want := Feature(1)<<len(featureNames) - 1; seen != want {
		t.Errorf("features %s have no case", Features{set: want &^ seen})
	}
}
