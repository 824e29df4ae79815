package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/gobtfenc/gobtfenc/internal/kerneldir"
)

// sized is a module and what there is to do for it.
type sized struct {
	path string
	size uint64 // of .debug_info, in bytes
}

// scaleRows are 10, 100 and all modules, and single ones of 0.1 MB, twice that
// and so on to the largest; of the larger kernel, where there is one.
func (b *bench) scaleRows() ([]*row, error) {
	k := b.kernel
	if b.full != nil {
		k = b.full
	}
	modules, err := b.bySize(k)
	if err != nil {
		return nil, err
	}
	var rows []*row
	for _, n := range []int{10, 100, len(b.kernel.Modules), len(modules)} {
		if n <= len(modules) && !slices.ContainsFunc(rows, func(r *row) bool { return len(r.inputs) == n }) {
			rows = append(rows, b.growthRow(fmt.Sprintf("%d modules", n), k, everyNth(modules, n)...))
		}
	}
	for _, m := range doublings(modules) {
		rows = append(rows, b.growthRow(filepath.Base(m.path), k, m))
	}
	return b.choose(rows)
}

func (b *bench) growthRow(title string, k *kerneldir.Kernel, modules ...sized) *row {
	t := &task{kernel: k}
	for _, m := range modules {
		t.files = append(t.files, m.path)
	}
	return &row{Work: title, Ours: b.ours(t, jobs, cold), Walk: b.bareWalk(t), inputs: t.files}
}

// bySize returns the modules of a kernel, the smallest first.
func (b *bench) bySize(k *kerneldir.Kernel) ([]sized, error) {
	var all []sized
	for _, path := range k.Modules {
		n, err := b.sizes.debugInfo(path)
		if err != nil {
			return nil, err
		}
		all = append(all, sized{path, n})
	}
	slices.SortStableFunc(all, func(a, b sized) int { return cmp.Compare(a.size, b.size) })
	return all, nil
}

// everyNth returns n of the modules, which are in order of size, so that their
// sizes are spread as those of all.
func everyNth(modules []sized, n int) []sized {
	var some []sized
	for i := range n {
		some = append(some, modules[(2*i+1)*len(modules)/(2*n)])
	}
	return some
}

// doublings returns the modules whose sizes are nearest to 0.1 MB, twice that and
// so on to the size of the last and largest.
func doublings(modules []sized) (some []sized) {
	for size := uint64(100e3); size < 2*modules[len(modules)-1].size; size *= 2 {
		m := slices.MinFunc(modules, func(a, b sized) int { return cmp.Compare(distance(a.size, size), distance(b.size, size)) })
		if !slices.Contains(some, m) {
			some = append(some, m)
		}
	}
	return some
}

func distance(a, b uint64) uint64 { return max(a, b) - min(a, b) }
