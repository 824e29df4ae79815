package encoder

import (
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

func TestParseTarget(t *testing.T) {
	for _, c := range []struct{ in, want, err string }{
		{"6.12", "6.12", ""},
		{"6.12.111", "6.12", ""},
		{"5.2", "5.2", ""},
		{"7.0.0", "7.0", ""},
		{"10.10", "10.10", ""},
		{"", "", `"" is no kernel version: X.Y or X.Y.Z`},
		{"6", "", `"6" is no kernel version`},
		{"6.", "", `"6." is no kernel version`},
		{"6.12.", "", `"6.12." is no kernel version`},
		{"6.12.1.1", "", `"6.12.1.1" is no kernel version`},
		{"v6.12", "", `"v6.12" is no kernel version`},
		{"6.-1", "", `"6.-1" is no kernel version`},
		{"+6.1", "", `"+6.1" is no kernel version`},
		{"6.99999999999999999999", "", "is no kernel version"},
		{"5.1", "", "Linux 5.1 takes no BTF of its own, 5.2 was the first that did"},
		{"0.0", "", "Linux 0.0 takes no BTF"},
	} {
		got, err := ParseTarget(c.in)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: error %v, want %q", c.in, err, c.err)
			}
			continue
		}
		if err != nil || got.String() != c.want {
			t.Errorf("%q: %q, %v; want %q", c.in, got, err, c.want)
		}
	}
	if s := (Target{}).String(); s != "" {
		t.Errorf("no target is called %q", s)
	}
}

// TestTargetFit says for each version what is left out of all features.
func TestTargetFit(t *testing.T) {
	all := Features{set: 1<<len(featureNames) - 1}
	for _, c := range []struct {
		version string
		out     string // features that are left out
		sorts   bool
	}{
		{version: "", out: ""},
		{version: "5.12", out: "float,decl_tag,type_tag,enum64,decl_tag_kfuncs,distilled_base,attributes,layout"},
		{version: "5.13", out: "decl_tag,type_tag,enum64,decl_tag_kfuncs,distilled_base,attributes,layout"},
		{version: "5.15.200", out: "decl_tag,type_tag,enum64,decl_tag_kfuncs,distilled_base,attributes,layout"},
		{version: "5.16", out: "type_tag,enum64,distilled_base,attributes,layout"},
		{version: "5.17", out: "enum64,distilled_base,attributes,layout"},
		{version: "5.19", out: "enum64,distilled_base,attributes,layout"},
		{version: "6.0", out: "distilled_base,attributes,layout"},
		{version: "6.10", out: "distilled_base,attributes,layout"},
		{version: "6.11", out: "attributes,layout"},
		{version: "6.14", out: "attributes,layout"},
		{version: "6.15", out: "layout"},
		{version: "7.0", out: "layout", sorts: true},
		{version: "7.1", out: "", sorts: true},
		{version: "8.0", out: "", sorts: true},
	} {
		target := targetOf(t, c.version)
		got, msg := target.Fit(all)
		out := Features{set: all.set &^ got.set}
		for name := range strings.SplitSeq(c.out, ",") {
			if name != "" && !strings.Contains(msg, name+" (from ") {
				t.Errorf("%s: the message does not name %s: %s", c.version, name, msg)
			}
		}
		want, err := ParseFeatures([]string{c.out}, FeaturesStrict)
		if err != nil || out != want || got.set&^all.set != 0 {
			t.Errorf("%s: left out %q, want %q", c.version, out, c.out)
		}
		if c.out == "" && msg != "" || c.out != "" && !strings.HasPrefix(msg, "left out for Linux "+target.String()+", which cannot load them: ") {
			t.Errorf("%s: message %q", c.version, msg)
		}
		if target.Sorts() != c.sorts {
			t.Errorf("%s: sorts %v", c.version, target.Sorts())
		}
	}
	few, msg := targetOf(t, "5.13").Fit(Features{set: FeatureVar | FeatureFloat})
	if few.String() != "var,float" || msg != "" {
		t.Errorf("nothing to leave out: %q, %q", few, msg)
	}
	old, msg := targetOf(t, "5.19").Fit(Pahole124())
	if !old.Compat124 || old.Has(FeatureEnum64) || msg != "left out for Linux 5.19, which cannot load them: enum64 (from 6.0)" {
		t.Errorf("pahole-1.24: %q, %q", old, msg)
	}
}

func targetOf(t *testing.T, version string) Target {
	t.Helper()
	if version == "" {
		return Target{}
	}
	target, err := ParseTarget(version)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// objectOf writes a module with the DWARF of text and returns its path.
func objectOf(t *testing.T, text string) string {
	t.Helper()
	s := dwarftest.Build(t, dwarftest.Options{}, text)
	path := filepath.Join(t.TempDir(), "x.ko")
	data := elfBytes(t, elf.ET_REL, binary.LittleEndian, []testSec{
		{".debug_info", 0, s.Info}, {".debug_abbrev", 0, s.Abbrev}, {".debug_str", 0, s.Str},
	}, nil)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// encodeOne encodes a file as gobtfenc encode does: features fit for the
// target.
func encodeOne(t *testing.T, opts Options, path string) (*btf.BTF, error) {
	t.Helper()
	opts.OutDir, opts.Jobs = t.TempDir(), 1
	opts.Features, _ = opts.Target.Fit(opts.Features)
	results, err := Run(context.Background(), []string{path}, opts)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(opts.OutDir, OutName(path)))
	if results[0].Err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v, and yet the BTF is written: %v", results[0].Err, err)
		}
		return nil, results[0].Err
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := btf.Parse(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b, nil
}

// TestTarget encodes types that only some kernels load.
func TestTarget(t *testing.T) {
	long := strings.Repeat("n", 200)
	many := "compile_unit\n  enumeration_type name=\"crowd\" byte_size=4\n" + strings.Repeat("    enumerator name=\"A\" const_value=1\n", btf.MaxVlen+1)
	const (
		negative = "compile_unit\n  enumeration_type name=\"e\" byte_size=4\n    enumerator name=\"A\" const_value=sdata:-1"
		wide     = "compile_unit\n  enumeration_type name=\"e\" byte_size=8\n    enumerator name=\"A\" const_value=0x100000000"
		float    = "compile_unit\n  base_type name=\"float\" byte_size=4 encoding=4"
		tag      = `
			compile_unit
			  p: pointer_type type=i
			    LLVM_annotation name="btf_type_tag" const_value="rcu"
			  i: base_type name="int" byte_size=4 encoding=5
			  typedef name="t" type=p`
	)
	for _, c := range []struct {
		name, text, target string
		want               string // a line of the dump, or the error
	}{
		{"long name", "compile_unit\n  structure_type name=\"" + long + "\" byte_size=4", "6.0", `Linux 6.0 would refuse the BTF: [1] STRUCT "` + long + `": Invalid name`},
		{"long name", "compile_unit\n  structure_type name=\"" + long + "\" byte_size=4", "6.1", "[1] STRUCT '" + long + "' size=4 vlen=0"},
		{"many members", many, "", `ENUM "crowd" has 65536 items: no kernel before 7.1 takes more than 65535`},
		{"many members", many, "7.0", `ENUM "crowd" has 65536 items: no kernel before 7.1`},
		{"many members", many, "7.1", "[1] ENUM 'crowd' encoding=UNSIGNED size=4 vlen=65536"},
		{"signed enum", negative, "5.19", "[1] ENUM 'e' encoding=UNSIGNED size=4 vlen=1"},
		{"signed enum", negative, "6.0", "[1] ENUM 'e' encoding=SIGNED size=4 vlen=1"},
		{"enum of 8 bytes", wide, "5.19", "[1] ENUM 'e' encoding=UNSIGNED size=8 vlen=1"},
		{"enum of 8 bytes", wide, "6.0", "[1] ENUM64 'e' encoding=UNSIGNED size=8 vlen=1"},
		{"float", float, "5.12", "[1] INT 'float' size=4"},
		{"float", float, "5.13", "[1] FLOAT 'float' size=4"},
		{"type tag", tag, "5.16", "[2] PTR '(anon)' type_id=1\n[3] TYPEDEF"},
		{"type tag", tag, "5.17", "TYPE_TAG 'rcu'"},
		{"no layout before", float, "7.0", "FLOAT"},
	} {
		t.Run(c.name+" "+c.target, func(t *testing.T) {
			opts := Options{Features: DefaultFeatures(), Target: targetOf(t, c.target)}
			opts.Features.set |= FeatureLayout
			path := objectOf(t, c.text)
			b, err := encodeOne(t, opts, path)
			if err != nil {
				if want := path + ": " + c.want; !strings.HasPrefix(err.Error(), want) {
					t.Errorf("error %v, want %s", err, want)
				}
				return
			}
			if got := btftest.Text(b); !strings.Contains(got, c.want) {
				t.Errorf("no %q in\n%.2000s", c.want, got)
			}
			rules := opts.Target.rules()
			opts.Features, _ = opts.Target.Fit(opts.Features)
			blob := opts.append(nil, b)
			if err := btf.Check(blob, nil, rules); c.target != "" && err != nil {
				t.Errorf("as it is written: %v", err)
			}
			if layout := blob[4] == 32; layout != (c.target == "7.1") {
				t.Errorf("layout section: %v", layout)
			}
		})
	}
}

// TestTargetRefuses checks BTF that no choice of features makes fit.
func TestTargetRefuses(t *testing.T) {
	f := buildELF(t, elf.ET_REL, binary.LittleEndian, nil, nil)
	for _, c := range []struct{ text, from, msg string }{
		{"[1] INT 'i' size=4\n[2] CONST '(anon)' type_id=3\n[3] TYPE_TAG 'rcu' type_id=1", "7.0", `[2] CONST "": Type tags don't precede modifiers`},
		{"[1] INT 'i' size=4\n[2] TYPE_TAG 'address_space(1)' type_id=1 kind_flag=1", "6.15", `[2] TYPE_TAG "address_space(1)": Invalid btf_info kind_flag`},
		{"[1] ENUM64 'e' size=8\n'A' val=1", "6.0", `[1] ENUM64 "e": Invalid kind:19`},
		{"[1] INT 'i' size=4\n[2] TYPE_TAG 'rcu' type_id=1", "5.17", `[2] TYPE_TAG "rcu": Invalid kind:18`},
		{"[1] INT 'i' size=4\n[2] TYPEDEF 't' type_id=1\n[3] DECL_TAG 'd' type_id=2 component_idx=-1", "5.16", `[3] DECL_TAG "d": Invalid kind:17`},
		{"[1] FLOAT 'f' size=4", "5.13", `[1] FLOAT "f": Invalid kind:16`},
	} {
		b, first := btftest.MustParse(t, c.text, nil), targetOf(t, c.from)
		if err := first.verify(b, f); err != nil {
			t.Errorf("%s: %v", c.from, err)
		}
		if err := (Target{}).verify(b, f); err != nil {
			t.Errorf("no target: %v", err)
		}
		before := Target{first.major, first.minor - 1}
		if first.minor == 0 {
			before = Target{first.major - 1, 19}
		}
		want := fmt.Sprintf("Linux %v would refuse the BTF: %s", before, strings.ReplaceAll(c.msg, `""`, `"(anon)"`))
		if err := before.verify(b, f); err == nil || err.Error() != want {
			t.Errorf("%v: error %v, want %s", before, err, want)
		}
	}
}

// TestTargetSplit refuses kernels that load no BTF of modules, before any file
// is looked at.
func TestTargetSplit(t *testing.T) {
	base := &Base{BTF: &btf.BTF{}}
	_, err := Run(context.Background(), nil, Options{Base: base, Target: Target{5, 10}})
	if err == nil || err.Error() != "Linux 5.10 takes no BTF of modules, 5.11 was the first that did" {
		t.Errorf("5.10: error %v", err)
	}
	for _, opts := range []Options{{Base: base, Target: Target{5, 11}}, {Target: Target{5, 10}}, {Base: base}} {
		if _, err := Run(context.Background(), nil, opts); err != nil {
			t.Errorf("%v: %v", opts.Target, err)
		}
	}
}
