// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package basecache

import (
	"errors"
	"io/fs"
	"os"
	"runtime/debug"
	"syscall"
)

const nonBlocking = syscall.O_NONBLOCK

// isUsers reports whether something belongs to the user.
func isUsers(st fs.FileInfo) bool {
	s, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid()
}

// mapFile maps size bytes of a file from off on, a multiple of the size of a page,
// for reading.
func mapFile(f *os.File, off, size int64) ([]byte, error) {
	if size <= 0 || size != int64(int(size)) {
		return nil, errors.New("nothing to map, or too much")
	}
	return syscall.Mmap(int(f.Fd()), off, int(size), syscall.PROT_READ, syscall.MAP_PRIVATE)
}

func unmap(b []byte) { _ = syscall.Munmap(b) } // it is ours, and a range of no use otherwise

// guarded returns what f does, which reads a mapping. To read where a file has been
// cut since, or cannot be read, is a fault; then it is false.
func guarded(f func() bool) (ok bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return f()
}
