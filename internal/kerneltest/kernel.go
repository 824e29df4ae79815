package main

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
)

// kernel is a folder of modules and the vmlinux that they were built with.
type kernel struct {
	release string   // what follows vmlinux- in the file's name
	vmlinux string   // path
	modules []string // paths, sorted
}

func findKernel(dir string) (*kernel, error) {
	k := &kernel{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		release, isVmlinux := strings.CutPrefix(d.Name(), "vmlinux-")
		switch {
		case isVmlinux && k.vmlinux != "":
			return fmt.Errorf("two kernels: %s and %s", k.vmlinux, path)
		case isVmlinux:
			k.release, k.vmlinux = release, path
		case filepath.Ext(path) == ".ko":
			k.modules = append(k.modules, path)
		}
		return nil
	})
	if err == nil && (k.vmlinux == "" || len(k.modules) == 0) {
		err = fmt.Errorf("%s: no vmlinux-RELEASE or no modules", dir)
	}
	slices.Sort(k.modules)
	return k, err
}

// moduleName is how results are named: x for a/b/x.ko.
func moduleName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".ko") }

// shuffled returns paths in another order, the same at every run.
func shuffled(paths []string) []string {
	paths = slices.Clone(paths)
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	return paths
}

// section returns the bytes of a section of an ELF file, nil where it has none
// of this name.
func section(path, name string) ([]byte, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	s := f.Section(name)
	if s == nil {
		return nil, nil
	}
	return s.Data()
}
