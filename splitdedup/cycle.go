package splitdedup

import "github.com/gobtfenc/gobtfenc/btf"

// cutCycles makes types cut whose trees have no end because a circle passes
// through no named struct: C has none, Go's DWARF does (type F func() F is a
// TYPEDEF of a FUNC_PROTO that returns the TYPEDEF), and so may a broken file.
//
// Which types are cut must not depend on where a walk begins, nor on whether a
// type lies on the circle or is an unrolled copy that leads into it: equal
// types would be cut differently. That a tree has no end is the same for equal
// types. So all typedefs of endless trees are cut, and where there are endless
// trees without typedefs, all types that have one.
func (u *unit) cutCycles() {
	u.cyclic = make([]bool, len(u.types.Rows))
	for _, n := range u.endless() {
		u.cyclic[n] = u.types.Rows[n].Info.Kind() == btf.KindTypedef
		u.cut[n] = u.cyclic[n]
	}
	for _, n := range u.endless() {
		u.cyclic[n], u.cut[n] = true, true
	}
}

// endless returns the types that are not cut and whose trees have no end: what
// is left when, again and again, types are taken away that refer only to void,
// cut types and types taken away.
func (u *unit) endless() []btf.ID {
	rows := len(u.types.Rows)
	open := make([]int32, rows)    // references to types that are not taken away
	start := make([]int32, rows+1) // start[n]:start[n+1] is n's part of users
	u.eachTreeRef(func(n, c btf.ID) {
		open[n]++
		start[c+1]++
	})
	for n := range rows {
		start[n+1] += start[n]
	}
	users, fill := make([]btf.ID, start[rows]), append([]int32(nil), start...)
	u.eachTreeRef(func(n, c btf.ID) {
		users[fill[c]] = n
		fill[c]++
	})
	var work, left []btf.ID
	for n := 1; n < u.fixed; n++ {
		if open[n] == 0 {
			work = append(work, btf.ID(n))
		}
	}
	for len(work) > 0 {
		c := work[len(work)-1]
		work = work[:len(work)-1]
		for _, n := range users[start[c]:start[c+1]] {
			if open[n]--; open[n] == 0 {
				work = append(work, n)
			}
		}
	}
	for n := 1; n < u.fixed; n++ {
		if open[n] > 0 {
			left = append(left, btf.ID(n))
		}
	}
	return left
}

// eachTreeRef calls f for every reference from a type that is not cut to
// another one.
func (u *unit) eachTreeRef(f func(n, c btf.ID)) {
	for i := 1; i < u.fixed; i++ {
		n := btf.ID(i)
		if u.isCut(n) {
			continue
		}
		r := &u.types.Rows[n]
		s := btf.Shapes[r.Info.Kind()]
		if c := btf.ID(r.Type); s.TypeIsRef && c != 0 && !u.isCut(c) {
			f(n, c)
		}
		if !s.ItemTypeRef {
			continue
		}
		for _, it := range u.types.ItemsOf(r) {
			if c := btf.ID(it.Type); c != 0 && !u.isCut(c) {
				f(n, c)
			}
		}
	}
}
