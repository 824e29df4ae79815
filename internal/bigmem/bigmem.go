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
	page  = 4 << 10
	large = 2 << 20 // a large page
)

var (
	mu     sync.Mutex
	free   []byte   // of the last chunk
	chunks int      // so far
	spare  [][]byte // given back, not zero
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

// Table is Make for what is looked at before it is written to. What is only read has the
// kernel's page of zeros, and the first write to it takes a second fault, for which
// other processors are interrupted.
func Table[T any](n int) []T {
	s := Make[T](n)
	var zero T
	step := max(1, large/max(1, int(unsafe.Sizeof(zero))))
	for i := 0; i < n; i += step {
		s[i] = zero
	}
	if n > 0 {
		s[n-1] = zero
	}
	return s
}

// First is Make for buffers of some KiB, which every process needs and which are
// replaced when a module needs larger ones: they come from the first chunk, as long
// as there is room in it, so that no more than that is held for them.
func First[T any](n int) []T {
	var t T
	size := n * int(unsafe.Sizeof(t))
	if size < page {
		return make([]T, n)
	}
	b := takeFirst(size)
	if b == nil {
		return make([]T, n)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// GiveBack takes s, which Make has returned and nobody will look at again, for First to
// give away anew, if it is from the first chunk, which a base is in to the end.
func GiveBack[T any](s []T) {
	var t T
	size := cap(s) * int(unsafe.Sizeof(t)) &^ 63
	if size < small {
		return
	}
	mu.Lock()
	defer mu.Unlock()
	if chunks == 1 {
		spare = append(spare, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), size))
	}
}

func takeFirst(size int) []byte {
	mu.Lock()
	defer mu.Unlock()
	for i, b := range spare {
		if n := roundUp(size); n <= len(b) {
			spare[i] = b[n:]
			clear(b[:size])
			return b[:size:size]
		}
	}
	if chunks > 1 || chunks == 1 && len(free) < size+64 || size > chunk/2 {
		return nil
	}
	return cut(size)
}

// take cuts size bytes that begin at a multiple of 64.
func take(size int) []byte {
	mu.Lock()
	defer mu.Unlock()
	return cut(size)
}

func roundUp(size int) int { return (size + 63) &^ 63 }

func cut(size int) []byte {
	size = roundUp(size)
	if size > len(free) {
		// A large page begins at a multiple of its size.
		free = make([]byte, max(size, chunk)+large)
		free = free[-uintptr(unsafe.Pointer(unsafe.SliceData(free)))%large:]
		free = free[:max(size, chunk)]
		advise(free)
		chunks++
	}
	b := free[:size:size]
	free = free[size:]
	return b
}
