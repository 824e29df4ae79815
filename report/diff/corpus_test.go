package diff_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/corpus"
	"github.com/gobtfenc/gobtfenc/report/diff"
)

func parse(t *testing.T, data []byte, base *btf.BTF) *btf.BTF {
	t.Helper()
	b, err := btf.Parse(data, base)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFeatures compares what pahole makes of a module with and without a feature:
// there is what the feature is for and nothing else.
func TestFeatures(t *testing.T) {
	base := parse(t, corpus.Read(t, "vmlinux.btf"), nil)
	c := diff.NewComparer(base, base)
	for _, name := range []string{"kvm-intel", "nf_conntrack", "openvswitch", "overlay", "tcp_bbr", "xfs", "zram"} {
		head := parse(t, corpus.Read(t, name+".head.btf"), base)
		r := run(c, head, parse(t, corpus.Read(t, filepath.Join("features", name+".global_var.btf")), base))
		for _, d := range r.Modules[0].Differences {
			if d.Change != diff.Added && d.Change != diff.Unnamed {
				t.Errorf("%s: global_var: %+v", name, d)
			}
		}
		if len(r.Modules[0].Differences) < 5 {
			t.Errorf("%s: global_var: %d differences", name, len(r.Modules[0].Differences))
		}
		r = run(c, head, parse(t, corpus.Read(t, filepath.Join("features", name+".true_signature.btf")), base))
		for _, d := range r.Modules[0].Differences {
			if d.Kind != "function" && d.Change != diff.Unnamed && d.Kind != "tag" {
				t.Errorf("%s: true_signature: %+v", name, d)
			}
		}
	}
}

// TestDamaged changes a word of a module at a time: where the referee finds that
// the types are others, so does the report.
func TestDamaged(t *testing.T) {
	base := parse(t, corpus.Read(t, "vmlinux.btf"), nil)
	data := corpus.Read(t, "nf_conntrack.head.btf")
	old := parse(t, data, base)
	c, referee, rnd := diff.NewComparer(base, base), btftest.NewReferee(), rand.New(rand.NewPCG(1, 2))
	begin := binary.LittleEndian.Uint32(data[4:]) + binary.LittleEndian.Uint32(data[8:])
	words := int(binary.LittleEndian.Uint32(data[12:]) / 4)
	compared, different := 0, 0
	for range 150 {
		changed := bytes.Clone(data)
		word := changed[int(begin)+4*rnd.IntN(words):]
		binary.LittleEndian.PutUint32(word, binary.LittleEndian.Uint32(word)+1<<rnd.IntN(6))
		new, err := btf.Parse(changed, base)
		if err != nil {
			continue
		}
		d := referee.Compare(old, new)
		want := len(d.Missing)+len(d.Extra) > 0
		r := run(c, old, new)
		if got := len(r.Modules[0].Differences) > 0; got != want {
			t.Errorf("different: %v; the referee: %v", got, d)
		}
		compared++
		if want {
			different++
		}
	}
	if compared < 100 || different < 75 {
		t.Errorf("%d compared, %d of them different", compared, different)
	}
}
