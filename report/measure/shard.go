package measure

import (
	"cmp"
	"slices"
	"strings"
)

// Part is one of the parts that a tree is measured in: Index from 0, of Count.
type Part struct{ Index, Count int }

// File is a file with what it weighs.
type File struct {
	Path string
	Size int64 // bytes
}

// Of returns the paths of files that are in p, sorted. Every file is in exactly
// one part, whatever the order of files, and the parts weigh about the same: the
// largest file goes first, each to the part that is the lightest so far, of
// several to the first (Graham 1969: no part is heavier than 4/3 of the best).
func (p Part) Of(files []File) []string {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), strings.Compare(a.Path, b.Path))
	})
	weights := make([]int64, p.Count)
	var paths []string
	for _, f := range files {
		lightest := slices.Index(weights, slices.Min(weights))
		if lightest == p.Index {
			paths = append(paths, f.Path)
		}
		weights[lightest] += f.Size
	}
	slices.Sort(paths)
	return paths
}
