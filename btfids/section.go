package btfids

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// What does a section ask for?
//
// Symbols come from the file and are believed only as far as they fit: every id
// and every set lies in the section, on a boundary of 4 bytes, sets do not
// overlap, and an id in a set is one of its members. resolve_btfids takes the
// count of a set from the size of its symbol and sorts that much, wherever it
// ends.

// Section is the contents of a .BTF_ids section, understood.
type Section struct {
	order binary.ByteOrder
	data  []byte
	ids   []id
	sets  []set
}

// id is a place that asks for an id.
type id struct {
	kind btf.Kind
	name string
	off  int
}

// set is a set or set8.
type set struct {
	name string
	off  int // of the count
	n    int // members
	wide bool

	ids []*id // the members that have a symbol, by place
}

// width is the size of a member: an id, and in a set8 its flags.
func (s *set) width() int {
	if s.wide {
		return 8
	}
	return 4
}

// member returns the offset of member i. In front of the members stands one
// more of the same width: the count, and in a set8 the flags of the set.
func (s *set) member(i int) int { return s.off + (i+1)*s.width() }

func (s *set) end() int { return s.member(s.n) }

// Error is what is wrong with a section.
type Error struct {
	Off uint64 // in the section
	Msg string
}

func (e *Error) Error() string {
	return fmt.Sprintf("section %s: offset %#x: %s", SectionName, e.Off, e.Msg)
}

// Parse reads a section. data is not changed and not kept. Symbols whose names do
// not begin as IsSymbol asks are left alone. Errors are *Error.
func Parse(order binary.ByteOrder, data []byte, symbols []Symbol) (*Section, error) {
	s := &Section{order: order, data: slices.Clone(data)}
	for _, sym := range symbols {
		if !IsSymbol(sym.Name) {
			continue
		}
		if err := s.add(sym); err != nil {
			return nil, &Error{Off: sym.Off, Msg: err.Error()}
		}
	}
	if err := s.settle(); err != nil {
		return nil, err
	}
	return s, nil
}

// add adds what a symbol stands for.
func (s *Section) add(sym Symbol) error {
	word, name, err := parseName(sym.Name)
	if err != nil {
		return err
	}
	room := uint64(len(s.data))
	switch {
	case sym.Off > room || room-sym.Off < 4:
		return fmt.Errorf("symbol %s is out of bounds, size of the section %#x", sym.Name, room)
	case sym.Off%4 != 0:
		return fmt.Errorf("symbol %s is not at a multiple of 4", sym.Name)
	}
	if kind, ok := kindOf(word); ok {
		s.ids = append(s.ids, id{kind: kind, name: name, off: int(sym.Off)})
		return nil
	}
	t := set{name: name, off: int(sym.Off), wide: word == wordSet8}
	width := uint64(t.width())
	switch {
	case sym.Size > room-sym.Off:
		return fmt.Errorf("set %s of size %#x is out of bounds, size of the section %#x", name, sym.Size, room)
	case sym.Size < width || sym.Size%width != 0:
		return fmt.Errorf("malformed data for set '%s': size %#x is no multiple of %d from there on", name, sym.Size, width)
	}
	t.n = int(sym.Size/width) - 1
	s.sets = append(s.sets, t)
	return nil
}

// settle puts sets in order of place and ids into their sets. Of several symbols
// of one id the first is a member.
func (s *Section) settle() error {
	slices.SortStableFunc(s.sets, func(a, b set) int { return cmp.Compare(a.off, b.off) })
	names := map[string]bool{}
	for i := range s.sets {
		t := &s.sets[i]
		if i > 0 && s.sets[i-1].end() > t.off {
			return &Error{Off: uint64(t.off), Msg: fmt.Sprintf("sets %s and %s overlap", s.sets[i-1].name, t.name)}
		}
		if names[t.name] {
			return &Error{Off: uint64(t.off), Msg: fmt.Sprintf("malformed data for set '%s': there is another one", t.name)}
		}
		names[t.name] = true
	}
	places := make(map[int]*id, len(s.ids))
	for i := range s.ids {
		x := &s.ids[i]
		if y := places[x.off]; y != nil {
			if y.name != x.name || y.kind != x.kind {
				return &Error{Off: uint64(x.off), Msg: fmt.Sprintf("ids of %s and %s are in one place", y.name, x.name)}
			}
			continue
		}
		places[x.off] = x
		n := s.setAt(x.off)
		if n < 0 {
			continue
		}
		t := &s.sets[n]
		if x.off < t.member(0) || (x.off-t.off)%t.width() != 0 {
			return &Error{Off: uint64(x.off), Msg: fmt.Sprintf("id of %s is in set %s, but is no member of it", x.name, t.name)}
		}
		t.ids = append(t.ids, x)
	}
	for i := range s.sets {
		slices.SortFunc(s.sets[i].ids, func(a, b *id) int { return cmp.Compare(a.off, b.off) })
	}
	return nil
}

// setAt returns the index of the set around an offset, -1 for none.
func (s *Section) setAt(off int) int {
	i, found := slices.BinarySearchFunc(s.sets, off, func(t set, off int) int { return cmp.Compare(t.off, off) })
	if !found {
		i--
	}
	if i < 0 || off >= s.sets[i].end() {
		return -1
	}
	return i
}

// Empty reports whether the section asks for nothing.
func (s *Section) Empty() bool { return len(s.ids) == 0 && len(s.sets) == 0 }

func (s *Section) word(off int) uint32 { return s.order.Uint32(s.data[off:]) }

func (s *Section) put(off int, v uint32) { s.order.PutUint32(s.data[off:], v) }
