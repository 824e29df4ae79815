package encoder

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// TestCheckUnshared: structs of the base in other shapes are counted, and no others.
func TestCheckUnshared(t *testing.T) {
	const n = manyUnshared
	structs := func(first int, name, member string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "[%d] STRUCT '%s%d' size=4 vlen=1\n\t'%s' type_id=1 bits_offset=0\n", first+i, name, i, member)
		}
		return b.String()
	}
	b := btftest.MustParse(t, "[1] INT 'int' size=4\n"+structs(2, "s", "a"), nil)
	dedup, err := splitdedup.NewBase(&b.Types, b.Strs)
	check(t, err)
	base := &Base{BTF: b, dedup: dedup}
	start := 2 + n
	for _, c := range []struct {
		name, own string
		want      bool
	}{
		{"none", "", false},
		{"other names", structs(start, "x", "a"), false},
		{"names of something else", structs(start, "a", "a") + fmt.Sprintf("[%d] STRUCT 'int' size=0", start+n), false},
		{"one too few", strings.Replace(structs(start, "s", "b"), "'s7'", "'x'", 1), false},
		{"all of them", structs(start, "s", "b"), true},
	} {
		own := btftest.MustParse(t, c.own, b)
		err := base.checkUnshared(canonical(own))
		if (err != nil) != c.want {
			t.Errorf("%s: %v, want an error: %v", c.name, err, c.want)
		}
	}
	if err := (*Base)(nil).checkUnshared(canonical(b)); err != nil {
		t.Error(err)
	}
}

// canonical is b with names that the base has at the base's offsets, as deduplication
// leaves it.
func canonical(b *btf.BTF) *splitdedup.Result {
	offs := map[string]btf.StrOff{}
	if b.Base != nil {
		for i := range b.Base.Types.Rows {
			off := b.Base.Types.Rows[i].Name
			offs[string(b.Base.Name(btf.ID(i)))] = off
		}
	}
	res := &splitdedup.Result{Types: b.Types, Start: b.Start, Strings: b.Strs, StrStart: b.StrStart}
	for i := range res.Types.Rows {
		r := &res.Types.Rows[i]
		if off, ok := offs[string(b.Name(b.Start+btf.ID(i)))]; ok {
			r.Name = off
		}
	}
	return res
}
