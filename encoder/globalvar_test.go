package encoder_test

import (
	"path/filepath"
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
