// Package objtree knows what a directory that a kernel, or a module out of its
// tree, was built in says of its modules, and keeps what was done with them for
// the next time.
package objtree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gobtfenc/gobtfenc/elfio"
)

// Kbuild lists the modules that it builds in modules.order, one a line, by
// paths from where it ran:
//
//	fs/xfs/xfs.o           Linux 6.3 and later
//	fs/xfs/xfs.ko          before
//	kernel/fs/xfs/xfs.ko   below /lib/modules/VERSION, where they are installed
//	/src/drv/drv.o         M=/src/drv before Linux 6.13, in /src/drv/modules.order
//	drivers/drv/drv.o      M=drivers/drv then, in drivers/drv/modules.order
//
// So a line is looked up below the directory as it is, else without kernel/, else
// without what the directory's own path ends in. A module is listed once, however
// often its line is there: Kbuild drops the others too. What leads out of the
// directory was not written by Kbuild, and then nothing of the list is believed.
//
// Symbolic links are followed: a tree may be put together from them. A file that
// is listed by several names is one module, by the first of them: what is done
// with it shows by all.

// Order is a modules.order.
type Order struct {
	Modules []Module // in order, each once

	// Carriers are the paths of modules that carry the BTF of vmlinux
	// (btf_vmlinux.ko, with CONFIG_DEBUG_INFO_BTF=m). They are not in Modules:
	// theirs is no split BTF.
	Carriers []string
}

// Module is one line of it.
type Module struct {
	Name string      // path below the directory, with slashes
	Path string      // to open it
	Info fs.FileInfo // nil: it is not there
}

// maxOrder bounds modules.order, in bytes: a hundred times what a kernel with
// all modules has.
const maxOrder = 64 << 20

const orderName = "modules.order"

// ReadOrder reads the modules.order of dir.
func ReadOrder(dir string) (*Order, error) {
	text, err := readOrder(dir)
	if err != nil {
		return nil, err
	}
	ls, err := newLister(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, reason(err))
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := ls.add(line); err != nil {
			return nil, fmt.Errorf("%s: line %d: %q %w", filepath.Join(dir, orderName), n, line, err)
		}
	}
	return &ls.order, nil
}

func readOrder(dir string) (string, error) {
	name := filepath.Join(dir, orderName)
	st, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(dir); err != nil {
			return "", fmt.Errorf("%s: %w", dir, reason(err))
		}
		return "", fmt.Errorf("%s: no %s: not a build directory, or without make modules yet", dir, orderName)
	case err != nil:
		return "", fmt.Errorf("%s: %w", name, reason(err))
	case !st.Mode().IsRegular():
		return "", fmt.Errorf("%s: not a regular file", name)
	}
	data, err := readBounded(name, maxOrder)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return string(data), nil
}

// readBounded reads a file of at most limit bytes.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, reason(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("more than %d bytes", limit)
	}
	return data, nil
}

// reason takes the path off an error of the file system.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// lister turns lines into an Order.
type lister struct {
	dir   string
	roots []string // dir's absolute paths, with and without symbolic links
	seen  map[string]bool
	files map[fileID]bool
	order Order
}

// fileID tells a file from all others, by whatever name.
type fileID struct{ dev, ino uint64 }

func newLister(dir string) (*lister, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return nil, err
	}
	return &lister{dir: dir, roots: []string{abs, real}, seen: map[string]bool{}, files: map[fileID]bool{}}, nil
}

var errOutside = errors.New("leads out of the directory")

func (ls *lister) add(line string) error {
	name := line
	if o, ok := strings.CutSuffix(line, ".o"); ok {
		name = o + ".ko"
	}
	if !strings.HasSuffix(name, ".ko") || strings.ContainsRune(name, 0) {
		return errors.New("is no module (.ko or .o)")
	}
	if path.IsAbs(name) {
		rel, ok := ls.below(name)
		if !ok {
			return errOutside
		}
		name = rel
	}
	name = path.Clean(name)
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return errOutside
	}
	m := ls.find(name)
	switch {
	case ls.seen[m.Name], ls.isLink(m):
	case path.Base(m.Name) == "btf_vmlinux.ko":
		ls.order.Carriers = append(ls.order.Carriers, m.Path)
	default:
		ls.order.Modules = append(ls.order.Modules, m)
	}
	ls.seen[m.Name] = true
	return nil
}

// isLink says whether m's file was listed by another name.
func (ls *lister) isLink(m Module) bool {
	if m.Info == nil {
		return false
	}
	stamp := elfio.StampOf(m.Info)
	if stamp.Ino == 0 {
		return false // the system does not say
	}
	id := fileID{stamp.Dev, stamp.Ino}
	was := ls.files[id]
	ls.files[id] = true
	return was
}

// below returns where below dir an absolute path leads.
func (ls *lister) below(name string) (rel string, ok bool) {
	for _, root := range ls.roots {
		if rel, ok := strings.CutPrefix(path.Clean(name), filepath.ToSlash(root)+"/"); ok {
			return rel, true
		}
	}
	return "", false
}

// find looks a module up. One that is not there keeps the name it is listed
// with.
func (ls *lister) find(name string) Module {
	for _, n := range ls.candidates(name) {
		file := filepath.Join(ls.dir, filepath.FromSlash(n))
		if st, err := os.Stat(file); err == nil {
			return Module{Name: n, Path: file, Info: st}
		}
	}
	return Module{Name: name, Path: filepath.Join(ls.dir, filepath.FromSlash(name))}
}

// candidates are the names below dir that a line can mean.
func (ls *lister) candidates(name string) []string {
	all := []string{name}
	if rest, ok := strings.CutPrefix(name, "kernel/"); ok {
		all = append(all, rest)
	}
	for i := 1; i < len(name); i++ {
		if name[i] != '/' {
			continue
		}
		for _, root := range ls.roots {
			if strings.HasSuffix(filepath.ToSlash(root), "/"+name[:i]) {
				all = append(all, name[i+1:])
			}
		}
	}
	return all
}
