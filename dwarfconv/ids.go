package dwarfconv

import (
	"math/bits"

	"github.com/gobtfenc/gobtfenc/btf"
)

// idMap maps the offset of a type DIE to its local id. Rows are appended in
// the order of their DIEs, so the id is the rank of the DIE among all type
// DIEs: a bit per byte of the group and a running count per word, 1/4 of the
// bytes of .debug_info, answer without a hash and stay in the cache.
type idMap struct {
	words []idWord
}

type idWord struct {
	bits uint64 // bit i: a type DIE begins at word*64+i
	rank uint32 // type DIEs before this word
}

// reset prepares the map for a group of n bytes.
func (m *idMap) reset(n int) {
	n = n/64 + 1
	if n > cap(m.words) {
		m.words = make([]idWord, n)
		return
	}
	m.words = m.words[:n]
	clear(m.words)
}

func (m *idMap) add(off uint32) { m.words[off>>6].bits |= 1 << (off & 63) }

// count fills the ranks; add is not called behind it.
func (m *idMap) count() {
	n := uint32(0)
	for i := range m.words {
		m.words[i].rank = n
		n += uint32(bits.OnesCount64(m.words[i].bits))
	}
}

// find returns the id of the type DIE at off, 0 where there is none.
func (m *idMap) find(off uint32) btf.ID {
	if int(off>>6) >= len(m.words) {
		return 0
	}
	w := &m.words[off>>6]
	bit := uint64(1) << (off & 63)
	if w.bits&bit == 0 {
		return 0
	}
	return btf.ID(w.rank+uint32(bits.OnesCount64(w.bits&(bit-1)))) + 1
}
