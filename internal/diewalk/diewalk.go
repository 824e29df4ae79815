// Package diewalk steps over every DIE of a file and does nothing else. What
// that takes is what no encoder can do without, and what ours is measured
// against.
//
// Of the relocations of .debug_info it applies those alone that stepping needs:
// where a unit's abbreviations begin. It is for machines with explicit addends
// whose linker changes no lengths, or none to apply, such as x86 and arm64, and
// for sections that are not compressed.
package diewalk

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/elfio"
)

// A Walker walks files one after the other and keeps its memory between them.
type Walker struct {
	elf     elfio.Reader
	cursors []cursor
}

// New returns a Walker that walks so many units of a file at once, at least one.
func New(jobs int) *Walker { return &Walker{cursors: make([]cursor, jobs)} }

// Count walks the file at path and returns how many DIEs its .debug_info has,
// null entries left out. It is 0 for a file without .debug_info.
func (w *Walker) Count(path string) (int, error) {
	n, err := w.count(path)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
}

func (w *Walker) count(path string) (int, error) {
	f, err := w.elf.Open(path)
	if err != nil {
		return 0, err
	}
	defer w.elf.Close()
	raw, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer raw.Close()

	info := f.Section(".debug_info")
	switch {
	case info == nil && f.DebugIndex(".debug_info") == 0:
		return 0, nil
	case info == nil || info.Flags&elf.SHF_COMPRESSED != 0:
		return 0, errors.New(".debug_info is compressed")
	}
	u := &units{file: f, info: io.NewSectionReader(raw, int64(info.Off), int64(info.Size))}
	if rela := f.Section(".rela.debug_info"); rela != nil {
		u.rela = io.NewSectionReader(raw, int64(rela.Off), int64(rela.Size))
	}
	if u.abbrev, err = f.DebugSection(".debug_abbrev"); err != nil {
		return 0, err
	}
	var g errgroup.Group
	for i := range w.cursors {
		g.Go(func() error { return w.cursors[i].walk(u) })
	}
	err = g.Wait()
	sum := 0
	for _, c := range w.cursors {
		sum += c.dies
	}
	return sum, err
}

// cursor walks one unit after the other.
type cursor struct {
	reader dwarf.Reader
	table  dwarf.AbbrevTable
	window []byte
	dies   int // of the file
}

// none wants no attribute.
var none = dwarf.Selection{
	Slot: func(dwarf.Attr) int { return -1 },
	Tag:  func(dwarf.Tag) (uint8, uint32) { return 0, 0 },
}

// walk walks units until none is left.
func (c *cursor) walk(from *units) error {
	c.dies = 0
	for {
		u, more, err := from.next()
		if !more || err != nil {
			return err
		}
		if err := c.unit(from, &u); err != nil {
			return err
		}
	}
}

func (c *cursor) unit(from *units, u *dwarf.Unit) error {
	if n := u.End - u.Off; n > cap(c.window) {
		c.window = make([]byte, n)
	}
	c.window = c.window[:u.End-u.Off]
	if _, err := from.info.ReadAt(c.window, int64(u.Off)); err != nil {
		return err
	}
	enc := u.Encoding(from.file.Order())
	if err := c.table.Compile(from.abbrev, u.AbbrevOff, enc, &none); err != nil {
		return err
	}
	r := &c.reader
	r.Reset(c.window, u, u.Off, enc, &c.table)
	for {
		a, ok := r.Next()
		if !ok {
			return r.Err()
		}
		if a != nil {
			r.Skip(a)
			c.dies++
		}
	}
}
