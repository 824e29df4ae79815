package objtree

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gobtfenc/gobtfenc/elfio"
)

// What is known of a tree after a run is in a file of it, so that the next run
// leaves alone, and does not even open, what is up to date: what was encoded by
// the same program for the same base with the same options, and has not been
// touched since. Of the base its contents count: vmlinux may be linked again and
// come out the same.
//
//	gobtfenc tree 1
//	tool v1.2.0
//	base 41c3…                  digest of its BTF
//	options features=…
//	512 9688 1732500000000000000 1732500000000000001 77 fs/xfs/xfs.ko
//	+ 73120 1732500000000000000 1732500000000000000 78 /src/fs/xfs/xfs_aops.dwo
//	+ -1 0 0 0 /src/out/fs/xfs/xfs_aops.dwo
//	…
//	sum 9f02…                   digest of all of the above
//
// A line has bytes of .BTF (- where there was no DWARF), bytes of the file, times
// of its contents and its inode in nanoseconds, and the inode's number. The time
// of the inode is what makes it safe: a file whose .BTF was stripped, with the
// old time given back, has another one, and nobody can set it. Lines with + are
// other files that the module's debugging information was looked for in; -1 bytes:
// it was not there, and would perhaps count if it were.
//
// A file that is changed again in the tick of the clock in which it was looked
// at, to the same size, cannot be told from the one that was looked at. So what
// is not older than the manifest itself is not taken for up to date (git has the
// same problem with its index, and the same answer). [Manifest.Write] waits for
// the next tick, so that this is for file systems that count in seconds, and for
// clocks that were set back. It finds what others do to a module behind a run. Who
// writes to one while the run is at work on the next ones, within the tick in
// which it was left and to the same size, is not found.
//
// Nothing hangs on the manifest. Any that is not understood to the last byte is
// as good as none, paths in it are looked at but never opened, and what it says of
// a file is believed only where the file's stamp is the same.

// ManifestName is the name of the manifest in its tree.
const ManifestName = ".gobtfenc.tree"

// maxManifest bounds it, in bytes: a hundred times that of a kernel with all
// modules.
const maxManifest = 64 << 20

// tick is longer than a tick of the kernel's clock for times of files: 1/HZ.
const tick = 20 * time.Millisecond

// Manifest says what is up to date. The zero value has nothing.
type Manifest struct {
	Key     Key
	Entries map[string]Entry // by Module.Name

	written time.Time // zero: not read from a file
}

// Key is what everything in a manifest was made with.
type Key struct {
	Tool    string            // the program; one line
	Base    [sha256.Size]byte // digest of the base's BTF
	Options string            // that matter; one line
}

// Entry is one module as it was left.
type Entry struct {
	Stamp   elfio.Stamp // without Dev, which can change when a disk is mounted
	BTF     uint64      // bytes of .BTF
	NoDWARF bool        // and hence without .BTF
	Others  []Other     // in order of their paths, each once
}

// Other is another file that a module was made of.
type Other struct {
	Path  string      // absolute
	Stamp elfio.Stamp // as Entry.Stamp; zero: it was not there
}

// ReadManifest reads the manifest of dir. The error says why there is none that
// can be used.
func ReadManifest(dir string) (*Manifest, error) {
	name := filepath.Join(dir, ManifestName)
	st, err := os.Lstat(name)
	if err != nil {
		return nil, reason(err)
	}
	if !st.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	data, err := readBounded(name, maxManifest)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(data)
	if err != nil {
		return nil, err
	}
	m.written = st.ModTime()
	return m, nil
}

const magic = "gobtfenc tree 1"

// append appends m to b. The same m gives the same bytes.
func (m *Manifest) append(b []byte) []byte {
	start := len(b)
	b = fmt.Appendf(b, "%s\ntool %s\nbase %x\noptions %s\n", magic, m.Key.Tool, m.Key.Base, m.Key.Options)
	for _, name := range slices.Sorted(maps.Keys(m.Entries)) {
		e := m.Entries[name]
		size := strconv.FormatUint(e.BTF, 10)
		if e.NoDWARF {
			size = "-"
		}
		b = appendLine(b, size, e.Stamp.Size, e.Stamp, name)
		for _, o := range e.Others {
			size := o.Stamp.Size
			if o.isAbsent() {
				size = -1
			}
			b = appendLine(b, "+", size, o.Stamp, o.Path)
		}
	}
	return fmt.Appendf(b, "sum %x\n", sha256.Sum256(b[start:]))
}

func appendLine(b []byte, first string, size int64, s elfio.Stamp, name string) []byte {
	return fmt.Appendf(b, "%s %d %d %d %d %s\n", first, size, nanos(s.Mod), nanos(s.Change), s.Ino, name)
}

func (o *Other) isAbsent() bool { return o.Stamp == elfio.Stamp{} }

// nanos is a time since 1970, 0 for none.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

var (
	errDamaged = errors.New("cut or damaged")
	errForeign = errors.New("not of this form")
)

// parseManifest reads what append wrote, and nothing else.
func parseManifest(data []byte) (*Manifest, error) {
	end := bytes.LastIndex(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) + 1
	if string(data[end:]) != fmt.Sprintf("sum %x\n", sha256.Sum256(data[:end])) {
		return nil, errDamaged
	}
	lines := strings.Split(strings.TrimSuffix(string(data[:end]), "\n"), "\n")
	if len(lines) < 4 || lines[0] != magic {
		return nil, errForeign
	}
	m := &Manifest{Entries: make(map[string]Entry, len(lines))}
	tool, isTool := strings.CutPrefix(lines[1], "tool ")
	base, isBase := strings.CutPrefix(lines[2], "base ")
	options, isOptions := strings.CutPrefix(lines[3], "options ")
	sum, err := hex.DecodeString(base)
	if !isTool || !isBase || !isOptions || err != nil || len(sum) != sha256.Size {
		return nil, errForeign
	}
	m.Key = Key{tool, [sha256.Size]byte(sum), options}
	last := ""
	for _, line := range lines[4:] {
		l, ok := parseLine(line)
		e, isOther := m.Entries[last], l.first == "+"
		switch {
		case !ok || isOther && (last == "" || !filepath.IsAbs(l.name)):
			return nil, errForeign
		case isOther:
			e.Others = append(e.Others, Other{Path: l.name, Stamp: l.stamp})
		default:
			last = l.name
			if e, ok = l.entry(); !ok {
				return nil, errForeign
			}
		}
		m.Entries[last] = e
	}
	if !bytes.Equal(m.append(nil), data) {
		return nil, errForeign // names twice, or without order, and the like
	}
	return m, nil
}

// manifestLine is a line of a module or of another file.
type manifestLine struct {
	first string
	stamp elfio.Stamp
	name  string
}

func parseLine(line string) (l manifestLine, ok bool) {
	f := strings.SplitN(line, " ", 6)
	if len(f) != 6 {
		return l, false
	}
	var mod, change int64
	var err [4]error
	l.first, l.name = f[0], f[5]
	l.stamp.Size, err[0] = strconv.ParseInt(f[1], 10, 64)
	mod, err[1] = strconv.ParseInt(f[2], 10, 64)
	change, err[2] = strconv.ParseInt(f[3], 10, 64)
	l.stamp.Ino, err[3] = strconv.ParseUint(f[4], 10, 64)
	l.stamp.Mod, l.stamp.Change = time.Unix(0, mod), time.Unix(0, change)
	if l.first == "+" && l.stamp.Size == -1 {
		l.stamp = elfio.Stamp{}
	}
	return l, err == [4]error{} && l.stamp.Size >= 0
}

// entry is what the line of a module says.
func (l *manifestLine) entry() (e Entry, ok bool) {
	e.Stamp = l.stamp
	if l.first == "-" {
		e.NoDWARF = true
		return e, filepath.IsLocal(l.name)
	}
	var err error
	e.BTF, err = strconv.ParseUint(l.first, 10, 64)
	return e, err == nil && filepath.IsLocal(l.name) && e.BTF <= uint64(l.stamp.Size)
}

// Stale says why nothing in m is up to date for key; empty: not so.
func (m *Manifest) Stale(key Key) string {
	switch {
	case m.Key.Tool != key.Tool:
		return fmt.Sprintf("gobtfenc was %s, is %s", m.Key.Tool, key.Tool)
	case m.Key.Base != key.Base:
		return "the base was another one"
	case m.Key.Options != key.Options:
		return fmt.Sprintf("options were %s, are %s", m.Key.Options, key.Options)
	}
	return ""
}

// Changed says why a module that is there is not up to date; empty: it is.
func (m *Manifest) Changed(mod Module) string {
	e, ok := m.Entries[mod.Name]
	if !ok {
		return "not encoded before"
	}
	if why := changed(e.Stamp, elfio.StampOf(mod.Info)); why != "" {
		return why
	}
	for i := range e.Others {
		if why := e.Others[i].changed(); why != "" {
			return fmt.Sprintf("%s %s", e.Others[i].Path, why)
		}
	}
	if m.tooNew(e) {
		return "may have been changed while it was noted"
	}
	return ""
}

// changed says why a file is not what it was.
func (o *Other) changed() string {
	st, err := os.Stat(o.Path)
	switch {
	case o.isAbsent() && errors.Is(err, fs.ErrNotExist):
		return ""
	case o.isAbsent():
		return "was not there"
	case err != nil:
		return fmt.Sprintf("cannot be looked at: %v", reason(err))
	}
	return changed(o.Stamp, elfio.StampOf(st))
}

// changed says what two stamps differ in.
func changed(was, is elfio.Stamp) string {
	switch {
	case was.Size != is.Size:
		return fmt.Sprintf("had %d bytes, has %d", was.Size, is.Size)
	case nanos(was.Mod) != nanos(is.Mod):
		return fmt.Sprintf("was of %s, is of %s", clock(was.Mod), clock(is.Mod))
	case was.Ino != is.Ino:
		return "another file has taken its place"
	case nanos(was.Change) != nanos(is.Change):
		return fmt.Sprintf("its inode was changed at %s", clock(is.Change))
	}
	return ""
}

func clock(t time.Time) string { return t.Format("2006-01-02 15:04:05.000000000") }

// tooNew says that e is not older than the manifest.
func (m *Manifest) tooNew(e Entry) bool {
	return !m.written.IsZero() && !latest(e).Before(m.written)
}

// latest is when a module, or one of its other files, was changed last, as far as
// stamps say.
func latest(e Entry) time.Time {
	t := lastChange(e.Stamp)
	for _, o := range e.Others {
		if c := lastChange(o.Stamp); c.After(t) {
			t = c
		}
	}
	return t
}

func lastChange(s elfio.Stamp) time.Time {
	if nanos(s.Change) != 0 {
		return s.Change
	}
	return s.Mod
}

// Write writes m as the manifest of dir, as a whole, unless old says the same.
// What is written is never older than what it is about, but for times that lie
// ahead: to wait for these would not help.
func (m *Manifest) Write(dir string, old *Manifest) error {
	if old != nil && !m.betterThan(old) {
		return nil
	}
	for _, e := range m.Entries {
		if wait := tick - time.Since(latest(e)); wait > 0 && wait <= tick {
			time.Sleep(wait)
		}
	}
	name := filepath.Join(dir, ManifestName)
	if err := elfio.WriteFileAtomic(name, m.append(nil), 0o644); err != nil {
		return fmt.Errorf("%s: %w", name, reason(err))
	}
	return nil
}

// betterThan says whether m has something to say that old, a manifest on disk,
// has not: also that what was too new is not so any more.
func (m *Manifest) betterThan(old *Manifest) bool {
	if !bytes.Equal(m.append(nil), old.append(nil)) {
		return true
	}
	now := time.Now()
	for _, e := range m.Entries {
		if old.tooNew(e) && latest(e).Before(now) {
			return true
		}
	}
	return false
}

// EntryOf returns the entry of a module left with stamp, which others were looked
// at for. It is false where a path cannot be noted.
func EntryOf(stamp elfio.Stamp, btf uint64, noDWARF bool, others ...Other) (Entry, bool) {
	stamp.Dev = 0
	e := Entry{Stamp: stamp, BTF: btf, NoDWARF: noDWARF}
	for _, o := range others {
		path, err := filepath.Abs(o.Path)
		if err != nil || strings.ContainsRune(path, '\n') {
			return e, false
		}
		o.Path, o.Stamp.Dev = path, 0
		e.Others = append(e.Others, o)
	}
	slices.SortFunc(e.Others, func(a, b Other) int { return strings.Compare(a.Path, b.Path) })
	e.Others = slices.CompactFunc(e.Others, func(a, b Other) bool { return a.Path == b.Path })
	return e, true
}
