package splitdedup

// sweeps is how often refute goes through all pairs before it asks which pairs
// rest on which. vmlinux on top of itself needs one; a chain of types in the
// wrong order would need as many as it is long.
const sweeps = 12

// refuteRest ends what refute began, in time linear in the obligations: it
// turns them round, and a pair that falls fells those that rest on it.
func (m *Module) refuteRest(first int) {
	u := &m.unit
	var fallen []int32
	count := make([]int32, len(u.pairs)+1) // count[q]:count[q+1] is q's part of above
	each := func(f func(p, q int32)) {
		for i := first; i < len(u.pairs); i++ {
			if p := &u.pairs[i]; !p.fallen {
				for _, o := range u.obls[p.lo:p.hi] {
					if q := m.restsOn(o); q >= 0 {
						f(int32(i), q)
					}
				}
			}
		}
	}
	each(func(_, q int32) { count[q+1]++ })
	for q := range u.pairs {
		count[q+1] += count[q]
	}
	above := make([]int32, count[len(u.pairs)])
	fill := append([]int32(nil), count...)
	each(func(p, q int32) {
		above[fill[q]] = p
		fill[q]++
	})
	for i := first; i < len(u.pairs); i++ {
		p := &u.pairs[i]
		if p.fallen {
			continue
		}
		for _, o := range u.obls[p.lo:p.hi] {
			if !m.stands(o) {
				p.fallen = true
				fallen = append(fallen, int32(i))
				break
			}
		}
	}
	for len(fallen) > 0 {
		q := fallen[len(fallen)-1]
		fallen = fallen[:len(fallen)-1]
		for _, p := range above[count[q]:count[q+1]] {
			if !u.pairs[p].fallen {
				u.pairs[p].fallen = true
				fallen = append(fallen, p)
			}
		}
	}
}

// restsOn returns the pair that must stand for an obligation to hold, -1 where
// it holds or not whatever falls.
func (m *Module) restsOn(o obligation) int32 {
	c := m.complete(o.canon)
	if c&local != 0 {
		n := c &^ local
		if n == o.local || m.unit.canon[n] != 0 && m.unit.canon[n] == m.unit.canon[o.local] {
			return -1
		}
	}
	return m.standing(o.local, c)
}
