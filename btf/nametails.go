// SPDX-License-Identifier: BSD-2-Clause

package btf

import "slices"

// A name may be the tail of a longer string, so that a small file can have names of
// the square of its size. Who goes through all of them, or keeps them, asks first.

// MaxNames is how many bytes the names of one BTF may have together: 128 MiB.
const MaxNames = 1 << 27

// NamesExceed reports whether the names of b's own types and of their members and
// enumerators have more than limit bytes together, each counted as often as it is one.
// The base's are not looked at.
func (b *BTF) NamesExceed(limit uint64) bool {
	var ends []int // of the own strings
	longest := 0
	for i, c := range b.Strs {
		if c != 0 {
			continue
		}
		begin := 0
		if n := len(ends); n > 0 {
			begin = ends[n-1] + 1
		}
		ends, longest = append(ends, i), max(longest, i-begin)
	}
	if uint64(len(b.Types.Rows)+len(b.Types.Items))*uint64(longest) <= limit {
		return false // so it is in all real files
	}
	total := uint64(0)
	add := func(off uint32) {
		if StrOff(off) < b.StrStart {
			return
		}
		at := int(off - uint32(b.StrStart))
		if i, _ := slices.BinarySearch(ends, at); i < len(ends) {
			total += uint64(ends[i] - at)
		}
	}
	for i := range b.Types.Rows {
		r := &b.Types.Rows[i]
		add(uint32(r.Name))
		if Shapes[r.Info.Kind()].ItemNameStr {
			for _, it := range b.Types.ItemsOf(r) {
				add(it.Name)
			}
		}
		if total > limit {
			return true
		}
	}
	return false
}
