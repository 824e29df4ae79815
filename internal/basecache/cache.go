// SPDX-License-Identifier: BSD-2-Clause

// Package basecache keeps the index of a base between processes.
//
// Kbuild calls one process for each module, and each one parses the BTF of the
// same vmlinux and indexes its 107,000 types: most of what a small module costs.
// The outcome is the same every time, so that it is put into a file, mapped into
// memory by the processes that follow, and used as it lies there.
//
// What holds, whatever is in the folder:
//
//   - A file is used for the base whose BTF it was made of and for no other. It
//     holds that BTF, which is compared with the base's, byte for byte, each time.
//   - A file is used if it is whole: it has the length that it says, and its
//     checksum is right. It is the file of this version of gobtfenc, on a machine of
//     this byte order, and belongs to the user, as the folder does, and nobody else
//     may write to either. Who has the user's rights needs no cache to mislead.
//   - A file is never changed. It is written under another name and renamed, by one
//     process at a time.
//   - That there is no folder, no room or no right to write is no error. The BTF made
//     with the cache is, byte for byte, that made without.
//
// # When it is written
//
// To write 13 MB takes longer than the index saves one process. So the first
// process that sees a base leaves an empty file, and the next one, for which no file
// can be used but there is one, writes it.
//
// # Where
//
// In $XDG_CACHE_HOME/gobtfenc/bases, by default ~/.cache/gobtfenc/bases, one file for
// each path of a base. The oldest are removed above [Limit] bytes or [maxFiles] files.
package basecache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// Limit is how many bytes the folder may hold, ten kernels or so.
const Limit = 128 << 20

const (
	maxFiles = 64

	// abandoned is the age from which on a file that is being written is that of a
	// process which has died.
	abandoned = time.Minute

	// fresh is the age up to which a file that is used counts as new.
	fresh = 24 * time.Hour
)

const (
	suffix    = ".base"
	temporary = ".new"
)

// Cache is a folder of indexes. A nil Cache holds none and takes none. It is not
// safe for concurrent use; other processes may use the folder at the same time.
type Cache struct {
	dir     string
	version string
	limit   int64
	root    *os.Root // nil while the folder is not there
}

// Open returns the user's cache, nil if there can be none. Files of other versions
// of gobtfenc are not used.
func Open(version string) *Cache {
	dir := place()
	if dir == "" {
		return nil
	}
	c := &Cache{dir: dir, version: version, limit: Limit}
	c.root = openOwn(dir)
	return c
}

// Close closes the folder. What was found stays valid.
func (c *Cache) Close() {
	if c != nil && c.root != nil {
		c.root.Close()
	}
}

// Entry is what is known of a base. Its memory lasts as long as the process and
// must not be written to.
type Entry struct {
	BTF   []byte // the base's, as it was read
	Types btf.Types
	Index splitdedup.Index
}

// Has reports whether there may be something about the base at path.
func (c *Cache) Has(path string) bool {
	if c == nil || c.root == nil {
		return false
	}
	name, ok := c.name(path)
	if !ok {
		return false
	}
	st, err := c.root.Lstat(name)
	return err == nil && st.Size() > 0
}

// Lookup returns what is known of the base at path, whose BTF is r; nil for
// nothing. If early is not nil, it is called with the index of r's strings as soon as
// that is known to be good, which something is known of the rest may not be.
func (c *Cache) Lookup(path string, r *io.SectionReader, early func(*btf.StrIndex)) *Entry {
	if c == nil || c.root == nil {
		return nil
	}
	name, ok := c.name(path)
	if !ok {
		return nil
	}
	f, st := c.open(name)
	if f == nil {
		return nil
	}
	defer f.Close()
	data, err := mapFile(f, 0, st.Size())
	if err != nil {
		return nil
	}
	used := false
	if early != nil {
		tell := early
		early = func(x *btf.StrIndex) { used = true; tell(x) }
	}
	var e *Entry
	if !guarded(func() bool { e = parse(data, c.version, r, early); return e != nil }) {
		if !used {
			unmap(data)
		}
		return nil
	}
	if now := time.Now(); now.Sub(st.ModTime()) > fresh {
		_ = c.root.Chtimes(name, now, now) // else it may be taken for one of the oldest
	}
	return e
}

// Wants reports whether what is known of the base at path is to be kept: the first
// time that it is asked it is not.
func (c *Cache) Wants(path string) bool {
	if c == nil {
		return false
	}
	name, ok := c.name(path)
	if !ok {
		return false
	}
	if c.root == nil {
		if c.root = makeOwn(c.dir); c.root == nil {
			return false
		}
	}
	f, err := c.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return errors.Is(err, fs.ErrExist)
	}
	f.Close()
	c.prune(name)
	return false
}

// Store keeps what is known of the base at path, which the cache wants.
func (c *Cache) Store(path string, e *Entry) {
	if c == nil || c.root == nil {
		return
	}
	if name, ok := c.name(path); ok {
		c.write(name, e)
		c.prune(name)
	}
}

// name returns the name of the file for the base at path.
func (c *Cache) name(path string) (string, bool) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", false
	}
	sum := sha256.Sum256([]byte(c.version + "\x00" + abs))
	return hex.EncodeToString(sum[:12]) + suffix, true
}

// open opens a file that is the user's alone; nil for none.
func (c *Cache) open(name string) (*os.File, fs.FileInfo) {
	f, err := c.root.OpenFile(name, os.O_RDONLY|nonBlocking, 0) // it may be a pipe
	if err != nil {
		return nil, nil
	}
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() || !isOwn(st) {
		f.Close()
		return nil, nil
	}
	return f, st
}

// write puts e into the file called name, unless another process is about to.
func (c *Cache) write(name string, e *Entry) {
	temp := name + temporary
	if st, err := c.root.Lstat(temp); err == nil && time.Since(st.ModTime()) > abandoned {
		_ = c.root.Remove(temp) // else there it stays, and nothing is written
	}
	f, err := c.root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	err = e.writeTo(f, c.version)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = c.root.Rename(temp, name)
	}
	if err != nil {
		_ = c.root.Remove(temp) // the next one takes it for abandoned
	}
}

// prune removes the oldest files where there are too many, but not the one called
// keep.
func (c *Cache) prune(keep string) {
	d, err := c.root.Open(".")
	if err != nil {
		return
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil || len(entries) == 1 {
		return
	}
	type file struct {
		name string
		size int64
		time time.Time
	}
	var files []file
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, suffix) && !strings.HasSuffix(name, suffix+temporary) {
			continue
		}
		if st, err := e.Info(); err == nil {
			files = append(files, file{name, st.Size(), st.ModTime()})
		}
	}
	slices.SortFunc(files, func(a, b file) int {
		if a.name == keep || b.name == keep {
			return pick(a.name == keep, -1, 1)
		}
		return b.time.Compare(a.time)
	})
	left := c.limit
	for i, f := range files {
		if left -= f.size; i > 0 && (left < 0 || i >= maxFiles) {
			_ = c.root.Remove(f.name) // the next process tries again
		}
	}
}

func pick(first bool, a, b int) int {
	if first {
		return a
	}
	return b
}
