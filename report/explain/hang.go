package explain

import (
	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/report/diff"
)

// Which bytes hang on a cause? Each own type that has a namesake in the base is
// counted at the cause which is nearest to it. What has no name, such as a pointer,
// is counted with what it refers to: with a cause where that hangs on one, and
// with what is the module's own where any of it is. What refers to nothing of the
// kind, such as an array of numbers, is counted with what it is a part of.
//
// Most types come to several causes, so that one less would not make them the
// base's. How many it would is counted beside: a cause's Only are those that come
// to no other cause and to nothing that is the module's own.

// what says why an own type is not shared.
type what uint8

const (
	isOther  what = iota // a function, variable, section or tag, or only a part of such
	isShared             // but it is: the base has it, and it should not be here
	isOwn                // the base has none of that name, or it is made of such or part of it
	hangs                // on a cause
)

// state is what is known of an own type.
type state struct {
	what  what
	cause int // index in module.causes; of what hangs

	blocked blocked
	blocker int // the cause, if it is blocked by one
}

// blocked says by how many causes a type is kept from being shared.
type blocked uint8

const (
	byNone blocked = iota
	byOne
	byMore // or by a type that is the module's own
)

func (m *module) of(id btf.ID) *state { return &m.states[id-m.BTF.First()] }

// findCauses finds the causes of the types that have namesakes, and what is the
// module's own for want of one.
func (m *module) findCauses() {
	for id := range m.BTF.OwnIDs() {
		s := m.of(id)
		if _, shared := m.names.InBase(id); shared {
			s.what = isShared
			continue
		}
		if !diff.IsType(m.BTF, id) {
			continue
		}
		way, ok := m.names.Closest(id)
		if !ok {
			s.what, s.blocked = isOwn, byMore
			continue
		}
		s.what, s.cause = hangs, m.cause(way)
		if way.OwnEnd < m.BTF.First() { // two of the base's
			s.blocked, s.blocker = byOne, s.cause
		}
	}
}

// cause returns the index of the cause that a way ends with.
func (m *module) cause(w diff.Way) int {
	i, known := m.causeOf[w.OwnEnd]
	if !known {
		i = len(m.causes)
		m.causeOf[w.OwnEnd] = i
		m.causes = append(m.causes, Cause{
			ID: uint32(w.OwnEnd), Base: uint32(w.BaseEnd), Name: w.Words[len(w.Words)-1],
			Differences: m.differences(w),
		})
	}
	return i
}

// hang counts what hangs on the causes.
func (m *module) hang() {
	referrers := m.referrers()
	m.nameless(referrers)
	m.block(referrers)
	m.parts()
	for id := range m.BTF.OwnIDs() {
		s, size := m.of(id), uint64(m.BTF.Row(id).WireLen())
		if s.what == hangs && !m.names.Repeats(id) {
			m.causes[s.cause].add(size)
			if s.blocked == byOne {
				m.causes[s.blocker].Only.add(size)
			}
		}
	}
}

// referrers returns by own type, from the first on, which own types refer to it.
func (m *module) referrers() [][]btf.ID {
	all := make([][]btf.ID, m.BTF.NumOwn())
	first := m.BTF.First()
	for id := range m.BTF.OwnIDs() {
		for _, ref := range diff.Refs(m.BTF, id) {
			if ref >= first {
				all[ref-first] = append(all[ref-first], id)
			}
		}
	}
	return all
}

// nameless counts what has no name with what is nearest of what it refers to. What
// is the module's own goes first.
func (m *module) nameless(referrers [][]btf.ID) {
	for _, source := range []what{isOwn, hangs} {
		var open []btf.ID
		for id := range m.BTF.OwnIDs() {
			if m.of(id).what == source {
				open = append(open, id)
			}
		}
		for ; len(open) > 0; open = open[1:] {
			from := m.of(open[0])
			for _, id := range referrers[open[0]-m.BTF.First()] {
				if to := m.of(id); to.what == isOther && isPart(m.BTF.Row(id)) {
					to.what, to.cause = from.what, from.cause
					if source == isOwn {
						to.blocked = byMore
					}
					open = append(open, id)
				}
			}
		}
	}
}

// parts counts what is left without a name with the first that refers to it.
func (m *module) parts() {
	var open []btf.ID
	for id := range m.BTF.OwnIDs() {
		if w := m.of(id).what; w == isOwn || w == hangs {
			open = append(open, id)
		}
	}
	for ; len(open) > 0; open = open[1:] {
		from := *m.of(open[0])
		for _, id := range diff.Refs(m.BTF, open[0]) {
			if id >= m.BTF.First() && m.of(id).what == isOther && isPart(m.BTF.Row(id)) {
				*m.of(id) = from
				open = append(open, id)
			}
		}
	}
}

// isPart reports whether a type without a name is told of with others: it is no
// function, variable, section or tag of these.
func isPart(r *btf.Row) bool {
	switch r.Info.Kind() {
	case btf.KindFunc, btf.KindVar, btf.KindDatasec, btf.KindDeclTag:
		return false
	}
	return true
}

// block finds by how many causes types are blocked: a type that differs in itself
// by itself alone, whatever it refers to; others by all that blocks what they
// refer to. A type changes at most twice on the way from none to more, so that
// the work is that of each reference twice.
func (m *module) block(referrers [][]btf.ID) {
	var open []btf.ID
	for id := range m.BTF.OwnIDs() {
		s := m.of(id)
		if i, isCause := m.causeOf[id]; isCause {
			s.blocked, s.blocker = byOne, i
		}
		if s.blocked != byNone {
			open = append(open, id)
		}
	}
	for ; len(open) > 0; open = open[1:] {
		from := *m.of(open[0])
		for _, id := range referrers[open[0]-m.BTF.First()] {
			if _, isCause := m.causeOf[id]; !isCause && m.of(id).join(from) {
				open = append(open, id)
			}
		}
	}
}

// join makes s blocked by what blocks other as well, and reports whether that is
// news.
func (s *state) join(other state) bool {
	switch {
	case s.blocked == byMore || other.blocked == byNone:
		return false
	case s.blocked == byNone:
		s.blocked, s.blocker = other.blocked, other.blocker
		return true
	case other.blocked == byOne && other.blocker == s.blocker:
		return false
	}
	s.blocked = byMore
	return true
}
