package encoder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gobtfenc/gobtfenc/elfio"
)

// Output is a way of Options to say where BTF goes.
type Output int

// The outputs, by the fields of Options.
const (
	OutDir Output = iota
	Detached
	Object
)

// OutputError says why an output cannot be written.
type OutputError struct {
	Output Output
	Path   string
	Err    error
}

func (e *OutputError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }
func (e *OutputError) Unwrap() error { return e.Err }

// inPlace reports whether the files that are encoded get the BTF.
func (o *Options) inPlace() bool {
	return o.OutDir == "" && o.Detached == "" && o.Object == "" && o.Take == nil
}

// checkDetached refuses what would be noticed only when the BTF is made, and a
// path that would replace the input.
func (o *Options) checkDetached(files []string, infos []os.FileInfo) error {
	for _, out := range [...]struct {
		output Output
		path   string
	}{{Detached, o.Detached}, {Object, o.Object}} {
		if out.path == "" {
			continue
		}
		if err := o.checkOutput(out.path, files, infos); err != nil {
			return &OutputError{out.output, out.path, err}
		}
	}
	if o.Detached != "" && filepath.Clean(o.Detached) == filepath.Clean(o.Object) {
		return &OutputError{Object, o.Object, errors.New("is where the raw BTF goes")}
	}
	return nil
}

func (o *Options) checkOutput(path string, files []string, infos []os.FileInfo) error {
	switch {
	case len(files) != 1:
		return fmt.Errorf("holds the BTF of one file, %d are given", len(files))
	case o.OutDir != "":
		return errors.New("the BTF goes to a folder already")
	case o.Features.Has(FeatureDistilledBase):
		return errors.New("distilled_base makes a second BTF, for which there is room in a folder only")
	}
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	case err != nil:
		return plain(err)
	case infos[0] != nil && os.SameFile(st, infos[0]):
		return errors.New("is the file to be encoded")
	case st.IsDir():
		return errors.New("is a directory")
	case !st.Mode().IsRegular():
		return errors.New("not a regular file")
	}
	if err := writable(filepath.Dir(path)); err != nil {
		return plain(err)
	}
	return nil
}

// writeDetached writes w.out to the files that the options name.
func (w *worker) writeDetached(f *elfio.File) (changed bool, err error) {
	var files []elfio.NewFile
	if path := w.opts.Detached; path != "" {
		files = append(files, elfio.NewFile{Path: path, Data: w.out})
	}
	if path := w.opts.Object; path != "" {
		files = append(files, elfio.NewFile{Path: path, Data: elfio.AppendObject(nil, f, ".BTF", w.out)})
	}
	return replaceFiles(files...)
}
