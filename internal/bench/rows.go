package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/gobtfenc/gobtfenc/internal/kerneldir"
)

// row is one line of the table: the same work done by several programs.
type row struct {
	Work      string   `json:"work"`
	Files     int      `json:"files"`
	DebugInfo uint64   `json:"debug_info_bytes"`
	Ours      *program `json:"gobtfenc"`
	Against   *program `json:"against,omitempty"`
	Walk      *program `json:"walk,omitempty"`

	inputs []string
}

func (r *row) programs() []*program {
	return slices.DeleteFunc([]*program{r.Ours, r.Against, r.Walk}, func(p *program) bool { return p == nil })
}

// rows are those of the comparison, the ones chosen.
func (b *bench) rows() ([]*row, error) {
	k := b.kernel
	all := &task{kernel: k, files: k.Modules}
	title := fmt.Sprintf("all %d modules", len(k.Modules))
	rows := []*row{
		b.row(title, all, cold),
		b.inPlaceRow(title+", in place", k),
		{Work: fmt.Sprintf("%s, -j%d against -j1", title, jobs), Ours: b.ours(all, jobs, cold), Against: b.ours(all, 1, cold), inputs: k.Modules},
	}
	rows = append(rows, b.single(k, "xfs.ko", "", cold)...)
	rows = append(rows, b.single(k, "af_key.ko", ", caches empty", cold)...)
	rows = append(rows, b.single(k, "af_key.ko", ", caches warm", warm)...)
	rows = append(rows, b.row("vmlinux", &task{kernel: k, files: []string{k.Vmlinux}}, cold))
	if full := b.full; full != nil {
		title := fmt.Sprintf("all %d modules of %s", len(full.Modules), full.Release)
		rows = append(rows, b.row(title, &task{kernel: full, files: full.Modules}, cold))
		rows = append(rows, b.single(full, "amdgpu.ko", "", cold)...)
	}
	return b.choose(rows)
}

// row measures a task against pahole and the walk, gobtfenc with its caches in
// the folder.
func (b *bench) row(title string, t *task, cache string) *row {
	return &row{Work: title, Ours: b.ours(t, jobs, cache), Against: b.theirs(t), Walk: b.bareWalk(t), inputs: t.files}
}

// inPlaceRow has .BTF put into copies of the modules.
func (b *bench) inPlaceRow(title string, k *kerneldir.Kernel) *row {
	t := &task{kernel: k, files: k.Modules, tree: &tree{
		dir: filepath.Join(b.work, "tree"), stripped: filepath.Join(b.work, "stripped"), modules: k.Modules,
	}}
	return &row{Work: title, Ours: b.ours(t, jobs, cold), Against: b.theirs(t), inputs: t.files}
}

// single is the row of one module, none if the kernel has no such module.
func (b *bench) single(k *kerneldir.Kernel, name, suffix, cache string) []*row {
	for _, m := range k.Modules {
		if filepath.Base(m) == name {
			return []*row{b.row(name+suffix, &task{kernel: k, files: []string{m}}, cache)}
		}
	}
	return nil
}

// choose keeps the rows that were asked for and looks how large their input is.
func (b *bench) choose(rows []*row) ([]*row, error) {
	rows = slices.DeleteFunc(rows, func(r *row) bool { return !b.only.MatchString(r.Work) })
	if len(rows) == 0 {
		return nil, errors.New("no row has such a title")
	}
	for _, r := range rows {
		r.Files = len(r.inputs)
		for _, path := range r.inputs {
			n, err := b.sizes.debugInfo(path)
			if err != nil {
				return nil, err
			}
			r.DebugInfo += n
		}
	}
	return rows, nil
}
