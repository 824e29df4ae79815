package diff_test

import (
	"io"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/report/diff"
)

// FuzzCompare compares two blobs, alone and on a base. Whatever they are, a
// report is written, and says that they are the same if and only if the referee
// does.
func FuzzCompare(f *testing.F) {
	blob := func(text string) []byte {
		b := btftest.MustParse(f, numbers+text, nil)
		return btf.Append(nil, &b.Types, b.Strs, b.Order)
	}
	for _, c := range cases {
		f.Add(blob(c.old), blob(c.new))
	}
	base := btftest.MustParse(f, numbers, nil)
	other := btftest.MustParse(f, numbers+"[4] TYPEDEF 't' type_id=1", nil)
	f.Fuzz(func(t *testing.T, old, new []byte) {
		tryPair(t, old, new, nil, nil)
		tryPair(t, old, new, base, base)
		tryPair(t, old, new, base, other)
	})
}

func tryPair(t *testing.T, oldBlob, newBlob []byte, oldBase, newBase *btf.BTF) {
	old, err := btf.Parse(oldBlob, oldBase)
	if err != nil {
		return
	}
	new, err := btf.Parse(newBlob, newBase)
	if err != nil {
		return
	}
	r := run(diff.NewComparer(oldBase, newBase), old, new)
	d := btftest.Compare(old, new)
	if same, want := len(r.Modules[0].Differences) == 0, len(d.Missing)+len(d.Extra) == 0; same != want {
		t.Errorf("the same: %v, the referee says %v", same, d)
	}
	for _, write := range []func() error{
		func() error { return r.WriteJSON(io.Discard) },
		func() error { return r.WriteText(io.Discard, diff.View{All: true}) },
		func() error { return r.WriteMarkdown(io.Discard, diff.View{Top: 1}) },
	} {
		if err := write(); err != nil {
			t.Error(err)
		}
	}
}
