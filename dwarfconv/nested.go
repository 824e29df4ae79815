// SPDX-License-Identifier: BSD-2-Clause

package dwarfconv

import (
	"cmp"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Arrays of several dimensions. DWARF has one DIE for them, with as many subranges.
// pahole made one array of all elements of them up to 1.31 and makes arrays of
// arrays since 1.32, as compilers do where they write BTF. A module can share nothing
// that reaches such an array, which is nearly everything, unless it has them as its
// base does. The base may not be known yet while units are converted, so
// a unit has the former and can be given the latter.

// Dim is one dimension of an array that has several.
type Dim struct {
	Array  btf.ID // local
	Nelems uint32
}

// NestArrays makes arrays of arrays of those in u.Dims. The arrays behind the first
// dimension come behind all other types:
//
//	int a[4][3]     [1] ARRAY type_id=int nr_elems=12
//
//	                [1] ARRAY type_id=2 nr_elems=4
//	                [2] ARRAY type_id=int nr_elems=3
func (u *Unit) NestArrays() {
	t := &u.Types
	// An array's are in a row unless it has another one in it, which is odd.
	slices.SortStableFunc(u.Dims, func(x, y Dim) int { return cmp.Compare(x.Array, y.Array) })
	for dims := u.Dims; len(dims) > 0; {
		n := 1
		for n < len(dims) && dims[n].Array == dims[0].Array {
			n++
		}
		outer := t.ItemsOf(&t.Rows[dims[0].Array])[0]
		for i := n - 1; i > 0; i-- {
			outer.Val = dims[i].Nelems
			t.Rows = append(t.Rows, btf.Row{Info: btf.MakeInfo(btf.KindArray, 0, false), Aux: uint32(len(t.Items))})
			t.Items = append(t.Items, outer)
			outer.Type = uint32(len(t.Rows) - 1)
		}
		outer.Val = dims[0].Nelems
		t.ItemsOf(&t.Rows[dims[0].Array])[0] = outer
		dims = dims[n:]
	}
	u.Dims = u.Dims[:0]
}
