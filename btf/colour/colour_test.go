package colour_test

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btf/colour"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

const list = `
[1] STRUCT 'list' size=8
	'next' type_id=2
[2] PTR '(anon)' type_id=1
[3] PTR '(anon)' type_id=4
[4] STRUCT 'item' size=8
	'next' type_id=2
`

// TestColours looks types of a module up by what they are in its base.
func TestColours(t *testing.T) {
	base := btftest.MustParse(t, list, nil)
	// A copy of the list, a list of its own, twice, and an item of the base.
	module := btftest.MustParse(t, `
[5] STRUCT 'list' size=8
	'next' type_id=6
[6] PTR '(anon)' type_id=5
[7] STRUCT 'item' size=8
	'next' type_id=3
[8] STRUCT 'item' size=8
	'next' type_id=3
[9] STRUCT 'item' size=8
	'next' type_id=6
`, base)
	c := colour.NewPalette().Of(module)
	first := c.First()
	for _, w := range []struct {
		id, base, first btf.ID // base 0 for not there
	}{{5, 1, 5}, {6, 2, 6}, {7, 0, 7}, {8, 0, 7}, {9, 4, 9}} {
		got, ok := c.InBase(c.Colour(w.id))
		if got != w.base || ok != (w.base != 0) {
			t.Errorf("type %d: in the base it is %d, %v; want %d", w.id, got, ok, w.base)
		}
		if first[c.Colour(w.id)] != w.first {
			t.Errorf("type %d: the first of its colour is %d, want %d", w.id, first[c.Colour(w.id)], w.first)
		}
	}
	if c.Colour(1) != c.Colour(5) || c.Colour(1) == c.Colour(4) {
		t.Error("colours of the base's types are not those that they have from the module")
	}
}
