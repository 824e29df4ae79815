//go:build unix

package encoder

import (
	"io/fs"
	"syscall"
)

// fileKey returns what is equal for all names of one file.
func fileKey(path string, info fs.FileInfo) any {
	if info != nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			return [2]uint64{uint64(st.Dev), uint64(st.Ino)}
		}
	}
	return path
}

// writable says why no file can be created in dir.
func writable(dir string) error {
	const writeAndSearch = 2 | 1 // W_OK, X_OK
	return syscall.Access(dir, writeAndSearch)
}
