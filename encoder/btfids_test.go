package encoder_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/idstest"
)

// idModule is a module with .BTF_ids.
type idModule struct {
	name    string
	path    string // as it was shipped, with ids of its BTF
	section *idstest.Section
	meaning []string
	empty   []byte // .BTF_ids without ids
}

// readModuleIDs reads .BTF_ids of a module, nil where it has none.
func readModuleIDs(t *testing.T, path string) *idstest.Section {
	t.Helper()
	s, err := idstest.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// corpusIDs returns the modules of the corpus with ids.
func corpusIDs(t *testing.T, base *encoder.Base) []idModule {
	t.Helper()
	var out []idModule
	for _, o := range corpusObjects(t) {
		s := readModuleIDs(t, o.path)
		if s == nil {
			continue
		}
		shipped := parse(t, sectionBTF(t, o.path), base.BTF)
		m := idModule{name: o.name, path: o.path, section: s, meaning: s.Meaning(shipped)}
		var err error
		if m.empty, err = s.Empty(shipped); err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	if len(out) == 0 {
		t.Fatal("no module of the corpus has .BTF_ids")
	}
	return out
}

// copy puts a copy of the module into a folder of its own, with or without ids.
func (m *idModule) copy(t *testing.T, filled bool) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), m.name+".ko")
	if err := os.WriteFile(path, readFile(t, m.path), 0o644); err != nil {
		t.Fatal(err)
	}
	if !filled {
		if err := m.section.Write(path, m.empty); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// meaningOf says what .BTF_ids of a file means by the BTF in it.
func meaningOf(t *testing.T, path string, base *btf.BTF) []string {
	t.Helper()
	f, err := encoder.ReadSplit(path, "")
	if err != nil {
		f = parse(t, sectionBTF(t, path), base)
	}
	return readModuleIDs(t, path).Meaning(f)
}

func sameMeaning(t *testing.T, what string, want, got []string) {
	t.Helper()
	if !slices.Equal(want, got) {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestResolveIDsCorpus fills in what resolve_btfids of the kernel's build did.
func TestResolveIDsCorpus(t *testing.T) {
	base := corpusBase(t)
	for _, m := range corpusIDs(t, base) {
		t.Run(m.name, func(t *testing.T) {
			path := m.copy(t, false)
			ids, err := encoder.ResolveIDs(path, encoder.IDOptions{Base: base.Path, Fatal: true})
			if err != nil {
				t.Fatal(err)
			}
			if !ids.Changed || ids.None || !bytes.Equal(readFile(t, path), readFile(t, m.path)) {
				t.Errorf("%+v: not the file that it was", ids)
			}
			if ids, err = encoder.ResolveIDs(path, encoder.IDOptions{Base: base.Path, Fatal: true}); err != nil || ids.Changed {
				t.Errorf("once more: %+v, %v", ids, err)
			}
		})
	}
}

// TestEncodeIDsCorpus: ids of our own BTF mean what those of the shipped BTF
// mean, whatever the numbering, and whether or not they were filled in before.
func TestEncodeIDsCorpus(t *testing.T) {
	base := corpusBase(t)
	target, err := encoder.ParseTarget("7.0")
	if err != nil {
		t.Fatal(err)
	}
	distilled, err := encoder.ParseFeatures([]string{"+distilled_base"}, encoder.FeaturesStrict)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		set  func(*encoder.Options)
	}{
		{"default", func(*encoder.Options) {}},
		{"sorted", func(o *encoder.Options) { o.Target, o.Sort = target, true }},
		{"distilled", func(o *encoder.Options) { o.Features = distilled }},
		{"distilled and sorted", func(o *encoder.Options) { o.Features, o.Target, o.Sort = distilled, target, true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := options(t)
			opts.Base, opts.ResolveIDs, opts.FatalWarnings = base, true, true
			c.set(&opts)
			for _, m := range corpusIDs(t, base) {
				var first []byte
				for _, filled := range []bool{false, true} {
					path := m.copy(t, filled)
					run(t, opts, path)
					sameMeaning(t, m.name, m.meaning, meaningOf(t, path, base.BTF))
					data := readFile(t, path)
					if first != nil && !bytes.Equal(first, data) {
						t.Errorf("%s: other bytes where it was filled in before", m.name)
					}
					first = data
				}
			}
		})
	}
}

// TestEncodeIDsAgain encodes modules for another order of types than they have:
// flags of kfuncs follow their functions.
func TestEncodeIDsAgain(t *testing.T) {
	base := corpusBase(t)
	for _, m := range corpusIDs(t, base) {
		path := m.copy(t, false)
		for _, sorted := range []bool{true, false, true} {
			opts := options(t)
			opts.Base, opts.ResolveIDs, opts.Sort = base, true, sorted
			run(t, opts, path)
			sameMeaning(t, m.name, m.meaning, meaningOf(t, path, base.BTF))
		}
	}
}

// otherBase returns the path of BTF that shares no functions with the corpus's base.
func otherBase(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "base.btf")
	if err := os.WriteFile(path, encode(t, options(t), unpacked(t, "af_key.ko")), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEncodeIDsNewBase encodes modules once more when their base was replaced by
// another one, with other names and types in front: what they had is explained
// without it.
func TestEncodeIDsNewBase(t *testing.T) {
	base := corpusBase(t)
	opts := options(t)
	opts.Base, opts.ResolveIDs, opts.AllowMismatch = loadBase(t, otherBase(t)), true, true
	for _, m := range corpusIDs(t, base) {
		path := m.copy(t, true)
		if r := run(t, opts, path); slices.ContainsFunc(r.Warnings, func(err error) bool {
			return strings.Contains(err.Error(), "was filled in for other BTF")
		}) {
			t.Errorf("%s: %v", m.name, r.Warnings)
		}
		sameMeaning(t, m.name, m.meaning, meaningOf(t, path, opts.Base.BTF))
	}
}

// TestEmptyIDsCorpus makes of a section that was filled in what the compiler made,
// whether or not the base is still the one that it was filled in for.
func TestEmptyIDsCorpus(t *testing.T) {
	base := corpusBase(t)
	for _, b := range []*encoder.Base{base, loadBase(t, otherBase(t))} {
		opts := options(t)
		opts.Base, opts.EmptyIDs, opts.AllowMismatch = b, true, true
		for _, m := range corpusIDs(t, base) {
			path := m.copy(t, true)
			r := run(t, opts, path)
			if got := readModuleIDs(t, path).Data; !bytes.Equal(got, m.empty) {
				t.Errorf("%s on %s: %v\ngot  %x\nwant %x", m.name, b.Path, r.Warnings, got, m.empty)
			}
		}
	}
}

// TestStaleIDsCorpus encodes modules whose ids are those of the BTF they have: where
// nobody fills them in they are taken out, with flags at their functions again.
func TestStaleIDsCorpus(t *testing.T) {
	base := corpusBase(t)
	opts := options(t)
	opts.Base = base
	for _, m := range corpusIDs(t, base) {
		path := m.copy(t, true)
		r := run(t, opts, path)
		if len(r.Warnings) != 1 || r.Warnings[0] != encoder.ErrStaleIDs {
			t.Errorf("%s: %v", m.name, r.Warnings)
		}
		if got := readModuleIDs(t, path).Data; !bytes.Equal(got, m.empty) {
			t.Errorf("%s:\ngot  %x\nwant %x", m.name, got, m.empty)
		}
		if r := run(t, opts, path); r.Warnings != nil || r.Changed {
			t.Errorf("%s, once more: %v, changed %v", m.name, r.Warnings, r.Changed)
		}
	}
}

// TestFinalizeCorpus goes the way of the kernel's build since 7.0, to the bytes
// that encode writes at once.
func TestFinalizeCorpus(t *testing.T) {
	base := corpusBase(t)
	target, err := encoder.ParseTarget("7.0")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range corpusObjects(t) {
		ids := readModuleIDs(t, o.path)
		opts := options(t)
		opts.Base = base
		path := filepath.Join(t.TempDir(), o.name+".ko")
		if err := os.Link(o.path, path); err != nil {
			t.Fatal(err)
		}
		encoded := encode(t, opts, o.path)
		if err := os.WriteFile(path+".BTF.1", encoded, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := encoder.Finalize(path, encoder.FinalizeOptions{BTF: path + ".BTF.1", Base: base.Path, Fatal: true}); err != nil {
			t.Fatal(err)
		}
		got := readFile(t, path+".BTF")
		opts.Target, opts.Sort = target, true
		if want := encode(t, opts, o.path); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, encode makes %d others", o.name, len(got), len(want))
		}
		if ids == nil {
			if _, err := os.Stat(path + ".BTF_ids"); err == nil {
				t.Errorf("%s: ids of a module that asks for none", o.name)
			}
			continue
		}
		want := ids.Meaning(parse(t, sectionBTF(t, o.path), base.BTF))
		ids.Data = readFile(t, path+".BTF_ids")
		sameMeaning(t, o.name, want, ids.Meaning(parse(t, got, base.BTF)))
	}
}

// TestNoIDs: a module that asks for no id is done without its base or its BTF.
func TestNoIDs(t *testing.T) {
	path := filepath.Join(kernelTree, "obj/kinds.ko")
	before := readFile(t, path)
	ids, err := encoder.ResolveIDs(path, encoder.IDOptions{Base: "gone", BTF: "gone", Fatal: true})
	if err != nil || !ids.None || ids.Changed || ids.Warnings != nil {
		t.Errorf("%+v, %v", ids, err)
	}
	if !bytes.Equal(readFile(t, path), before) {
		t.Error("the file was changed")
	}
}

// run encodes a file in place.
func run(t *testing.T, opts encoder.Options, path string) *encoder.Result {
	t.Helper()
	results, err := encoder.Run(context.Background(), []string{path}, opts)
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		t.Fatal(err)
	}
	return &results[0]
}

// TestFatalWarnings: a module whose ids are not certain stays as it is.
func TestFatalWarnings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kfunc.ko")
	before := readFile(t, filepath.Join(kernelTree, "obj/kfunc.ko"))
	if err := os.WriteFile(path, before, 0o644); err != nil {
		t.Fatal(err)
	}
	opts := options(t)
	opts.Base, opts.ResolveIDs, opts.FatalWarnings = treeBase(t), true, true
	results, err := encoder.Run(context.Background(), []string{path}, opts)
	if err != nil {
		t.Fatal(err)
	}
	r := &results[0]
	if !errors.Is(r.Err, encoder.ErrWarnings) || len(r.Warnings) != 1 || r.Changed {
		t.Errorf("%v, warnings %v, changed %v", r.Err, r.Warnings, r.Changed)
	}
	if !bytes.Equal(readFile(t, path), before) {
		t.Error("the file was changed")
	}
	opts.FatalWarnings = false
	if r := run(t, opts, path); !r.Changed || len(r.Warnings) != 1 {
		t.Errorf("warnings %v, changed %v", r.Warnings, r.Changed)
	}
}
