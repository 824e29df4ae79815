// SPDX-License-Identifier: BSD-2-Clause

// Package bigmem gives memory for the few large slices of a base.
//
// A process that encodes one small module lives for some ten milliseconds, and
// touching new memory is a good part of them: the kernel takes some 2 µs for each
// page of 4 KiB, 8 ms for the 15 MB that parsing and indexing vmlinux's BTF fills.
// In pages of 2 MiB the same memory takes a quarter. Linux gives them where a
// range asks for it (madvise(2), MADV_HUGEPAGE; with "always" in
// /sys/kernel/mm/transparent_hugepage/enabled also unasked, with "never" not), and
// where it covers whole ones; so large slices are cut from chunks.
//
// A chunk is freed when none of its slices is in use any more.
package bigmem

import (
	"sync"
	"unsafe"
)

const (
	chunk = 16 << 20 // a vmlinux with 107,000 types needs one
	small = 64 << 10 // bytes below which a slice is not worth it
)

var (
	mu   sync.Mutex
	free []byte // of the last chunk
)

// Make is make([]T, n) for a T without pointers.
func Make[T any](n int) []T {
	var t T
	size := n * int(unsafe.Sizeof(t))
	if size < small {
		return make([]T, n)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(take(size)))), n)
}

// take cuts size bytes that begin at a multiple of 64.
func take(size int) []byte {
	mu.Lock()
	defer mu.Unlock()
	size = (size + 63) &^ 63
	if size > len(free) {
		free = make([]byte, max(size, chunk))
		advise(free)
	}
	b := free[:size:size]
	free = free[size:]
	return b
}
