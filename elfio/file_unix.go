//go:build unix

package elfio

import (
	"os"
	"syscall"
)

// StampOf returns the stamp of what was looked at.
func StampOf(fi os.FileInfo) Stamp {
	s := Stamp{Size: fi.Size(), Mod: fi.ModTime()}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		s.Dev, s.Ino = uint64(st.Dev), uint64(st.Ino)
		s.Change = changeTime(st)
	}
	return s
}

// linkCount is the number of hard links.
func linkCount(fi os.FileInfo) uint64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}
