// SPDX-License-Identifier: BSD-2-Clause

package btf_test

import (
	"bytes"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
)

// TestNamesExceed counts names that are whole strings, and tails of one.
func TestNamesExceed(t *testing.T) {
	const n = 1000
	strs := append(append([]byte{0}, bytes.Repeat([]byte("a"), n)...), 0)
	b := &btf.BTF{Strs: strs}
	b.Types.Rows = []btf.Row{{}}
	for i := range n {
		b.Types.Rows = append(b.Types.Rows, btf.Row{Name: btf.StrOff(1 + i), Info: btf.MakeInfo(btf.KindTypedef, 0, false)})
	}
	b.Types.Rows = append(b.Types.Rows, btf.Row{Info: btf.MakeInfo(btf.KindStruct, 2, false)})
	b.Types.Items = []btf.Item{{Name: 1}, {Name: n}}
	const all = n*(n+1)/2 + n + 1
	for _, c := range []struct {
		limit uint64
		want  bool
	}{{all - 1, true}, {all, false}, {1, true}, {1 << 40, false}} {
		if got := b.NamesExceed(c.limit); got != c.want {
			t.Errorf("more than %d bytes: %v, want %v", c.limit, got, c.want)
		}
	}
	b.StrStart = n + 2 // all are the base's
	if b.NamesExceed(0) {
		t.Error("names of the base are counted")
	}
}
