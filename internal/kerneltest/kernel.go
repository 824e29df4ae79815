package main

import (
	"debug/elf"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
)

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
