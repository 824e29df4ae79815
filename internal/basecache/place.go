// SPDX-License-Identifier: BSD-2-Clause

package basecache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// place returns the folder, empty for none. The XDG base directory specification:
// $XDG_CACHE_HOME is ~/.cache where it is unset or empty, and a relative path is
// not valid and to be ignored.
func place() string {
	cache := os.Getenv("XDG_CACHE_HOME")
	if !filepath.IsAbs(cache) {
		home := os.Getenv("HOME")
		if !filepath.IsAbs(home) {
			return ""
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "gobtfenc", "bases")
}

// openOwn opens a folder that is the user's alone; nil if it is not, or not there.
func openOwn(dir string) *os.Root {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil
	}
	if st, err := root.Stat("."); err != nil || !isOwn(st) {
		root.Close()
		return nil
	}
	return root
}

// makeOwn is openOwn for a folder that may have to be made. It is made in a folder
// of the user's only: who is root by way of sudo has the HOME of another user, who
// could not write into what root makes there.
func makeOwn(dir string) *os.Root {
	if !makeAll(dir, 4) { // ~/.cache/gobtfenc/bases, and HOME has to be there
		return nil
	}
	return openOwn(dir)
}

func makeAll(dir string, levels int) bool {
	st, err := os.Stat(dir)
	if err == nil {
		return st.IsDir() && isUsers(st)
	}
	if levels--; levels == 0 || !errors.Is(err, fs.ErrNotExist) || !makeAll(filepath.Dir(dir), levels) {
		return false
	}
	err = os.Mkdir(dir, 0o700)
	return err == nil || errors.Is(err, fs.ErrExist)
}

// isOwn reports whether something is the user's and nobody else may write to it.
func isOwn(st fs.FileInfo) bool { return isUsers(st) && st.Mode().Perm()&0o022 == 0 }
