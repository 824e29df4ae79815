package btfids

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Filling a section in, also for the second time.
//
// Sorting moves the flags of a set8 away from the symbols of their functions. The
// kernel's build fills a module in again when only vmlinux was linked anew, and
// then resolve_btfids writes each id in front of the flags of another function:
// on nf_conntrack.ko of Debian's 6.12 a second run gives bpf_ct_release, which
// releases a reference, the flags of a function that makes one.
//
//	first   foo: 0, RET_NULL   bar: 0, RELEASE      symbols at their places
//	then    bar's id, RELEASE  foo's id, RET_NULL   sorted by id
//	again   foo's id, RELEASE  bar's id, RET_NULL   foo's symbol is at the first place
//
// A set that was filled in has ids. Whose flags are whose is known for certain
// where these are of BTF that is at hand (Restore, orphan.go). Otherwise they stay
// in their order, with a warning: encoders number functions in some order, mostly
// that of their names, and ids change by as much as the base has grown.

// Patch returns the section with the ids of b, and what it could not answer for
// certain, in the order of ids and then of symbols.
func (s *Section) Patch(b *btf.BTF) ([]byte, []Warning) {
	s.Restore(b)
	out := *s
	out.data = slices.Clone(s.data)
	r := out.resolve(b)
	// A member that no symbol names (BTF_ID_UNUSED) has no id, but may stand
	// where another's was sorted to.
	for i := range out.sets {
		t := &out.sets[i]
		for j := range t.n {
			out.put(t.member(j), 0)
		}
	}
	for _, x := range out.ids {
		out.put(x.off, uint32(r.id(x.kind, x.name)))
	}
	for i := range out.sets {
		t := &out.sets[i]
		if t.wide {
			filled := s.filled(t)
			if filled && !s.sameFlags(t) {
				r.warned = append(r.warned, flagsStay(t))
			}
			out.sortWide(t, filled)
		} else {
			out.sortNarrow(t)
		}
		out.put(t.off, uint32(t.n))
	}
	return out.data, r.warned
}

// flagsStay is the warning of a set8 whose flags Restore could not put back.
func flagsStay(t *set) Warning {
	return Warning(fmt.Sprintf("resolve_btfids: set %s was filled in for other BTF: flags stay in the order of ids, which may be another one now; link the file anew", t.name))
}

// Unfilled returns the section without ids and counts, as the compiler made it, for
// whoever fills it in next and knows nothing of a time before. A set8 stays as it is
// where Restore could not put back flags that differ, with a warning.
func (s *Section) Unfilled() ([]byte, []Warning) {
	out := *s
	out.data = slices.Clone(s.data)
	for _, x := range s.ids {
		out.put(x.off, 0)
	}
	var warned []Warning
	for i := range s.sets {
		t := &s.sets[i]
		if t.wide && s.filled(t) && !s.sameFlags(t) {
			copy(out.data[t.off:t.end()], s.data[t.off:t.end()])
			warned = append(warned, flagsStay(t))
			continue
		}
		out.put(t.off, 0)
		for j := range t.n {
			out.put(t.member(j), 0)
		}
	}
	return out.data, warned
}

// filled reports whether a set was filled in before. One whose names were all
// unknown was not moved either.
func (s *Section) filled(t *set) bool {
	for i := range t.n {
		if s.word(t.member(i)) != 0 {
			return true
		}
	}
	return false
}

// Filled reports whether the section has a set8 that was filled in before, for
// Restore.
func (s *Section) Filled() bool {
	return slices.ContainsFunc(s.sets, func(t set) bool { return t.wide && s.filled(&t) })
}

// Stale reports whether the section was filled in, and not with the ids of b.
func (s *Section) Stale(b *btf.BTF) bool {
	if !slices.ContainsFunc(s.ids, func(x id) bool { return s.word(x.off) != 0 }) {
		return false
	}
	out := *s
	out.data = slices.Clone(s.data) // Patch restores it
	now, _ := out.Patch(b)
	return !slices.Equal(now, s.data)
}

func (s *Section) sortNarrow(t *set) {
	ids := make([]uint32, t.n)
	for i := range ids {
		ids[i] = s.word(t.member(i))
	}
	slices.Sort(ids)
	for i, id := range ids {
		s.put(t.member(i), id)
	}
}

// pair is a member of a set8.
type pair struct{ id, flags uint32 }

func (s *Section) pairs(t *set) []pair {
	out := make([]pair, t.n)
	for i := range out {
		off := t.member(i)
		out[i] = pair{s.word(off), s.word(off + 4)}
	}
	return out
}

// sameFlags reports whether all members of a set8 have the same flags.
func (s *Section) sameFlags(t *set) bool {
	for i := 1; i < t.n; i++ {
		if s.word(t.member(i)+4) != s.word(t.member(0)+4) {
			return false
		}
	}
	return true
}

// sortWide sorts a set8, together with the flags unless those are in order
// already.
func (s *Section) sortWide(t *set, flagsStay bool) {
	pairs := s.pairs(t)
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(a.id, b.id) })
	for i, p := range pairs {
		s.put(t.member(i), p.id)
		if !flagsStay {
			s.put(t.member(i)+4, p.flags)
		}
	}
}

// Restore undoes what filling in did to the sets whose ids are those of b: flags
// go back to the symbols of their functions. It reports whether the flags of all
// sets are there now.
func (s *Section) Restore(b *btf.BTF) bool {
	return s.restoreAll(func(*set) names {
		return func(id uint32) (string, bool) {
			row := b.Row(btf.ID(id))
			if row == nil {
				return "", false
			}
			return string(key(nil, row.Info.Kind(), b.Name(btf.ID(id)))), true
		}
	})
}

// names tells kind and name of the type that an id was made of.
type names func(id uint32) (string, bool)

func (s *Section) restoreAll(of func(*set) names) bool {
	all := true
	for i := range s.sets {
		if t := &s.sets[i]; t.wide && s.filled(t) && !s.restore(t, of(t)) {
			all = false
		}
	}
	return all
}

// restore does it for one set, or nothing.
func (s *Section) restore(t *set, of names) bool {
	flags, ok := s.matchFlags(t, of)
	if !ok {
		return false
	}
	for i, f := range flags {
		s.put(t.member(i), 0)
		s.put(t.member(i)+4, f)
	}
	s.put(t.off, 0)
	return true
}

// matchFlags returns the flags of a set's members by their symbols' places. The
// ids must have the names of the set, no more and no fewer. Members without an id
// are in no particular order, so their flags must be the same.
func (s *Section) matchFlags(t *set, of names) ([]uint32, bool) {
	byName := map[string][]uint32{}
	var none []uint32 // flags of members without an id
	for _, p := range s.pairs(t) {
		if p.id == 0 {
			none = append(none, p.flags)
			continue
		}
		k, ok := of(p.id)
		if !ok {
			return nil, false
		}
		byName[k] = append(byName[k], p.flags)
	}
	flags := make([]uint32, t.n)
	open := make([]bool, t.n)
	for i := range open {
		open[i] = true
	}
	for _, x := range t.ids {
		k := string(key(nil, x.kind, []byte(x.name)))
		if f := byName[k]; len(f) > 0 {
			i := (x.off - t.member(0)) / t.width()
			flags[i], open[i] = f[0], false
			byName[k] = f[1:]
		}
	}
	for _, f := range byName {
		if len(f) > 0 {
			return nil, false
		}
	}
	if len(slices.Compact(slices.Clone(none))) > 1 {
		return nil, false
	}
	for i := range open {
		if open[i] {
			flags[i] = none[0]
		}
	}
	return flags, true
}
