package encoder_test

import (
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
