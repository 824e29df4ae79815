package encoder_test

import (
	"debug/elf"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// TestCorpus compares real modules by meaning with what pahole made of them:
// version 1.31 with the default features, and version 1.24, whose BTF is in
// the modules. Nothing may be missing, nothing may be too much, nothing may be
// there twice, and no BTF may be larger.
func TestCorpus(t *testing.T) {
	base, referee := corpusBase(t), btftest.NewReferee()
	for _, o := range corpusObjects(t) {
		t.Run(o.name, func(t *testing.T) {
			opts := options(t)
			opts.Base = base
			sameAsPahole(t, referee, base, corpusFile(t, o.name+".head.btf"), encode(t, opts, o.path))
			opts.Features = encoder.Pahole124()
			sameAsPahole(t, referee, base, sectionBTF(t, o.path), encode(t, opts, o.path))
		})
	}
}

// sameAsPahole compares two split BTFs.
func sameAsPahole(t *testing.T, referee *btftest.Referee, base *encoder.Base, want, got []byte) {
	t.Helper()
	g := parse(t, got, base.BTF)
	if d := referee.Compare(parse(t, want, base.BTF), g); !d.Empty() {
		t.Error(d)
	}
	if len(got) > len(want) {
		t.Errorf("%d bytes, pahole's are %d", len(got), len(want))
	}
	checkRules(t, got, base.BTF, btf.Rules{Libbpf: true})
	// Debian's own kernel is 6.12.
	checkRules(t, got, base.BTF, btf.Rules{Libbpf: true, TagsFirst: true, NoTagFlag: true, NarrowInfo: true})
}

// sectionBTF returns the .BTF of a module.
func sectionBTF(t testing.TB, path string) []byte {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := f.Section(".BTF")
	if s == nil {
		t.Fatalf("%s: no .BTF", path)
	}
	data, err := s.Data()
	if err != nil {
		t.Fatal(err)
	}
	return data
}
