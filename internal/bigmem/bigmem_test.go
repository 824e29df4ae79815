// SPDX-License-Identifier: BSD-2-Clause

package bigmem

import (
	"testing"
	"unsafe"
)

// TestGiveBack takes memory again that was given back: it is zero, and nothing else has
// it.
func TestGiveBack(t *testing.T) {
	defer func(c int, f []byte, s [][]byte) { chunks, free, spare = c, f, s }(chunks, free, spare)
	chunks, free, spare = 0, nil, nil
	s := Make[uint32](small)
	for i := range s {
		s[i] = 0xffffffff
	}
	GiveBack(s)
	GiveBack(make([]byte, 100)) // not worth it
	at := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	a, b := First[uint64](1000), First[byte](page+1)
	if uintptr(unsafe.Pointer(unsafe.SliceData(a))) != at || uintptr(unsafe.Pointer(unsafe.SliceData(b))) != at+8000 {
		t.Error("not taken again")
	}
	for i := range a {
		if a[i] != 0 {
			t.Fatalf("word %d is not zero", i)
		}
		a[i] = 1
	}
	for i := range b {
		if b[i] != 0 {
			t.Fatalf("byte %d is not zero", i)
		}
	}
	if c := First[byte](4 * small); uintptr(unsafe.Pointer(unsafe.SliceData(c))) < at+4*small && uintptr(unsafe.Pointer(unsafe.SliceData(c))) >= at {
		t.Error("more was taken than there is")
	}
}

// TestMake fills slices of different types and sizes: none lies in another one,
// each is zero and aligned.
func TestMake(t *testing.T) {
	var all [][]uint64
	for _, n := range []int{0, 1, 100, small / 8, small/8 + 1, chunk / 16, chunk / 8, chunk/8 + 5, 1 << 15} {
		s := Make[uint64](n)
		if len(s) != n {
			t.Fatalf("%d words instead of %d", len(s), n)
		}
		for i := range s {
			if s[i] != 0 {
				t.Fatalf("word %d of %d is not zero", i, n)
			}
			s[i] = uint64(n)
		}
		all = append(all, s)
		for i, v := range Table[uint64](n) {
			if v != 0 {
				t.Fatalf("word %d of a table of %d is not zero", i, n)
			}
		}
		b := Make[byte](small + 3)
		for i := range b {
			b[i] = 0xff
		}
		if n := uintptr(unsafe.Pointer(unsafe.SliceData(Make[uint64](small)))) % 64; n != 0 {
			t.Fatalf("%d bytes past a multiple of 64", n)
		}
	}
	for _, s := range all {
		for i := range s {
			if s[i] != uint64(len(s)) {
				t.Fatalf("word %d of %d was written to by another slice", i, len(s))
			}
		}
	}
}
