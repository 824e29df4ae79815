//go:build !unix

package elfio

import "os"

func stampOf(fi os.FileInfo) Stamp { return Stamp{Size: fi.Size(), Mod: fi.ModTime()} }

func linkCount(os.FileInfo) uint64 { return 1 }
