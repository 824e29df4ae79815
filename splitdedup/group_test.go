// SPDX-License-Identifier: BSD-2-Clause

package splitdedup

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// dedupGroup is dedup for units that come in one piece.
func dedupGroup(t testing.TB, base *btf.BTF, units []*btf.BTF, collide bool) *btf.BTF {
	t.Helper()
	r := newRun(t, base, collide)
	all := &btf.Types{Rows: []btf.Row{{}}}
	var starts []int32
	for _, u := range units {
		starts = append(starts, int32(len(all.Rows)))
		appendUnit(all, r.rename(u))
	}
	starts = append(starts, int32(len(all.Rows)))
	canon, err := r.m.AddGroup(all, starts)
	if err != nil || len(canon) != len(all.Rows) {
		t.Fatal(len(canon), err)
	}
	for n, id := range canon[1:] {
		if id == 0 || int(id) >= r.m.Len() {
			t.Fatalf("row %d has canonical id %d of %d", n+1, id, r.m.Len())
		}
	}
	return r.finish(t)
}

// checkGroup adds rows as a group of units, which begin at starts, to a base.
func checkGroup(t *testing.T, base *btf.BTF, rows string, starts []int32, want string) {
	t.Helper()
	r := newRun(t, base, false)
	if _, err := r.m.AddGroup(r.rename(textUnit(t, rows)), starts); err != nil {
		t.Fatal(err)
	}
	sameMeaning(t, "group", btftest.MustParse(t, want, base), r.finish(t))
}

// appendUnit appends the types of a unit behind those of others.
func appendUnit(all, u *btf.Types) {
	by := uint32(len(all.Rows) - 1)
	for _, r := range u.Rows[1:] {
		if btf.Shapes[r.Info.Kind()].HasItems {
			items := u.ItemsOf(&r)
			r.Aux = uint32(len(all.Items))
			all.Items = append(all.Items, items...)
		}
		eachRef(all, &r, func(ref *uint32) { *ref += by })
		all.Rows = append(all.Rows, r)
	}
}

// TestGroupReferences: units that refer to each other, in a circle too, with a
// type tag and a declaration tag that stand behind all of them.
func TestGroupReferences(t *testing.T) {
	const rows = `
		[1] FWD 'disk' fwd_kind=struct
		[2] PTR '(anon)' type_id=1
		[3] STRUCT 'inode' size=8 vlen=1
			'd' type_id=2 bits_offset=0
		[4] STRUCT 'first' size=16 vlen=2
			'other' type_id=10 bits_offset=0
			'own' type_id=3 bits_offset=64
		[5] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
		[6] STRUCT 'disk' size=4 vlen=1
			'a' type_id=5 bits_offset=0
		[7] PTR '(anon)' type_id=6
		[8] STRUCT 'inode' size=8 vlen=1
			'd' type_id=7 bits_offset=0
		[9] STRUCT 'second' size=8 vlen=1
			'back' type_id=2 bits_offset=0
		[10] PTR '(anon)' type_id=11
		[11] TYPE_TAG 'user' type_id=8
		[12] DECL_TAG 'here' type_id=8 component_idx=-1
	`
	const want = `
		[1] STRUCT 'disk' size=4 vlen=1
			'a' type_id=2 bits_offset=0
		[2] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
		[3] PTR '(anon)' type_id=1
		[4] STRUCT 'inode' size=8 vlen=1
			'd' type_id=3 bits_offset=0
		[5] STRUCT 'first' size=16 vlen=2
			'other' type_id=7 bits_offset=0
			'own' type_id=4 bits_offset=64
		[6] STRUCT 'second' size=8 vlen=1
			'back' type_id=3 bits_offset=0
		[7] PTR '(anon)' type_id=8
		[8] TYPE_TAG 'user' type_id=4
		[9] DECL_TAG 'here' type_id=4 component_idx=-1
	`
	checkGroup(t, nil, rows, []int32{1, 5, 11}, want)
}

// TestGroupDeclares: three units each of which only declares what another one
// defines. As one unit they have two complete types of each name, so that no
// declaration has one it could be.
func TestGroupDeclares(t *testing.T) {
	const rows = `
		[1] FWD 'y' fwd_kind=struct
		[2] PTR '(anon)' type_id=1
		[3] STRUCT 'x' size=8 vlen=1
			'm' type_id=2 bits_offset=0
		[4] FWD 'x' fwd_kind=struct
		[5] PTR '(anon)' type_id=4
		[6] STRUCT 'y' size=8 vlen=1
			'm' type_id=5 bits_offset=0
		[7] PTR '(anon)' type_id=10
		[8] STRUCT 'x' size=8 vlen=1
			'm' type_id=7 bits_offset=0
		[9] PTR '(anon)' type_id=8
		[10] STRUCT 'y' size=8 vlen=1
			'm' type_id=9 bits_offset=0
	`
	const want = `
		[1] PTR '(anon)' type_id=4
		[2] STRUCT 'x' size=8 vlen=1
			'm' type_id=1 bits_offset=0
		[3] PTR '(anon)' type_id=2
		[4] STRUCT 'y' size=8 vlen=1
			'm' type_id=3 bits_offset=0
	`
	checkGroup(t, nil, rows, []int32{1, 4, 7, 11}, want)
}

// TestGroupAlike: sb refers to the base's pointer in one unit, through another one, and
// in another unit to a pointer of its own, which only becomes the base's when buf is
// resolved. Then both sb are one, and the last unit's declaration can be it.
func TestGroupAlike(t *testing.T) {
	base := btftest.MustParse(t, `
		[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
		[2] STRUCT 'buf' size=4 vlen=1
			'a' type_id=1 bits_offset=0
		[3] PTR '(anon)' type_id=2
	`, nil)
	const rows = `
		[1] FWD 'buf' fwd_kind=struct
		[2] PTR '(anon)' type_id=1
		[3] STRUCT 'sb' size=8 vlen=1
			'm' type_id=2 bits_offset=0
		[4] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
		[5] STRUCT 'buf' size=4 vlen=1
			'a' type_id=4 bits_offset=0
		[6] PTR '(anon)' type_id=5
		[7] STRUCT 'sb' size=8 vlen=1
			'm' type_id=6 bits_offset=0
		[8] FWD 'sb' fwd_kind=struct
		[9] PTR '(anon)' type_id=8
		[10] STRUCT 'user' size=8 vlen=1
			's' type_id=9 bits_offset=0
	`
	const want = `
		[4] STRUCT 'sb' size=8 vlen=1
			'm' type_id=3 bits_offset=0
		[5] PTR '(anon)' type_id=4
		[6] STRUCT 'user' size=8 vlen=1
			's' type_id=5 bits_offset=0
	`
	checkGroup(t, base, rows, []int32{1, 4, 7, 8, 11}, want)
}
