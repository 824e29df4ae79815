package encoder

import (
	"errors"
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/elfio"
)

// Where the BTF of files is looked at and not written (Options.Take), a file
// need not have DWARF: the BTF that it ships with will do. Raw BTF has nothing
// else. And it may be compressed, as modules are installed.

// ErrNothing is the error of a file that Options.Take has nothing to look at in.
var ErrNothing = errors.New("neither DWARF (.debug_info) nor a .BTF section")

// open opens a file, which may be compressed if it is only to be looked at.
func (w *worker) open(path string) (*elfio.File, error) {
	if w.opts.Take != nil {
		return openPlainOrPacked(&w.elf, path)
	}
	return w.elf.Open(path)
}

// takeShipped takes the BTF that the file has, whatever it is.
func (w *worker) takeShipped(r *Result) error {
	file, err := readBTF(r.Path)
	if err != nil {
		return plain(err)
	}
	return w.takeRead(r, file)
}

// takeSection takes the BTF that f has, which has no DWARF.
func (w *worker) takeSection(f *elfio.File, r *Result) error {
	file, err := sectionBTF(f)
	if errors.Is(err, ErrNoBTF) {
		return ErrNothing
	}
	if err != nil {
		return err
	}
	return w.takeRead(r, file)
}

func (w *worker) takeRead(r *Result, file *btfFile) error {
	b, err := readOn(file, w.opts.Base)
	if err != nil {
		return err
	}
	// Whoever takes it goes through all names.
	if b.NamesExceed(btf.MaxNames) {
		return fmt.Errorf("BTF whose names are the tails of others and have more than %d bytes together", btf.MaxNames)
	}
	r.NoDWARF = true
	r.Before = uint64(len(file.data))
	r.After, r.Types = r.Before, b.NumOwn()
	w.take(r, b)
	return nil
}

// take shows b, the BTF of r.
func (w *worker) take(r *Result, b *btf.BTF) {
	r.BTF = b
	w.opts.Take(r)
	r.BTF = nil // a worker's memory, and used again
}

// AppendBTF appends the BTF that r is taken with, as it would be written.
func (r *Result) AppendBTF(buf []byte) []byte {
	return btf.Append(buf, &r.BTF.Types, r.BTF.Strs, r.BTF.Order)
}
