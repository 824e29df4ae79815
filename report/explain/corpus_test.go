package explain_test

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/corpus"
	"github.com/gobtfenc/gobtfenc/report/explain"
)

// TestCorpus explains what pahole HEAD makes of a whole kernel. It leaves types
// that the base has in the same shape; their number is that which the corpus states,
// found by an independent tool (internal/btftest, TestRefereeOnKernel).
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("1,138 modules")
	}
	data := corpus.Read(t, "vmlinux.btf")
	base, err := btf.Parse(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	e, referee := explain.New(base), btftest.NewReferee()
	modules, withCopies, copies, causes := 0, 0, 0, 0
	corpus.Modules(t, func(name string, data []byte) {
		b, err := btf.Parse(data, base)
		if err != nil {
			t.Fatal(name, err)
		}
		r := e.Module(&explain.Input{Path: name, Source: explain.SourceBTF, BTF: b, Bytes: uint64(len(data))})
		modules++
		copies += len(r.Copies)
		causes += len(r.Causes)
		if len(r.Copies) > 0 {
			withCopies++
			if d := referee.Compare(b, b); len(d.DupInBase) != len(r.Copies) {
				t.Errorf("%s: %d types of the base, the referee finds %d", name, len(r.Copies), len(d.DupInBase))
			}
		}
		checkSums(t, r)
	})
	if modules != 1138 || withCopies != 80 || copies != 431 || causes < 100 {
		t.Errorf("%d modules, %d with types of the base, %d such types, %d causes; want 1138, 80, 431 and some 1000", modules, withCopies, copies, causes)
	}
}

// checkSums wants what hangs on the causes to be all that is not shared for one.
func checkSums(t *testing.T, r *explain.Report) {
	t.Helper()
	var sum explain.Sum
	for i := range r.Causes {
		c := &r.Causes[i]
		sum.Types += c.Types
		sum.Bytes += c.Bytes
		if c.Only.Bytes > r.Hanging.Bytes {
			t.Errorf("%s: %s: %+v", r.Path, c.Name, c.Only)
		}
		if len(c.Differences) == 0 || c.Differences[0].What == "contents" {
			t.Errorf("%s: no words for %s: %+v", r.Path, c.Name, c.Differences)
		}
	}
	if sum != r.Hanging {
		t.Errorf("%s: %+v hang on causes, %+v in all", r.Path, sum, r.Hanging)
	}
}
