package elfio

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// tempFile is a new file that takes the place of another one when it is done.
type tempFile struct {
	*os.File
	name string // "" while it has none
}

// createNamed creates a temporary file with a name: hidden, in the directory
// of path, so that a rename cannot cross file systems.
func createNamed(path string, perm os.FileMode) (*tempFile, error) {
	for try := 0; ; try++ {
		name := tempName(path)
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
		if os.IsExist(err) && try < 100 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("create a temporary file: %w", err)
		}
		return &tempFile{f, name}, nil
	}
}

func tempName(path string) string {
	dir, base := filepath.Split(path)
	if len(base) > 200 {
		base = base[:200]
	}
	return fmt.Sprintf("%s.%s.gobtfenc-%08x", dir, base, rand.Uint32())
}

// publish closes the file and puts it in the place of path.
func (t *tempFile) publish(path string) error {
	if t.name == "" {
		if err := t.giveName(path); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	if err := os.Rename(t.name, path); err != nil {
		return err
	}
	t.name = ""
	return nil
}

// discard closes the file and removes it, unless it was published.
func (t *tempFile) discard() {
	t.Close()
	if t.name != "" {
		os.Remove(t.name)
		t.name = ""
	}
}

// syncDir makes a rename to path durable.
func syncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
