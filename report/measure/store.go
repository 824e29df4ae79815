package measure

import (
	"cmp"
	"slices"
	"strings"
)

// store is the modules of a report in the making. Module.Types and Module.Strings
// are numbers that things got as they came, so that what many modules have is
// held once; report puts all in order.
type store struct {
	bases   map[string]Base // by digest
	modules map[moduleKey]*Module
	types   numbering[Type]
	strings numbering[string]
}

// moduleKey is what there is one module of in a report.
type moduleKey struct{ path, base string }

func newStore() store {
	return store{
		bases: map[string]Base{}, modules: map[moduleKey]*Module{},
		types: numbering[Type]{number: map[Type]uint32{}}, strings: numbering[string]{number: map[string]uint32{}},
	}
}

// numbering gives things numbers, from 0, as they come.
type numbering[K comparable] struct {
	all    []K // by number
	number map[K]uint32
}

// of returns the numbers of keys, ascending; each once, also where a module that
// another encoder made has something twice.
func (n *numbering[K]) of(keys []K) []uint32 {
	var out []uint32
	for _, k := range keys {
		i, ok := n.number[k]
		if !ok {
			i = uint32(len(n.all))
			n.all = append(n.all, k)
			n.number[k] = i
		}
		out = append(out, i)
	}
	return sortedSet(out)
}

// sorted returns the things that are in one of the sets, in order, and the place
// that each has there by its number.
func (n *numbering[K]) sorted(sets [][]uint32, compare func(a, b K) int) (all []K, places []uint32) {
	var numbers []uint32
	for i, sets := range uses(sets, len(n.all)) {
		if sets > 0 {
			numbers = append(numbers, uint32(i))
		}
	}
	slices.SortFunc(numbers, func(a, b uint32) int { return compare(n.all[a], n.all[b]) })
	all, places = make([]K, len(numbers)), make([]uint32, len(n.all))
	for place, i := range numbers {
		all[place], places[i] = n.all[i], uint32(place)
	}
	return all, places
}

// uses returns how many sets have each of the numbers below n.
func uses(sets [][]uint32, n int) []int {
	counts := make([]int, n)
	for _, set := range sets {
		for _, i := range set {
			counts[i]++
		}
	}
	return counts
}

// placed returns the places of what set has by number.
func placed(set, places []uint32) []uint32 {
	var out []uint32
	for _, i := range set {
		out = append(out, places[i])
	}
	return sortedSet(out)
}

func sortedSet(numbers []uint32) []uint32 {
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// report returns what is in s.
func (s *store) report() *Report {
	r := &Report{Version: Version, Modules: []Module{}}
	for _, b := range s.bases {
		r.Bases = append(r.Bases, b)
	}
	slices.SortFunc(r.Bases, func(a, b Base) int { return strings.Compare(a.Digest, b.Digest) })
	for _, m := range s.modules {
		r.Modules = append(r.Modules, *m)
	}
	slices.SortFunc(r.Modules, func(a, b Module) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Base, b.Base))
	})
	var typePlaces, stringPlaces []uint32
	r.Types, typePlaces = s.types.sorted(r.typeSets(), compareTypes)
	r.Strings, stringPlaces = s.strings.sorted(r.stringSets(), strings.Compare)
	for i := range r.Modules {
		m := &r.Modules[i]
		m.Types, m.Strings = placed(m.Types, typePlaces), placed(m.Strings, stringPlaces)
	}
	r.derive()
	return r
}

func compareTypes(a, b Type) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name), a.ID.compare(b.ID), cmp.Compare(a.Bytes, b.Bytes))
}
