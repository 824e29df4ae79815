// SPDX-License-Identifier: BSD-2-Clause

package bigmem

import "syscall"

const madvHugepage = 14 // asm-generic/mman-common.h

// advise asks for large pages. That there are none is no error.
func advise(b []byte) { _ = syscall.Madvise(b, madvHugepage) }
