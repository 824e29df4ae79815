package measure

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Size accounts the bytes of one BTF, or of several:
//
//	Bytes = Header + the Bytes and Strings of all Kinds + Unnamed + Other
type Size struct {
	Bytes  uint64 `json:"bytes"`
	Header uint64 `json:"header"`
	Types  int    `json:"types"` // how many

	Kinds []KindSize `json:"kinds"` // by kind's number, those that occur

	// Unnamed is the bytes of strings that no type has for a name, such as the
	// empty one that a base begins with.
	Unnamed uint64 `json:"unnamed,omitempty"`

	// Other is a layout section, gaps, and types of unknown kinds.
	Other uint64 `json:"other,omitempty"`
}

// KindSize is the part of one kind.
type KindSize struct {
	Kind  string `json:"kind"` // as bpftool prints it
	Count int    `json:"count"`
	Bytes uint64 `json:"bytes"` // of the records, with members, parameters, …

	// Strings is the bytes of the names that are first used by a type of the
	// kind, or by a member of one.
	Strings uint64 `json:"strings"`
}

// RecordBytes returns the bytes of the types' records.
func (s *Size) RecordBytes() (n uint64) {
	for _, k := range s.Kinds {
		n += k.Bytes
	}
	return n
}

// StringBytes returns the bytes of the strings.
func (s *Size) StringBytes() uint64 {
	n := s.Unnamed
	for _, k := range s.Kinds {
		n += k.Strings
	}
	return n
}

// headerLen is the length of struct btf_header without a layout section, which
// is Other.
const headerLen = 24

// Account accounts b's own types and strings, which stand in a blob of so many
// bytes.
func Account(b *btf.BTF, blob uint64) Size {
	names := ownNames{strs: b.Strs, start: b.StrStart, used: make([]bool, len(b.Strs))}
	a := accounts{name: names.take}
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		a.add(b.Row(id), b.ItemsOf(id))
	}
	s := a.size()
	s.Unnamed = uint64(len(b.Strs)) - s.StringBytes()
	s.Bytes += s.Unnamed
	if blob > s.Bytes { // less is there where a kernel relocates the BTF
		s.Other = blob - s.Bytes
		s.Bytes = blob
	}
	return s
}

// ownNames tells each of the own strings once.
type ownNames struct {
	strs  []byte
	start btf.StrOff
	used  []bool // by where a string begins
}

// take returns how many bytes the string at off has, 0 where it is the base's,
// was taken, or is the empty one. A name may be the tail of a string: then it is
// the whole one that is taken.
func (n *ownNames) take(off uint32) uint64 {
	if btf.StrOff(off) < n.start || off == 0 {
		return 0
	}
	at := int(off - uint32(n.start))
	at = bytes.LastIndexByte(n.strs[:at], 0) + 1
	if n.used[at] {
		return 0
	}
	n.used[at] = true
	return uint64(bytes.IndexByte(n.strs[at:], 0) + 1)
}

// accounts gathers a Size type by type.
type accounts struct {
	kinds [btf.NumKinds]KindSize

	// name returns how many bytes a name takes that were not told before.
	name func(off uint32) uint64
}

func (a *accounts) add(r *btf.Row, items []btf.Item) {
	kind := r.Info.Kind()
	k := &a.kinds[kind]
	k.Count++
	if kind != btf.KindVoid { // of an unknown kind: Size.Other
		k.Bytes += uint64(r.WireLen())
	}
	k.Strings += a.name(uint32(r.Name))
	if !btf.Shapes[kind].ItemNameStr {
		return
	}
	for i := range items {
		k.Strings += a.name(items[i].Name)
	}
}

func (a *accounts) size() Size {
	s := Size{Header: headerLen}
	for i, k := range a.kinds {
		if k.Count == 0 {
			continue
		}
		k.Kind = kindName(btf.Kind(i))
		s.Types += k.Count
		s.Kinds = append(s.Kinds, k)
	}
	s.Bytes = s.Header + s.RecordBytes() + s.StringBytes()
	return s
}

func kindName(k btf.Kind) string {
	if k == btf.KindVoid {
		return "unknown"
	}
	return k.String()
}

// kindOrder gives the kinds' numbers by name.
var kindOrder = func() map[string]int {
	order := map[string]int{}
	for k := range btf.NumKinds {
		order[kindName(k)] = int(k)
	}
	return order
}()

// compareKinds orders kinds as the format numbers them, others before these.
func compareKinds(a, b string) int {
	return cmp.Or(cmp.Compare(kindOrder[a], kindOrder[b]), strings.Compare(a, b))
}

// addTo adds s to sum, nil for none so far, and returns that.
func (s *Size) addTo(sum *Size) *Size {
	if s == nil {
		return sum
	}
	if sum == nil {
		sum = &Size{}
	}
	sum.Bytes += s.Bytes
	sum.Header += s.Header
	sum.Types += s.Types
	sum.Unnamed += s.Unnamed
	sum.Other += s.Other
	for _, k := range s.Kinds {
		i, found := slices.BinarySearchFunc(sum.Kinds, k, func(a, b KindSize) int {
			return compareKinds(a.Kind, b.Kind)
		})
		if !found {
			sum.Kinds = slices.Insert(sum.Kinds, i, KindSize{Kind: k.Kind})
		}
		sum.Kinds[i].Count += k.Count
		sum.Kinds[i].Bytes += k.Bytes
		sum.Kinds[i].Strings += k.Strings
	}
	return sum
}
