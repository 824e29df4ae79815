// SPDX-License-Identifier: BSD-2-Clause

package dwarfconv

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

// TestNestArrays: every dimension gets an array, and nothing else is changed. The typedef
// without a name is dropped and moves the ids behind it; the array within an array is odd.
func TestNestArrays(t *testing.T) {
	strs := btf.NewStrings(nil)
	c := NewConverter()
	err := c.Reset(sectionsOf(dwarftest.Build(t, dwarftest.Options{}, `
		compile_unit
		  i: base_type name="int" byte_size=4 encoding=5
		  typedef type=i
		  a: array_type type=i
		    subrange_type upper_bound=3
		    array_type type=a
		      subrange_type upper_bound=6
		      subrange_type upper_bound=7
		    subrange_type upper_bound=2
		    subrange_type
		  array_type type=i
		    subrange_type upper_bound=1
		  variable name="v" type=a location=[03 00 20 00 00 00 00 00 00]
	`)), strs, all)
	if err != nil {
		t.Fatal(err)
	}
	u, err := c.Next()
	if err != nil {
		t.Fatal(err)
	}
	flat := trim(`
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=0
			[3] ARRAY '(anon)' type_id=2 index_type_id=1 nr_elems=56
			[4] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=2
			var v type_id=2 addr=0x2000 external=false
	`)
	if got := textOf(t, u, strs); got != flat {
		t.Errorf("got\n%swant\n%s", got, flat)
	}
	nested := trim(`
			[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
			[2] ARRAY '(anon)' type_id=6 index_type_id=1 nr_elems=4
			[3] ARRAY '(anon)' type_id=7 index_type_id=1 nr_elems=7
			[4] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=2
			[5] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=0
			[6] ARRAY '(anon)' type_id=5 index_type_id=1 nr_elems=3
			[7] ARRAY '(anon)' type_id=2 index_type_id=1 nr_elems=8
			var v type_id=2 addr=0x2000 external=false
	`)
	for range 2 { // a second time there is nothing to do
		u.NestArrays()
		if got := textOf(t, u, strs); got != nested {
			t.Errorf("got\n%swant\n%s", got, nested)
		}
	}
}
