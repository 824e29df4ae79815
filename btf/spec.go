package btf

import (
	"bytes"
	"encoding/binary"
)

// BTF is one BTF blob in memory: its own types and strings, and the base that
// its ids and string offsets continue. It is not changed after it is built and
// may then be read by any number of goroutines.
type BTF struct {
	// Types are the own types. Without a base Types.Rows[0] is void, so that
	// a row's index is its id; with a base Rows[i] has id Start+i.
	Types Types

	// Start is the id of Types.Rows[0]: 0 without a base, else Base.NumTypes().
	Start ID

	// Strs is the own string section, StrStart the offset of its first byte:
	// 0 without a base, else Base.StrEnd().
	Strs     []byte
	StrStart StrOff

	// Base is nil for a base BTF. A split BTF may itself be a base.
	Base *BTF

	// Order is the byte order it was read in, or is to be written in.
	Order binary.ByteOrder

	// Opaque counts own types of a kind that this package does not know and
	// whose size the layout section told. Such a type is a row of KindVoid
	// with its name, its info word in Aux, and nothing else. A BTF that has
	// some can be read, but not written.
	Opaque int

	kinds *kindTable // by which Parse read it
}

// NumTypes returns the number of ids in use, void and the base's included: it
// is the first id that b does not have.
func (b *BTF) NumTypes() int { return int(b.Start) + len(b.Types.Rows) }

// NumOwn returns the number of own types, void not counted.
func (b *BTF) NumOwn() int { return b.NumTypes() - int(b.First()) }

// First returns the id of the first own type: 1 without a base.
func (b *BTF) First() ID {
	if b.Base == nil {
		return 1
	}
	return b.Start
}

// StrEnd returns the first string offset that b does not have.
func (b *BTF) StrEnd() uint64 { return uint64(b.StrStart) + uint64(len(b.Strs)) }

// Owner returns the BTF among b and its bases that has id as its own, nil
// where none does.
func (b *BTF) Owner(id ID) *BTF {
	if int(id) >= b.NumTypes() {
		return nil
	}
	for id < b.Start {
		b = b.Base
	}
	return b
}

// Row returns the row of id, the base's included, nil where there is none.
func (b *BTF) Row(id ID) *Row {
	if o := b.Owner(id); o != nil {
		return &o.Types.Rows[id-o.Start]
	}
	return nil
}

// ItemsOf returns the items of id, the base's included, nil where it has none.
func (b *BTF) ItemsOf(id ID) []Item {
	if o := b.Owner(id); o != nil {
		return o.Types.ItemsOf(&o.Types.Rows[id-o.Start])
	}
	return nil
}

// Str returns the string at off, the base's included. The slice is part of the
// string section. It reports false where off is beyond the strings or the
// string has no end.
func (b *BTF) Str(off StrOff) ([]byte, bool) {
	for b != nil && off < b.StrStart {
		b = b.Base
	}
	if b == nil || uint64(off) >= b.StrEnd() {
		return nil, off == 0
	}
	s := b.Strs[off-b.StrStart:]
	end := bytes.IndexByte(s, 0)
	if end < 0 {
		return nil, false
	}
	return s[:end:end], true
}

// Name returns the name of id, empty where it has none.
func (b *BTF) Name(id ID) []byte {
	if r := b.Row(id); r != nil {
		s, _ := b.Str(r.Name)
		return s
	}
	return nil
}
