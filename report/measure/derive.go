package measure

import (
	"cmp"
	"slices"
)

// What a Report says beside its modules follows from them.

// derive sets Total and Repeated.
func (r *Report) derive() {
	r.Total = Total{}
	for i := range r.Modules {
		r.Total.add(&r.Modules[i])
	}
	r.Repeated = Repeated{}
	for i, n := range r.typeUses() {
		r.Repeated.Types.add(n, r.Types[i].Bytes)
	}
	for i, n := range uses(r.stringSets(), len(r.Strings)) {
		r.Repeated.Strings.add(n, uint64(len(r.Strings[i]))+1)
	}
}

func (t *Total) add(m *Module) {
	if m.Error != "" {
		t.Failed++
		return
	}
	t.Modules++
	t.Shipped += m.Shipped
	t.Split, t.Alone = m.Split.addTo(t.Split), m.Alone.addTo(t.Alone)
	t.Least = t.Least || m.AloneIsLeast()
	for name, bytes := range m.Costs {
		if t.Costs == nil {
			t.Costs = map[string]int64{}
		}
		t.Costs[name] += bytes
	}
}

// add counts a thing of so many bytes that so many modules have.
func (r *Repeats) add(modules int, bytes uint64) {
	if modules < 2 {
		return
	}
	r.Count++
	r.Copies += modules
	r.Bytes += uint64(modules) * bytes
	r.Saved += uint64(modules-1) * bytes
}

// typeUses returns how many modules have each of r.Types.
func (r *Report) typeUses() []int { return uses(r.typeSets(), len(r.Types)) }

func (r *Report) typeSets() [][]uint32 {
	var sets [][]uint32
	for i := range r.Modules {
		sets = append(sets, r.Modules[i].Types)
	}
	return sets
}

func (r *Report) stringSets() [][]uint32 {
	var sets [][]uint32
	for i := range r.Modules {
		sets = append(sets, r.Modules[i].Strings)
	}
	return sets
}

// RepeatedTypes returns the types that several modules have of their own, those
// first that would save most if the base had them; types of one saving in the
// order of Report.Types.
func (r *Report) RepeatedTypes() []RepeatedType {
	var all []RepeatedType
	for i, n := range r.typeUses() {
		if n > 1 {
			all = append(all, RepeatedType{Type: r.Types[i], Modules: n, Saved: uint64(n-1) * r.Types[i].Bytes})
		}
	}
	slices.SortStableFunc(all, func(a, b RepeatedType) int { return cmp.Compare(b.Saved, a.Saved) })
	return all
}
