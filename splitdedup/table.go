package splitdedup

import (
	"runtime"

	"github.com/gobtfenc/gobtfenc/btf"
)

// table finds types by signature: open addressing for the signatures, a chain
// through next for types that share one, the newest first.
//
// A slot holds the upper half of the signature, the newest id, and whether
// more follow, so that the usual hit costs one cache line.
type table struct {
	slots []uint64 // signature>>32<<32 | id<<1 | more; 0 is free
	next  []btf.ID // by id - first: the next older type of the same signature
	first btf.ID
	used  int
}

// reset empties t for about n types.
func (t *table) reset(n int) {
	size := slotsFor(n)
	if len(t.slots) < size || len(t.slots) > 64*size {
		t.slots = make([]uint64, size)
	} else if t.used > 0 {
		clear(t.slots)
	}
	t.next, t.used = t.next[:0], 0
}

// slotsFor returns how many slots there are for about n types.
func slotsFor(n int) int {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return size
}

// find returns the newest type with signature sig and whether there are older
// ones; 0 where there is none.
func (t *table) find(sig uint64) (id btf.ID, more bool) {
	s := t.peek(sig)
	return btf.ID(s >> 1), s&1 != 0
}

// peek is find in one word for a run of look-ups, in which the waits for
// memory overlap: id<<1, plus 1 where there are older types.
func (t *table) peek(sig uint64) uint32 {
	mask := uint64(len(t.slots) - 1)
	for i := sig & mask; t.slots[i] != 0; i = (i + 1) & mask {
		if s := t.slots[i]; s>>32 == sig>>32 {
			return uint32(s)
		}
	}
	return 0
}

// older returns the type that was added before id with the same signature, 0
// where there is none.
func (t *table) older(id btf.ID) btf.ID { return t.next[id-t.first] }

// add adds id, which is higher than all added before and leaves no gap wider
// than the ids not added. It reports whether older returns another one for id.
func (t *table) add(sig uint64, id btf.ID) (older bool) {
	for len(t.next) <= int(id-t.first) {
		t.next = append(t.next, 0)
	}
	mask := uint64(len(t.slots) - 1)
	i := sig & mask
	for ; t.slots[i] != 0; i = (i + 1) & mask {
		if s := t.slots[i]; s>>32 == sig>>32 {
			t.next[id-t.first] = btf.ID(uint32(s) >> 1)
			t.slots[i] = s>>32<<32 | uint64(id)<<1 | 1
			return true
		}
	}
	t.slots[i] = sig>>32<<32 | uint64(id)<<1
	t.used++
	return false
}

// look looks at the slots of signatures that are about to be added, so that the waits
// for memory overlap: what add finds decides where it goes on.
func (t *table) look(sigs []uint64) {
	mask := uint64(len(t.slots) - 1)
	seen := uint64(0)
	for _, sig := range sigs {
		seen |= t.slots[sig&mask]
	}
	runtime.KeepAlive(seen)
}

// full says that the caller should grow the table before it adds more.
func (t *table) full() bool { return 2*(t.used+1) > len(t.slots) }
