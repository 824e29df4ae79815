// Package modtree finds the kernel modules below a folder.
package modtree

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// suffixes are those of the names of modules, as a kernel installs them.
var suffixes = []string{".ko", ".ko.gz", ".ko.xz", ".ko.zst"}

var rawSuffixes = []string{".btf", ".btf.gz", ".btf.xz", ".btf.zst"}

// ErrNone says that there is no module below a folder.
var ErrNone = errors.New("no module (*.ko, *.ko.gz, *.ko.xz, *.ko.zst) in it")

// IsModule reports whether path has the name of a module.
func IsModule(path string) bool { return endsInOne(path, suffixes) }

func isRaw(path string) bool { return endsInOne(path, rawSuffixes) }

func endsInOne(path string, suffixes []string) bool {
	return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(path, s) })
}

// Find returns the paths of the modules below root, sorted. Links are followed,
// but no folder and no file is taken twice, so that a loop of links ends; what
// is below root by itself has its path from there, not that of a link.
//
// The error tells which folders could not be read, and everything else is
// returned; or that there is no module ([ErrNone]).
func Find(root string) ([]string, error) { return find(root, IsModule) }

// FindBTF is Find, or returns the paths of raw BTF (*.btf, which may be
// compressed as modules are) where there is no module below root.
func FindBTF(root string) ([]string, error) {
	modules, err := Find(root)
	if len(modules) > 0 {
		return modules, err
	}
	raw, rawErr := find(root, isRaw)
	if errors.Is(rawErr, ErrNone) {
		return nil, err
	}
	return raw, rawErr
}

// find returns what Find does, of the files whose path is one.
func find(root string, is func(path string) bool) ([]string, error) {
	w := walker{is: is, seen: map[string]bool{}}
	w.folder(root)
	for len(w.links) > 0 {
		link := w.links[0]
		w.links = w.links[1:]
		w.follow(link)
	}
	slices.Sort(w.found)
	if len(w.errs) == 0 && len(w.found) == 0 {
		return nil, fmt.Errorf("%s: %w", root, ErrNone)
	}
	return w.found, errors.Join(w.errs...)
}

type walker struct {
	is    func(path string) bool
	seen  map[string]bool // folders and files, by their paths without links
	links []string        // to be followed
	found []string
	errs  []error
}

// isNew reports whether path leads to what was not there before.
func (w *walker) isNew(path string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return true // opening it will tell
	}
	known := w.seen[real]
	w.seen[real] = true
	return !known
}

func (w *walker) folder(dir string) {
	if !w.isNew(dir) {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		w.errs = append(w.errs, err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.IsDir():
			w.folder(path)
		case e.Type()&os.ModeSymlink != 0:
			w.links = append(w.links, path)
		default:
			w.file(path)
		}
	}
}

// follow takes what a link leads to. One that leads nowhere counts if it has
// the name of a module, whose reader will tell.
func (w *walker) follow(link string) {
	if st, err := os.Stat(link); err == nil && st.IsDir() {
		w.folder(link)
	} else {
		w.file(link)
	}
}

func (w *walker) file(path string) {
	if w.is(path) && w.isNew(path) {
		w.found = append(w.found, path)
	}
}
