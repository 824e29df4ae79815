package splitdedup

import "github.com/gobtfenc/gobtfenc/btf"

// cutCycles makes types cut that lie on a circle without a named struct: C has
// none, Go's DWARF does (type F func() F is a TYPEDEF of a FUNC_PROTO that
// returns the TYPEDEF), and so may a broken file. Which types are cut must not
// depend on where a walk begins, or copies in two units would be cut
// differently: of each circle all typedefs are cut, and where it has none, all
// of its types.
func (u *unit) cutCycles() {
	u.cyclic = make([]bool, len(u.types.Rows))
	for _, scc := range u.circles() {
		any := false
		for _, n := range scc {
			if u.types.Rows[n].Info.Kind() == btf.KindTypedef {
				u.cyclic[n], any = true, true
			}
		}
		for _, n := range scc {
			u.cyclic[n] = u.cyclic[n] || !any
		}
	}
	// Cutting the typedefs may leave circles inside what remains.
	for _, scc := range u.circles() {
		for _, n := range scc {
			u.cyclic[n] = true
		}
	}
}

// circles returns the strongly connected components of the types that are not
// cut, as far as they hold a circle (Tarjan's algorithm with its own stack).
func (u *unit) circles() [][]btf.ID {
	type frame struct {
		n    btf.ID
		next int  // of the references to follow
		self bool // n refers to itself
	}
	var (
		order, low = make([]int32, len(u.types.Rows)), make([]int32, len(u.types.Rows))
		onPath     = make([]bool, len(u.types.Rows))
		path       []btf.ID
		work       []frame
		count      int32
		out        [][]btf.ID
	)
	for root := btf.ID(1); int(root) < u.fixed; root++ {
		if order[root] != 0 || u.isCut(root) {
			continue
		}
		work = append(work, frame{n: root})
		for len(work) > 0 {
			f := &work[len(work)-1]
			n := f.n
			if order[n] == 0 {
				count++
				order[n], low[n], onPath[n] = count, count, true
				path = append(path, n)
			}
			descended := false
			for ; f.next < u.numRefs(n) && !descended; f.next++ {
				switch c := u.treeRef(n, f.next); {
				case c == 0:
				case order[c] == 0:
					descended = true
				case onPath[c]:
					f.self = f.self || c == n
					low[n] = min(low[n], order[c])
				}
			}
			if descended {
				work = append(work, frame{n: u.treeRef(n, f.next-1)})
				continue
			}
			self := f.self
			work = work[:len(work)-1]
			if len(work) > 0 {
				p := work[len(work)-1].n
				low[p] = min(low[p], low[n])
			}
			if low[n] != order[n] {
				continue
			}
			i := len(path) - 1
			for path[i] != n {
				i--
			}
			scc := append([]btf.ID(nil), path[i:]...)
			path = path[:i]
			for _, c := range scc {
				onPath[c] = false
			}
			if len(scc) > 1 || self {
				out = append(out, scc)
			}
		}
	}
	return out
}

// numRefs returns how many references treeRef knows of n, as an upper bound.
func (u *unit) numRefs(n btf.ID) int {
	r := &u.types.Rows[n]
	if btf.Shapes[r.Info.Kind()].ItemTypeRef {
		return 1 + r.NumItems()
	}
	return 1
}

// treeRef returns reference i of n, or 0 where it is none, void, or cut.
func (u *unit) treeRef(n btf.ID, i int) btf.ID {
	r := &u.types.Rows[n]
	var c btf.ID
	if i > 0 {
		c = btf.ID(u.types.Items[int(r.Aux)+i-1].Type)
	} else if btf.Shapes[r.Info.Kind()].TypeIsRef {
		c = btf.ID(r.Type)
	}
	if u.isCut(c) {
		return 0
	}
	return c
}
