package elfio

// A temporary file has a name beside the file that it is to replace: .x.ko.gobtfenc-0
// for x.ko. Who writes it holds a lock on it. A killed process holds none any more,
// so that the next one that replaces x.ko sees what was left behind and removes it.
// Where files cannot be locked it stays, hidden and of no use to anybody, and the next
// name is taken.

import (
	"errors"
	"fmt"
	"io/fs"
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
		name := tempName(path, try)
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
		switch {
		case err == nil && try < lockedNames && !lockNamed(f, name):
			// Somebody has taken it for left behind, and is removing it.
			f.Close()
		case err == nil:
			return &tempFile{f, name}, nil
		case !os.IsExist(err) || try >= maxTries:
			return nil, fmt.Errorf("create a temporary file: %w", err)
		case removeStale(name):
			try--
		}
	}
}

// A file may be replaced by several processes at once: each has a name of its own,
// by number. The names behind those are random.
const (
	lockedNames = 8
	maxTries    = 100
)

func tempName(path string, try int) string {
	dir, base := filepath.Split(path)
	if len(base) > 200 {
		base = base[:200]
	}
	if try < lockedNames {
		return fmt.Sprintf("%s.%s.gobtfenc-%d", dir, base, try)
	}
	return fmt.Sprintf("%s.%s.gobtfenc-%08x", dir, base, rand.Uint32())
}

// lockNamed locks a new file. It is false if the file has lost its name to who
// was faster with the lock.
func lockNamed(f *os.File, name string) bool {
	return tryLock(f) != lockTaken && isNamed(f, name)
}

// isNamed reports whether f is what name stands for.
func isNamed(f *os.File, name string) bool {
	is, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(name)
	return err == nil && os.SameFile(is, named)
}

// removeStale removes a temporary file that nobody works on any more. It is false
// if the name is still taken.
func removeStale(name string) (removed bool) {
	if st, err := os.Lstat(name); err != nil || !st.Mode().IsRegular() {
		return errors.Is(err, fs.ErrNotExist)
	}
	f, err := os.Open(name)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	defer f.Close()
	// Who has the lock is the only one to take the name away.
	return tryLock(f) == lockGot && isNamed(f, name) && os.Remove(name) == nil
}

// RemoveTemps removes temporary files beside path that killed runs have left. Who writes
// path does so on the way; this is for who finds that it is to stay as it is, which
// another run may have made it.
func RemoveTemps(path string) {
	for try := range lockedNames {
		name := tempName(path, try)
		if _, err := os.Lstat(name); err != nil {
			return // the first is taken first
		}
		removeStale(name)
	}
}

// publish closes the file and puts it in the place of path. If it cannot, nothing
// is left of it.
func (t *tempFile) publish(path string) error {
	if t.name == "" {
		if err := t.giveName(path); err != nil {
			return err
		}
	}
	// The name is ours while there is a lock, which a second descriptor keeps.
	release := t.keepLock()
	defer release()
	err := t.Close()
	if err == nil {
		err = os.Rename(t.name, path)
	}
	if err != nil {
		os.Remove(t.name)
	}
	t.name = ""
	return err
}

// discard closes the file and removes it, unless it was published.
func (t *tempFile) discard() {
	if t.name != "" {
		release := t.keepLock()
		defer release()
	}
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
