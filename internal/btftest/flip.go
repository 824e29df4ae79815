package btftest

import "math/rand/v2"

// FlipBit returns which bit of so many bytes is the i-th of a series of bits at
// random, always the same series for the same number of bytes.
func FlipBit(bytes, i int) int {
	return rand.New(rand.NewPCG(uint64(bytes), uint64(i))).IntN(8 * bytes)
}

// Flip changes one bit of data.
func Flip(data []byte, bit int) { data[bit/8] ^= 1 << (bit % 8) }
