// Package kerneldir finds a kernel with debug information in a folder, as
// scripts/fetch-kernel.sh unpacks it, for the programs that test with one.
package kerneldir

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Kernel is a vmlinux and the modules that were built with it.
type Kernel struct {
	Dir     string   // folder with all of it
	Release string   // what follows vmlinux- in the file's name
	Vmlinux string   // path
	Modules []string // paths, sorted
}

// Find looks for vmlinux-RELEASE and *.ko in dir and all below it. It is an error
// if there are several kernels, or no modules.
func Find(dir string) (*Kernel, error) {
	k := &Kernel{Dir: dir}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		// vmlinux-RELEASE can be a link, or several, to the file beside the modules.
		release, isVmlinux := strings.CutPrefix(d.Name(), "vmlinux-")
		switch {
		case isVmlinux && isSame(k.Vmlinux, path):
		case isVmlinux && k.Vmlinux != "":
			return fmt.Errorf("two kernels: %s and %s", k.Vmlinux, path)
		case isVmlinux:
			k.Release, k.Vmlinux = release, path
		case filepath.Ext(path) == ".ko":
			k.Modules = append(k.Modules, path)
		}
		return nil
	})
	if err == nil && (k.Vmlinux == "" || len(k.Modules) == 0) {
		err = fmt.Errorf("%s: no vmlinux-RELEASE or no modules", dir)
	}
	slices.Sort(k.Modules)
	return k, err
}

// isSame reports whether two paths lead to one file.
func isSame(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
