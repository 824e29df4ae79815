package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/number"
	"github.com/gobtfenc/gobtfenc/internal/objtree"
)

// A run over a tree (--tree) is one over the modules of its modules.order that
// are not up to date. What is, is not opened; what there is to say of it, its
// size and that it has no DWARF, was noted by the run that encoded it
// (internal/objtree). So a run in which nothing has to be done takes the time to
// look at the files and to digest the base.
//
// A module that was warned of is not noted: the next run warns again.

// treeBase is the base of the modules in a tree, where no other is given.
func treeBase(dir string) string { return filepath.Join(dir, "vmlinux") }

// treeRun is one such run.
type treeRun struct {
	dir     string
	base    string // path
	verbose bool

	modules []objtree.Module
	key     objtree.Key
	old     *objtree.Manifest // nil: none that can be used
	why     string            // there is none; empty before the first run
	results []encoder.Result  // of modules
	todo    []int             // indexes of those that are not up to date
}

// encodeTree encodes what is not up to date in the tree of f and returns a
// result for each module of it, and how many were left alone.
func encodeTree(ctx context.Context, f *encodeFlags, opts encoder.Options) (results []encoder.Result, upToDate int, err error) {
	unlock, err := objtree.Lock(ctx, f.tree, func() {
		report(fmt.Errorf("%s: another gobtfenc is at work here, waiting for it", f.tree))
	})
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", f.tree, encoder.ErrInterrupted)
	}
	defer unlock()
	t := &treeRun{dir: f.tree, base: f.basePath(), verbose: f.verbose}
	if err := t.list(); err != nil || len(t.modules) == 0 {
		return nil, 0, err
	}
	if err := t.choose(&opts); err != nil {
		return nil, 0, err
	}
	if err := t.encode(ctx, opts); err != nil {
		return nil, 0, err
	}
	t.note()
	return t.results, len(t.modules) - len(t.todo), nil
}

// list reads modules.order.
func (t *treeRun) list() error {
	order, err := objtree.ReadOrder(t.dir)
	if err != nil {
		return err
	}
	for _, path := range order.Carriers {
		t.say(path, "carries the BTF of vmlinux, left alone")
	}
	t.modules = order.Modules
	there := 0
	for _, m := range t.modules {
		if m.Info != nil {
			there++
		}
	}
	if there == 0 && len(t.modules) > 0 {
		return fmt.Errorf("%s: none of the %s in modules.order is there: make modules first", t.dir, number.Plural(len(t.modules), "module", "modules"))
	}
	return nil
}

// choose finds out what is to be done: everything, if the base, the options or
// the program are others than those that the manifest is about.
func (t *treeRun) choose(opts *encoder.Options) error {
	sum, err := encoder.BaseSum(t.base)
	if err != nil {
		return baseError(err)
	}
	t.key = objtree.Key{Tool: toolID(), Base: sum, Options: opts.Fingerprint()}
	t.old, err = objtree.ReadManifest(t.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.why = err.Error()
	}
	if t.old != nil {
		t.why = t.old.Stale(t.key)
	}
	if t.why != "" {
		t.say(filepath.Join(t.dir, objtree.ManifestName), "not used: "+t.why)
	}
	t.results = make([]encoder.Result, len(t.modules))
	for i, m := range t.modules {
		if t.isUpToDate(m) {
			e := t.old.Entries[m.Name]
			t.results[i] = encoder.Result{Path: m.Path, Before: e.BTF, After: e.BTF, NoDWARF: e.NoDWARF}
			continue
		}
		t.todo = append(t.todo, i)
	}
	return nil
}

func (t *treeRun) isUpToDate(m objtree.Module) bool {
	if t.old == nil || t.why != "" || m.Info == nil {
		return false
	}
	why := t.old.Changed(m)
	if why == "" {
		t.say(m.Path, "is up to date")
	} else {
		t.say(m.Path, "is to be encoded: "+why)
	}
	return why == ""
}

// encode does what is to be done. If the base is not the one any more that was
// there before, that is everything.
func (t *treeRun) encode(ctx context.Context, opts encoder.Options) error {
	if len(t.todo) == 0 {
		return nil
	}
	var err error
	opts.Clock.Start("base")
	opts.Base, err = encoder.LoadBase(t.base)
	opts.Clock.Stop()
	if err != nil {
		return baseError(err)
	}
	if sum := opts.Base.Sum(); sum != t.key.Base {
		t.key.Base, t.todo = sum, t.todo[:0]
		for i := range t.modules {
			t.todo = append(t.todo, i)
		}
	}
	paths := make([]string, len(t.todo))
	for k, i := range t.todo {
		paths[k] = t.modules[i].Path
	}
	results, err := runWithProgress(ctx, paths, opts)
	if err != nil {
		return err
	}
	for k, i := range t.todo {
		t.results[i] = results[k]
	}
	return nil
}

// note writes down what is up to date, also when the run was interrupted or
// some modules failed. That it cannot be written costs the next run time and is
// no failure of this one.
func (t *treeRun) note() {
	m := &objtree.Manifest{Key: t.key, Entries: make(map[string]objtree.Entry, len(t.modules))}
	isTodo := make([]bool, len(t.modules))
	for _, i := range t.todo {
		isTodo[i] = true
		if r := &t.results[i]; r.Err == nil && len(r.Warnings) == 0 && r.Stamp.Size > 0 {
			if e, ok := entryOf(r); ok {
				m.Entries[t.modules[i].Name] = e
			}
		}
	}
	for i, mod := range t.modules {
		if !isTodo[i] {
			m.Entries[mod.Name] = t.old.Entries[mod.Name]
		}
	}
	if err := m.Write(t.dir, t.old); err != nil {
		report(fmt.Errorf("warning: %w: the next run will encode all again", err))
	}
}

// entryOf is what is noted of a result.
func entryOf(r *encoder.Result) (objtree.Entry, bool) {
	var others []objtree.Other
	for _, o := range r.Others {
		others = append(others, objtree.Other{Path: o.Path, Stamp: o.Stamp})
	}
	return objtree.EntryOf(r.Stamp, r.After, r.NoDWARF, others...)
}

// say tells what -v is for.
func (t *treeRun) say(path, what string) {
	if t.verbose {
		report(fmt.Errorf("%s: %s", path, what))
	}
}

// baseError adds to an error about a vmlinux that is not there what can be done.
func baseError(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: build vmlinux first, or say with --base what the modules stand on", err)
	}
	return err
}
