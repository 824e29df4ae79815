// SPDX-License-Identifier: BSD-2-Clause

package basecache

import "syscall"

const madvDontneed = 4 // asm-generic/mman-common.h

// forget says that a part of a mapping has been read and next to none of it will be
// again: it does not count as the process's memory until then.
func forget(b []byte) {
	if len(b) > 0 {
		_ = syscall.Madvise(b, madvDontneed)
	}
}
