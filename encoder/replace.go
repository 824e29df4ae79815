package encoder

import (
	"bytes"
	"fmt"
	"os"

	"github.com/gobtfenc/gobtfenc/elfio"
)

// replaceFiles writes files, each as a whole and none where one cannot be written,
// but those that hold their data already: their time stays, for make's sake.
func replaceFiles(files ...elfio.NewFile) (changed bool, err error) {
	var todo []elfio.NewFile
	for _, f := range files {
		same, err := holds(f)
		if err != nil {
			return false, fmt.Errorf("%s: %w", f.Path, err)
		}
		if !same {
			todo = append(todo, f)
		} else {
			elfio.RemoveTemps(f.Path)
		}
	}
	if failed, err := elfio.WriteFilesAtomic(todo, 0o644); err != nil {
		return false, fmt.Errorf("%s: %w", todo[failed].Path, plain(err))
	}
	return len(todo) > 0, nil
}

// holds reports whether a file holds its data. A folder in its place is refused.
func holds(f elfio.NewFile) (bool, error) {
	st, err := os.Lstat(f.Path)
	switch {
	case err != nil:
		return false, nil
	case st.IsDir():
		return false, errNotRegular(st)
	case !st.Mode().IsRegular() || st.Size() != int64(len(f.Data)):
		return false, nil
	}
	old, err := os.ReadFile(f.Path)
	return err == nil && bytes.Equal(old, f.Data), nil
}
