package elfio

import "github.com/gobtfenc/gobtfenc/internal/bigmem"

// arena hands out byte buffers that all live until the next file, and then
// serve that one. A buffer is never handed out twice at a time.
type arena struct {
	free, used [][]byte
}

// take returns a buffer of n bytes with arbitrary content: the smallest free
// one that is large enough. Where none is, the largest free one makes place
// for it, so the memory held follows the largest file and not the sum.
func (a *arena) take(n int) []byte {
	best, largest := -1, -1
	for i, b := range a.free {
		if cap(b) >= n && (best < 0 || cap(b) < cap(a.free[best])) {
			best = i
		}
		if largest < 0 || cap(b) > cap(a.free[largest]) {
			largest = i
		}
	}
	var b []byte
	switch {
	case best >= 0:
		b = a.free[best]
	case largest >= 0:
		best, b = largest, bigmem.First[byte](n)
	default:
		b = bigmem.First[byte](n)
	}
	if best >= 0 {
		last := len(a.free) - 1
		a.free[best] = a.free[last]
		a.free[last] = nil
		a.free = a.free[:last]
	}
	a.used = append(a.used, b)
	return b[:n]
}

// giveBack frees b, the buffer taken last.
func (a *arena) giveBack(b []byte) {
	last := len(a.used) - 1
	a.free = append(a.free, a.used[last])
	a.used = a.used[:last]
}

// reset frees all buffers and drops those above retain bytes.
func (a *arena) reset(retain int) {
	all := append(a.free, a.used...)
	clear(a.used)
	a.used = a.used[:0]
	a.free = all[:0]
	for _, b := range all {
		if cap(b) <= retain {
			a.free = append(a.free, b)
		}
	}
	clear(all[len(a.free):])
}

// resize returns b with length n, new memory where it is too small.
func resize(b []byte, n int) []byte {
	if cap(b) < n {
		return bigmem.First[byte](n)
	}
	return b[:n]
}
