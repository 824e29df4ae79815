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
		next int
	}
	var (
		order, low = make([]int32, len(u.types.Rows)), make([]int32, len(u.types.Rows))
		onPath     = make([]bool, len(u.types.Rows))
		path       []btf.ID
		work       []frame
		count      int32
		out        [][]btf.ID
		edges      []btf.ID
	)
	for root := btf.ID(1); int(root) < u.fixed; root++ {
		if order[root] != 0 || u.isCut(root) {
			continue
		}
		work = append(work, frame{n: root})
		for len(work) > 0 {
			f := &work[len(work)-1]
			n := f.n
			if f.next == 0 {
				count++
				order[n], low[n], onPath[n] = count, count, true
				path = append(path, n)
			}
			edges = u.treeRefs(edges[:0], n)
			descended := false
			for f.next < len(edges) {
				c := edges[f.next]
				f.next++
				if order[c] == 0 {
					work = append(work, frame{n: c})
					descended = true
					break
				}
				if onPath[c] {
					low[n] = min(low[n], order[c])
				}
			}
			if descended {
				continue
			}
			if len(edges) == 0 {
				f.next = 1
			}
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
			if len(scc) > 1 || refersToItself(edges, n) {
				out = append(out, scc)
			}
		}
	}
	return out
}

func refersToItself(edges []btf.ID, n btf.ID) bool {
	for _, c := range edges {
		if c == n {
			return true
		}
	}
	return false
}

// treeRefs appends what n refers to, without void and cut types.
func (u *unit) treeRefs(out []btf.ID, n btf.ID) []btf.ID {
	r := &u.types.Rows[n]
	s := btf.Shapes[r.Info.Kind()]
	if s.TypeIsRef && r.Type != 0 && !u.isCut(btf.ID(r.Type)) {
		out = append(out, btf.ID(r.Type))
	}
	if s.ItemTypeRef {
		for _, it := range u.types.ItemsOf(r) {
			if it.Type != 0 && !u.isCut(btf.ID(it.Type)) {
				out = append(out, btf.ID(it.Type))
			}
		}
	}
	return out
}
