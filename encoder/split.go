// SPDX-License-Identifier: BSD-2-Clause

package encoder

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/elfio"
)

// Debugging information that is in other files than the one that is encoded:
// split units in .dwo files, one for each unit (-gsplit-dwarf), and what dwz
// has moved into a file for several ("dwz -m"). Both are named by a path that
// was good when it was written; a tree that was moved still has them beside the
// objects, and packages put the latter below /usr/lib/debug by its build ID.
//
// A file that is not there is an error where something is missing without it:
// BTF with the better part left out would look right.

// debugDir is where packages of distributions put debugging information. It is
// variable for tests.
var debugDir = "/usr/lib/debug"

// maxSplitAgain is how many bytes of .dwo files are read another time, because
// several units are in one (link-time optimisation), before that is refused: a
// small object could ask for a large file a million times. It is variable for
// tests.
var maxSplitAgain uint64 = 256 << 20

// OtherFile is a file that was looked at for what it has of another one.
type OtherFile struct {
	Path  string
	Stamp elfio.Stamp // zero: it was not there
}

// elsewhere finds what a file has in others, and notes where that was looked
// for. Several goroutines may use it.
type elsewhere struct {
	path string // of the file

	mu     sync.Mutex
	looked map[string]elfio.Stamp
	opened map[any]bool // .dwo files
	again  uint64       // bytes read of them another time
}

func newElsewhere(path string) *elsewhere {
	return &elsewhere{path: path}
}

// open opens a file that may not be there.
func (e *elsewhere) open(r *elfio.Reader, path string) (*elfio.File, error) {
	f, err := r.Open(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err // the whole fails
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.looked == nil {
		e.looked = map[string]elfio.Stamp{}
	}
	e.looked[path] = elfio.Stamp{}
	if err == nil {
		e.looked[path] = f.Stamp
	}
	return f, err
}

// files are the files that were looked for, in order of their paths.
func (e *elsewhere) files() []OtherFile {
	var all []OtherFile
	for _, path := range slices.Sorted(maps.Keys(e.looked)) {
		all = append(all, OtherFile{path, e.looked[path]})
	}
	return all
}

// spend accounts for the bytes of a .dwo file. The sum of what is read again does
// not depend on the order in which units are come to, so that whether it is too
// much does not either.
func (e *elsewhere) spend(f *elfio.File, path string, size uint64) error {
	var id any = path
	if f.Stamp.Ino != 0 {
		id = [2]uint64{f.Stamp.Dev, f.Stamp.Ino} // it may have several names
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.opened == nil {
		e.opened = map[any]bool{}
	}
	if !e.opened[id] {
		e.opened[id] = true
		return nil
	}
	if e.again += size; e.again > maxSplitAgain {
		return fmt.Errorf("split DWARF (-gsplit-dwarf): several units are in one .dwo file, of which more than %d bytes would be read again", maxSplitAgain)
	}
	return nil
}

// openSplit opens the .dwo file of a unit.
func (e *elsewhere) openSplit(ref dwarfconv.SplitRef) (*dwarfconv.Sections, func(), error) {
	tried := splitPaths(e.path, ref)
	for _, p := range tried {
		r := new(elfio.Reader)
		f, err := e.open(r, p)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var sec *dwarfconv.Sections
		if err == nil {
			sec, err = splitSections(f)
		}
		if err != nil {
			r.Close()
			return nil, nil, fmt.Errorf("%s: %w", p, plain(err))
		}
		if err := e.spend(f, p, splitSize(sec)); err != nil {
			r.Close()
			return nil, nil, err
		}
		return sec, func() { r.Close() }, nil
	}
	return nil, nil, fmt.Errorf("split DWARF (-gsplit-dwarf): no %s at %s%s", ref.Name, strings.Join(tried, ", "), e.packed(tried))
}

// splitSize is how many bytes the sections of a .dwo file have.
func splitSize(s *dwarfconv.Sections) uint64 {
	n := 0
	for _, b := range [][]byte{s.Info, s.Types, s.Abbrev, s.Str, s.StrOffsets, s.Loclists, s.Loc} {
		n += len(b)
	}
	return uint64(n)
}

// packed says of a .dwo file that is not there that dwp may have put it into a
// package, which is not read: beside the object, or beside where it was.
func (e *elsewhere) packed(tried []string) string {
	names := []string{e.path + ".dwp", strings.TrimSuffix(e.path, filepath.Ext(e.path)) + ".dwp"}
	for _, p := range tried {
		names = append(names, strings.TrimSuffix(p, ".dwo")+".dwp")
	}
	for _, name := range names {
		if st, err := os.Stat(name); err == nil && st.Mode().IsRegular() {
			return fmt.Sprintf("; it may be in %s, but packages of .dwo files are not read", filepath.Clean(name))
		}
	}
	return ""
}

// splitPaths returns where a .dwo file may be: where it was written, else
// beside the object.
func splitPaths(path string, ref dwarfconv.SplitRef) []string {
	dir := filepath.Dir(path)
	written := ref.Name
	if !filepath.IsAbs(written) && ref.Dir != "" {
		written = filepath.Join(ref.Dir, written)
	}
	return compact(written, filepath.Join(dir, ref.Name), filepath.Join(dir, filepath.Base(ref.Name)))
}

// compact leaves out what is there before.
func compact(paths ...string) []string {
	var out []string
	for _, p := range paths {
		p = filepath.Clean(p)
		if len(out) == 0 || out[len(out)-1] != p {
			out = append(out, p)
		}
	}
	return out
}

// splitSections reads the sections of a .dwo file.
func splitSections(f *elfio.File) (*dwarfconv.Sections, error) {
	s := &dwarfconv.Sections{Order: f.Order(), Split: true}
	return s, readDebug(f, ".dwo", []debugSection{
		{".debug_info", &s.Info, true},
		{".debug_types", &s.Types, false},
		{".debug_abbrev", &s.Abbrev, false},
		{".debug_str", &s.Str, false},
		{".debug_str_offsets", &s.StrOffsets, false},
		{".debug_loclists", &s.Loclists, false},
		{".debug_loc", &s.Loc, false},
	})
}

// supplement reads the supplementary file that f names, if it names one. Where
// that is not found s has its name alone.
func (e *elsewhere) supplement(f *elfio.File, s *dwarfconv.Sections, hold *elfio.Reader) error {
	name, id, err := supLink(f)
	if name == "" || err != nil {
		return err
	}
	s.SupName = name
	for _, p := range supPaths(e.path, name, id) {
		sup, err := e.open(hold, p)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			s.SupName = p
			s.Sup, err = supSections(sup, id)
		}
		if err != nil {
			return fmt.Errorf("supplementary file %s: %w", p, plain(err))
		}
		return nil
	}
	s.SupName += ", which is not found"
	return nil
}

// supPaths returns where a supplementary file may be.
func supPaths(path, name string, id []byte) []string {
	var out []string
	if filepath.IsAbs(name) {
		out = append(out, name)
	} else {
		out = append(out, filepath.Join(filepath.Dir(path), name))
		if real, err := filepath.EvalSymlinks(path); err == nil {
			out = append(out, filepath.Join(filepath.Dir(real), name))
		}
	}
	if len(id) > 1 {
		hex := fmt.Sprintf("%x", id)
		out = append(out, filepath.Join(debugDir, ".build-id", hex[:2], hex[2:]+".debug"))
	}
	out = append(out, filepath.Join(filepath.Dir(path), filepath.Base(name)))
	return compact(out...)
}

// supSections reads the sections of a supplementary file and checks that it is
// the one with this ID.
func supSections(f *elfio.File, id []byte) (*dwarfconv.Sections, error) {
	if own := supID(f); len(id) > 0 && !bytes.Equal(own, id) {
		return nil, fmt.Errorf("its ID is %x, %x is asked for", own, id)
	}
	s := &dwarfconv.Sections{Order: f.Order()}
	return s, readDebug(f, "", []debugSection{
		{".debug_info", &s.Info, true},
		{".debug_abbrev", &s.Abbrev, false},
		{".debug_str", &s.Str, false},
		{".debug_line_str", &s.LineStr, false},
		{".debug_str_offsets", &s.StrOffsets, false},
	})
}

// supLink returns name and ID of the supplementary file that f refers to, empty
// for none. GNU's link is a path and a build ID, DWARF 5 has a section of its
// own (§7.3.6), which is in both files.
func supLink(f *elfio.File) (name string, id []byte, err error) {
	if i := f.Index(".gnu_debugaltlink"); i > 0 {
		b, err := f.SectionData(i)
		if err != nil {
			return "", nil, err
		}
		path, id, ok := bytes.Cut(b, []byte{0})
		if !ok || len(path) == 0 {
			return "", nil, fmt.Errorf("section .gnu_debugaltlink: no path in its %#x bytes", len(b))
		}
		return string(path), id, nil
	}
	isSup, name, id, err := debugSup(f)
	if isSup || err != nil {
		return "", nil, err
	}
	return name, id, nil
}

// debugSup reads .debug_sup; all is zero where there is none.
func debugSup(f *elfio.File) (isSup bool, name string, id []byte, err error) {
	i := f.Index(".debug_sup")
	if i == 0 {
		return false, "", nil, nil
	}
	b, err := f.SectionData(i)
	if err != nil {
		return false, "", nil, err
	}
	if len(b) > 3 {
		path, rest, ok := bytes.Cut(b[3:], []byte{0})
		n, used := binary.Uvarint(rest)
		if ok && used > 0 && n <= uint64(len(rest)-used) {
			return b[2] != 0, string(path), rest[used : used+int(n)], nil
		}
	}
	return false, "", nil, fmt.Errorf("section .debug_sup: no path and checksum in its %#x bytes", len(b))
}

// supID returns what a supplementary file is known by: its build ID, or the
// checksum of its .debug_sup.
func supID(f *elfio.File) []byte {
	if isSup, _, id, err := debugSup(f); isSup && err == nil {
		return id
	}
	i := f.Index(".note.gnu.build-id")
	if i == 0 {
		return nil
	}
	b, err := f.SectionData(i)
	const header = 16 // three words, and "GNU"
	if err != nil || len(b) < header {
		return nil
	}
	n := uint64(f.Order().Uint32(b[4:]))
	if n > uint64(len(b)-header) {
		return nil
	}
	return b[header : header+int(n)]
}
