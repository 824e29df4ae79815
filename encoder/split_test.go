// SPDX-License-Identifier: BSD-2-Clause

package encoder

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/dwarfconv"
)

// TestSplitAgain: how much is read of .dwo files another time is bounded, whatever names they are
// asked for by, and in whatever order. Which files were looked for is known afterwards.
func TestSplitAgain(t *testing.T) {
	data, err := os.ReadFile("../testdata/kernel/obj/plain/gcc5-split.dwo")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"a.dwo", "c.dwo"} {
		if err := os.WriteFile(at(name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a.dwo", at("b.dwo")); err != nil {
		t.Fatal(err)
	}
	open := func(e *elsewhere, name string) (uint64, error) {
		sec, done, err := e.openSplit(dwarfconv.SplitRef{Name: name, Dir: dir})
		if err != nil {
			return 0, err
		}
		defer done()
		return splitSize(sec), nil
	}
	e := newElsewhere(at("x.ko"))
	size, err := open(e, "a.dwo")
	if err != nil || size < 1000 {
		t.Fatal(size, err)
	}
	old := maxSplitAgain
	t.Cleanup(func() { maxSplitAgain = old })
	for _, names := range []string{"aacb", "abca", "caba", "bcaa"} {
		for extra, want := range map[uint64]bool{0: true, 1: false} {
			maxSplitAgain = 2*size - extra
			e = newElsewhere(at("x.ko"))
			var last error
			for i, name := range names {
				if last != nil {
					t.Errorf("%s: error %v before file %d", names, last, i)
				}
				_, last = open(e, string(name)+".dwo")
			}
			if (last == nil) != want || last != nil && !strings.Contains(last.Error(), "would be read again") {
				t.Errorf("%s, %d bytes too few: error %v", names, extra, last)
			}
		}
	}
	maxSplitAgain = size
	e = newElsewhere(at("x.ko"))
	for _, name := range []string{"a.dwo", "b.dwo", "sub/c.dwo"} { // the last one is beside the object
		if _, err := open(e, name); err != nil {
			t.Error(err)
		}
	}
	n := int64(len(data))
	want := map[string]int64{at("a.dwo"): n, at("b.dwo"): n, at("c.dwo"): n, at("sub/c.dwo"): 0}
	got := map[string]int64{}
	for _, f := range e.files() {
		got[f.Path] = f.Stamp.Size
	}
	if !maps.Equal(got, want) {
		t.Errorf("looked at %v, want %v", got, want)
	}
}
