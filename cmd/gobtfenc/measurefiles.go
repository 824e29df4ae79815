package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/modtree"
	"github.com/gobtfenc/gobtfenc/report/measure"
)

// find returns what is to be measured: args, or in the place of a folder the
// modules below it; each path once, and of all the part of this run. A folder
// that cannot be read, or has no modules, is in the report with its error.
func (run *measureRun) find(args []string) []string {
	var all []measure.File
	for _, arg := range args {
		for _, path := range run.modulesOf(filepath.Clean(arg)) {
			all = append(all, measure.File{Path: path, Size: sizeOf(path)})
		}
	}
	slices.SortFunc(all, func(a, b measure.File) int { return strings.Compare(a.Path, b.Path) })
	return run.part.Of(slices.Compact(all))
}

// modulesOf returns the modules of the tree at path, or the one file that it is.
func (run *measureRun) modulesOf(path string) []string {
	if st, err := os.Stat(path); err != nil || !st.IsDir() {
		return []string{path} // whose error its reader tells
	}
	found, err := modtree.Find(path)
	run.addErrors(path, err)
	return found
}

// addErrors puts into the report what of the tree at root was not read.
func (run *measureRun) addErrors(root string, err error) {
	for _, err := range joined(err) {
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			run.report.AddError(pe.Path, fmt.Errorf("%s: %w", pe.Path, pe.Err))
		} else {
			run.report.AddError(root, err)
		}
	}
}

// joined returns the errors that err was joined of.
func joined(err error) []error {
	if err == nil {
		return nil
	}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		return all.Unwrap()
	}
	return []error{err}
}

// sizeOf returns the size of the file at path, 0 where that is not known.
func sizeOf(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}
