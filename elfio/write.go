package elfio

// Changing files on disk so that a process killed at any moment leaves either
// the old file or the new one.
//
// The usual way is a new file: a temporary one in the same directory takes
// over the old bytes (inside the kernel, and without copying where the file
// system can share blocks), gets the changes, mode, owner and extended
// attributes, and is renamed over the old one. On Linux it has no name until
// the last moment, so a killed run leaves nothing behind.
//
// A rename would part a file from its other hard links, and make it another
// user's where the owner cannot be given. Such a file is changed in place, in
// an order that keeps it a complete ELF file with the old or the new sections
// after every single write:
//
//	1. Everything new, with a section header table of its own, is written
//	   behind the end of the file, where no header looks.
//	2. The ELF header is written, in one piece, to use that table. This is
//	   the moment the file becomes the new one.
//	3. The same things are written where they belong: nothing uses those
//	   places any more.
//	4. The ELF header is written again to use these, and the file is cut.
//
// The bytes of step 1 begin with a marker. If the process is killed before
// step 4, the next change of the file finds it and drops them; until then they
// do no harm. The result is the same to the byte as that of the usual way. It
// writes only what changes, so it is also the faster way for large files; who
// does not mind trailing bytes after a kill can ask for it.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
)

var (
	// ErrChanged says that somebody else changed a file while it was used.
	ErrChanged = errors.New("file was changed by another process meanwhile")

	// ErrReadOnly says that a file has no write permission for anybody, which
	// is respected even where root or a rename would get around it.
	ErrReadOnly = errors.New("file is read-only")
)

// WriteOptions say how a file is changed. The zero value is the usual way.
type WriteOptions struct {
	// InPlace changes the file in place even where it has one link only: few
	// bytes are written instead of the whole file. A run killed in the act
	// can leave bytes behind the end of the ELF file.
	InPlace bool

	// Sync writes the file to the disk, so that it survives a power cut too.
	Sync bool

	// Expect is the stamp of the file that the patches were made from. If it
	// is not zero, the file must still have it.
	Expect Stamp

	// After, if it is not nil, becomes the stamp of the file as it is left,
	// changed or not. It stays as it was if the file is not left as it was
	// made: on error, or when somebody else has changed it already.
	After *Stamp

	// step is called before each step; a test stops or kills the work there.
	step func(name string) error
}

func (o *WriteOptions) at(name string) error {
	if o.step == nil {
		return nil
	}
	return o.step(name)
}

// ReplaceSection puts a section that is not loaded into the ELF file at path,
// or replaces it; see [ReplaceSections].
func ReplaceSection(path, name string, data []byte, opts WriteOptions) (changed bool, err error) {
	return ReplaceSections(path, opts, Patch{name, data})
}

// ReplaceSections puts patches into the ELF file at path, all or none. A
// section that exists gets the new content; one that is loaded must keep its
// size. All other sections keep bytes, index, links, offset and alignment. A
// file that has all of it already is not touched, and changed is false.
//
// Mode, owner, hard links and extended attributes are kept; path may be a
// symbolic link, whose target is changed. On error the file is as it was.
// Errors are *[fs.PathError]; what they wrap is [ErrSigned], [ErrChanged],
// [ErrReadOnly], [ErrNotELF], [FormatError] or one of the file system.
func ReplaceSections(path string, opts WriteOptions, patches ...Patch) (changed bool, err error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false, err
	}
	var r Reader
	defer r.Close()
	f, err := r.Open(real)
	if err != nil {
		return false, err
	}
	changed, err = replaceSections(f, &opts, patches)
	if err != nil {
		err = &fs.PathError{Op: "change", Path: real, Err: err}
	}
	return changed, err
}

func replaceSections(f *File, opts *WriteOptions, patches []Patch) (bool, error) {
	if opts.Expect != (Stamp{}) && !opts.Expect.Equal(f.Stamp) {
		return false, ErrChanged
	}
	p, err := newPlan(f, patches)
	if err != nil {
		return false, err
	}
	if p == nil {
		RemoveTemps(f.path)
		opts.leave(f.Stamp)
		return false, nil
	}
	w, err := os.OpenFile(f.path, os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	defer w.Close()
	st, err := w.Stat()
	if err != nil {
		return false, err
	}
	if !StampOf(st).Equal(f.Stamp) {
		return false, ErrChanged
	}
	if st.Mode().Perm()&0o222 == 0 {
		return false, fmt.Errorf("%w (mode %#o)", ErrReadOnly, st.Mode().Perm())
	}
	if opts.InPlace || linkCount(st) > 1 {
		return writeInPlace(w, p, opts)
	}
	err = writeRenamed(w, st, p, opts)
	if errors.Is(err, errOwner) {
		return writeInPlace(w, p, opts)
	}
	return err == nil, err
}

func (o *WriteOptions) leave(s Stamp) {
	if o.After != nil {
		*o.After = s
	}
}

// errOwner says that a new file cannot be given the owner of the old one.
var errOwner = errors.New("owner cannot be kept")

// writeRenamed makes the new file beside old and renames it over old.
func writeRenamed(old *os.File, st os.FileInfo, p *plan, opts *WriteOptions) error {
	path := p.f.path
	if err := opts.at("create"); err != nil {
		return err
	}
	tmp, err := createTemp(path, 0o600)
	if err != nil {
		return err
	}
	defer tmp.discard()
	if err := opts.at("copy"); err != nil {
		return err
	}
	if err := copyStart(tmp.File, old, p.keepEnd, p.size()); err != nil {
		return fmt.Errorf("copy to a temporary file: %w", err)
	}
	if err := opts.at("patch"); err != nil {
		return err
	}
	if err := p.writeFinal(tmp.File); err != nil {
		return fmt.Errorf("write a temporary file: %w", err)
	}
	if err := writeSpan(tmp.File, span{0, p.header}); err != nil {
		return fmt.Errorf("write a temporary file: %w", err)
	}
	if err := opts.at("metadata"); err != nil {
		return err
	}
	if err := copyMetadata(tmp.File, old, st); err != nil {
		return err
	}
	if opts.Sync {
		if err := tmp.Sync(); err != nil {
			return err
		}
	}
	if err := opts.at("check"); err != nil {
		return err
	}
	if err := checkUnchanged(path, old, p.f.Stamp); err != nil {
		return err
	}
	if err := opts.at("rename"); err != nil {
		return err
	}
	made, err := tmp.Stat()
	if err != nil {
		return err
	}
	if err := tmp.publish(path); err != nil {
		return err
	}
	// The rename has changed the inode, so it is looked at again.
	if st, err := os.Lstat(path); err == nil && StampOf(st).Equal(StampOf(made)) {
		opts.leave(StampOf(st))
	}
	if opts.Sync {
		return syncDir(path)
	}
	return nil
}

// checkUnchanged checks that path is still the file that was read.
func checkUnchanged(path string, old *os.File, want Stamp) error {
	open, err := old.Stat()
	if err != nil {
		return err
	}
	now, err := os.Lstat(path) // last: nothing comes between this and what follows
	if err != nil {
		return err
	}
	if !StampOf(now).Equal(want) || !StampOf(open).Equal(want) {
		return ErrChanged
	}
	return nil
}

// writeFinal writes everything but the ELF header to where it belongs.
func (p *plan) writeFinal(w io.WriterAt) error {
	for _, s := range p.spans {
		if err := writeSpan(w, s); err != nil {
			return err
		}
	}
	for _, z := range p.zeros {
		if err := writeZeros(w, z); err != nil {
			return err
		}
	}
	return writeSpan(w, span{p.keepEnd, p.tail})
}

func writeSpan(w io.WriterAt, s span) error {
	_, err := w.WriteAt(s.data, int64(s.off))
	return err
}

func writeZeros(w io.WriterAt, z region) error {
	var page [4096]byte
	for z.size > 0 {
		n := min(z.size, uint64(len(page)))
		if err := writeSpan(w, span{z.off, page[:n]}); err != nil {
			return err
		}
		z.off, z.size = z.off+n, z.size-n
	}
	return nil
}

// marker begins what a change in place writes behind the end of the file. A
// number follows: the bytes of the file that it does not drop.
const (
	marker     = "\x00gobtfenc change\n"
	markerSize = uint64(len(marker) + 8)
)

func appendMarker(b []byte, keepEnd uint64) []byte {
	return binary.LittleEndian.AppendUint64(append(b, marker...), keepEnd)
}

// findMarker finds a marker in b and returns its number.
func findMarker(b []byte) (keepEnd uint64, ok bool) {
	i := bytes.Index(b, []byte(marker))
	if i < 0 || uint64(len(b)-i) < markerSize {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b[i+len(marker):]), true
}

// writeInPlace changes the open file w by the four steps above.
func writeInPlace(w *os.File, p *plan, opts *WriteOptions) (changed bool, err error) {
	f := p.f
	for i := range p.targets {
		if p.targets[i].loaded && f.hdr.phnum > 0 {
			return false, fmt.Errorf("section %s: is loaded by a segment and cannot be changed in place (the file has several links, or in place was asked for)", p.targets[i].patch.Name)
		}
	}
	if err := lockFile(w); err != nil {
		return false, fmt.Errorf("lock: %w", err)
	}
	// By its name too: another file may have taken its place meanwhile.
	if err := checkUnchanged(f.path, w, f.Stamp); err != nil {
		return false, err
	}
	start := (max(f.size, p.size()) + 15) &^ 15
	// The zeros up to start are written too: then none of the later steps
	// needs a new block, and so a full disk shows in the first one.
	l := p.layOut(f.size, appendMarker(make([]byte, start-f.size), p.keepEnd), true)
	header := p.newHeader(l)
	if !f.Class64 && f.size+uint64(len(l.bytes)) > math.MaxUint32 {
		return false, &FormatError{Msg: "ELF32 file would become too large, size", Val: f.size + uint64(len(l.bytes))}
	}
	sync := func() error {
		if opts.Sync {
			return w.Sync()
		}
		return nil
	}
	steps := []struct {
		name string
		do   func() error
	}{
		{"append", func() error { return writeSpan(w, span{f.size, l.bytes}) }},
		{"commit", func() error { return writeSpan(w, span{0, header}) }},
		{"settle", func() error { return p.writeFinal(w) }},
		{"settle header", func() error { return writeSpan(w, span{0, p.header}) }},
		{"cut", func() error { return w.Truncate(int64(p.size())) }},
	}
	for i, s := range steps {
		err := opts.at(s.name)
		if err == nil {
			err = s.do()
		}
		if err == nil {
			err = sync()
		}
		if err == nil {
			continue
		}
		if i <= 1 {
			// Not committed: give the old file back to the byte. Where the old
			// header cannot be, the new one may stand there, and needs what is
			// behind the end.
			var undo error
			if i == 1 {
				undo = writeSpan(w, span{0, p.oldHeader})
			}
			if undo == nil {
				undo = w.Truncate(int64(f.size))
			}
			if undo != nil {
				return false, fmt.Errorf("change in place: it cannot be undone, and bytes are left behind the end: %w", err)
			}
			return false, fmt.Errorf("change in place: %w", err)
		}
		return true, fmt.Errorf("change in place: the new sections are in, but bytes are left behind the end: %w", err)
	}
	if st, err := w.Stat(); err == nil {
		opts.leave(StampOf(st))
	}
	return true, nil
}

// WriteFileAtomic writes data to the file at path: through a temporary file, so the
// file is the old one or the new one, complete, at any moment. perm is used
// before umask, as in os.WriteFile.
func WriteFileAtomic(path string, data []byte, perm fs.FileMode) error {
	return WriteAtomic(path, perm, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteAtomic is WriteFileAtomic of what write writes. If that returns an error,
// it is returned, and the file stays as it is.
func WriteAtomic(path string, perm fs.FileMode, write func(io.Writer) error) error {
	tmp, err := createTemp(path, perm)
	if err != nil {
		return err
	}
	defer tmp.discard()
	if err := write(tmp); err != nil {
		return err
	}
	return tmp.publish(path)
}

// NewFile is what a file is to hold.
type NewFile struct {
	Path string
	Data []byte
}

// WriteFilesAtomic is WriteFileAtomic for files that belong together. All data are
// written before the first file takes its place, so that a full disk changes none;
// then they do in the order given. On error failed is the index of its file, and
// those in front may be in their places.
func WriteFilesAtomic(files []NewFile, perm fs.FileMode) (failed int, err error) {
	var temps []*tempFile
	defer func() {
		for _, tmp := range temps {
			tmp.discard()
		}
	}()
	for i, f := range files {
		tmp, err := createTemp(f.Path, perm)
		if err != nil {
			return i, err
		}
		temps = append(temps, tmp)
		if _, err := tmp.Write(f.Data); err != nil {
			return i, err
		}
	}
	for i, f := range files {
		if err := temps[i].publish(f.Path); err != nil {
			return i, err
		}
	}
	return 0, nil
}
