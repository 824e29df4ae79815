package encoder_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// TestCorpusGlobalVar compares modules with what pahole 1.31 made of them with
// global_var.
func TestCorpusGlobalVar(t *testing.T) {
	const ext = ".global_var.btf"
	refs, err := filepath.Glob(filepath.Join(corpusDir(t), "features", "*"+ext+".zst"))
	if err != nil {
		t.Fatal(err)
	}
	base, referee, opts := corpusBase(t), btftest.NewReferee(), withFeatures(t, "+global_var")
	opts.Base = base
	n := 0
	for _, ref := range refs {
		name := strings.TrimSuffix(filepath.Base(ref), ext+".zst")
		if name == "vmlinux" { // its DWARF is not in the corpus
			continue
		}
		n++
		t.Run(name, func(t *testing.T) {
			got := encode(t, opts, unpacked(t, name+".ko"))
			sameAsPahole(t, referee, base, corpusFile(t, "features/"+name+ext), got)
			if d := datasecs(parse(t, got, base.BTF)); len(d) < 4 {
				t.Errorf("DATASECs of %q only", d)
			}
		})
	}
	if n != 7 {
		t.Errorf("%d modules, want 7", n)
	}
}

// TestGlobalVar encodes a module of the small tree with the feature and without.
func TestGlobalVar(t *testing.T) {
	file := filepath.Join(kernelTree, "obj/percpu.ko")
	opts := withFeatures(t, "+global_var")
	plain, all := parse(t, encode(t, options(t), file), nil), encode(t, opts, file)
	if got := datasecs(plain); len(got) != 1 || got[0] != ".data..percpu" {
		t.Errorf("without the feature there are %q", got)
	}
	b := parse(t, all, nil)
	for _, want := range datasecs(plain) {
		if !slices.Contains(datasecs(b), want) {
			t.Errorf("no DATASEC %s with the feature", want)
		}
	}
	if got := datasecs(b); len(got) < 2 {
		t.Errorf("with the feature there are %q", got)
	}
	checkRules(t, all, nil, btf.Rules{Load: true})
	opts = withFeatures(t, "global_var")
	if got := datasecs(parse(t, encode(t, opts, file), nil)); !slices.Equal(got, datasecs(b)) {
		t.Errorf("global_var alone gives %q, with var %q", got, datasecs(b))
	}
}

// datasecs returns the names of b's DATASECs.
func datasecs(b *btf.BTF) []string {
	var names []string
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		if b.Row(id).Info.Kind() == btf.KindDatasec {
			names = append(names, string(b.Name(id)))
		}
	}
	return names
}
