package encoder_test

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// withFeatures are the options with pahole's default features and those of
// value.
func withFeatures(t testing.TB, value string) encoder.Options {
	t.Helper()
	opts := options(t)
	var err error
	if opts.Features, err = encoder.ParseFeatures([]string{value}, encoder.FeaturesStrict); err != nil {
		t.Fatal(err)
	}
	return opts
}

// TestCorpusTrueSignature compares modules with what pahole 1.31 made of them
// with true_signature. GCC's changed functions have another address in a module
// than their symbols have, so that it changes nothing there.
func TestCorpusTrueSignature(t *testing.T) {
	const ext = ".true_signature.btf"
	refs, err := filepath.Glob(filepath.Join(corpusDir(t), "features", "*"+ext+".zst"))
	if err != nil {
		t.Fatal(err)
	}
	base, referee, opts := corpusBase(t), btftest.NewReferee(), withFeatures(t, "+true_signature")
	opts.Base = base
	n := 0
	for _, ref := range refs {
		name := strings.TrimSuffix(filepath.Base(ref), ext+".zst")
		if name == "vmlinux" { // its DWARF is not in the corpus
			continue
		}
		n++
		t.Run(name, func(t *testing.T) {
			path := unpacked(t, name+".ko")
			got := encode(t, opts, path)
			sameAsPahole(t, referee, base, corpusFile(t, "features/"+name+ext), got)
		})
	}
	if n != 7 {
		t.Errorf("%d modules, want 7", n)
	}
}

// TestOptionalFeatures encodes objects that show what a feature changes, with
// it and without. Both have claims in want/features.
func TestOptionalFeatures(t *testing.T) {
	for _, c := range []struct{ object, features, want string }{
		{"funcs", "default", "funcs-default"},
		{"funcs", "+true_signature", "funcs-true_signature"},
		{"signature.ko", "default", "signature-default"},
		{"signature.ko", "+true_signature", "signature-true_signature"},
		{"arena.ko", "default", "arena-default"},
		{"arena.ko", "+attributes", "arena-attributes"},
		{"arena.ko", "attributes", "arena-plain"}, // kfuncs are not looked for
		{"arena.ko", "attributes,decl_tag_kfuncs", "arena-attributes-untagged"},
	} {
		t.Run(c.object+" "+c.features, func(t *testing.T) {
			data := encode(t, withFeatures(t, c.features), filepath.Join(kernelTree, "obj/features", c.object))
			b := parse(t, data, nil)
			readWant(t, filepath.Join(kernelTree, "want/features", c.want+".want")).check(t, b)
			checkRules(t, data, nil, btf.Rules{Libbpf: true})
			if err := btf.Check(data, nil, btf.Rules{NoTagFlag: true}); (err != nil) != strings.Contains(c.want, "attributes") {
				t.Errorf("for a kernel without kind_flag on tags: error %v", err)
			}
		})
	}
}

// TestMutantsOfFeatures is TestMutants for the features that are not on by
// default.
func TestMutantsOfFeatures(t *testing.T) {
	n := 300
	if testing.Short() {
		n = 50
	}
	e, rnd := newHostile(t), rand.New(rand.NewPCG(5, 6))
	e.opts = withFeatures(t, "+true_signature,attributes")
	good, bad := 0, 0
	for _, name := range []string{"funcs", "signature.ko", "arena.ko"} {
		data := readFile(t, filepath.Join(kernelTree, "obj/features", name))
		spans := interesting(t, data)
		for range n {
			if e.encode(t, mutant(rnd, data, spans), false) {
				good++
			} else {
				bad++
			}
			if t.Failed() {
				return
			}
		}
	}
	if t.Logf("%d mutants encoded, %d refused", good, bad); good < n/10 || bad < n/10 {
		t.Error("they say little")
	}
}
