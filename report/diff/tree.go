package diff

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// PairTrees pairs the files of two trees: by their paths from the tree, and what
// is left by their names, where these are only once on each side. Compression
// and whether a file is a module or its raw BTF are no part of either.
func PairTrees(oldTree string, old []string, newTree string, new []string) []Pair {
	pairs := map[string]*Pair{}
	at := func(tree, path string) *Pair {
		name := moduleName(tree, path)
		p := pairs[name]
		if p == nil {
			p = &Pair{Name: name}
			pairs[name] = p
		}
		return p
	}
	var more []Pair // files of one name
	for _, path := range old {
		if p := at(oldTree, path); p.Old == "" {
			p.Old = path
		} else {
			more = append(more, Pair{Name: p.Name, Old: path})
		}
	}
	for _, path := range new {
		if p := at(newTree, path); p.New == "" {
			p.New = path
		} else {
			more = append(more, Pair{Name: p.Name, New: path})
		}
	}
	pairByName(pairs)
	for _, p := range pairs {
		more = append(more, *p)
	}
	slices.SortFunc(more, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New))
	})
	return more
}

// moduleName is what the file of a module has in common with that on the other
// side.
func moduleName(tree, path string) string {
	name, err := filepath.Rel(tree, path)
	if err != nil {
		name = path
	}
	name = filepath.ToSlash(name)
	for _, ext := range []string{".gz", ".xz", ".zst"} {
		name = strings.TrimSuffix(name, ext)
	}
	return strings.TrimSuffix(strings.TrimSuffix(name, ".ko"), ".btf")
}

// pairByName joins pairs of one file each.
func pairByName(pairs map[string]*Pair) {
	alone := map[string]*[2][]string{} // by name, the names of pairs that are old or new only
	for name, p := range pairs {
		side := 0
		switch {
		case p.Old != "" && p.New != "":
			continue
		case p.Old == "":
			side = 1
		}
		base := name[strings.LastIndexByte(name, '/')+1:]
		if alone[base] == nil {
			alone[base] = new([2][]string)
		}
		alone[base][side] = append(alone[base][side], name)
	}
	for _, names := range alone {
		if len(names[0]) != 1 || len(names[1]) != 1 {
			continue
		}
		old, moved := pairs[names[0][0]], pairs[names[1][0]]
		moved.Old = old.Old
		delete(pairs, old.Name)
	}
}
