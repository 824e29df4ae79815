package diewalk

import (
	"io"
	"sort"
	"sync"

	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/elfio"
)

// units hands out the units of a file, to one cursor each.
type units struct {
	file   *elfio.File
	info   *io.SectionReader
	rela   *io.SectionReader // relocations of info, nil for none
	abbrev []byte

	mu  sync.Mutex
	off int // of the next unit
}

// next returns the header of the next unit; more is false behind the last.
func (u *units) next() (unit dwarf.Unit, more bool, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	size := int(u.info.Size())
	if u.off >= size {
		return unit, false, nil
	}
	var head [dwarf.MaxHeader]byte
	n, err := u.info.ReadAt(head[:], int64(u.off))
	if err != nil && err != io.EOF {
		return unit, false, err
	}
	if unit, err = dwarf.ReadUnitHeader(head[:n], u.off, size, u.file.Order()); err != nil {
		return unit, false, err
	}
	u.off = unit.End
	if u.rela != nil {
		err = u.relocate(&unit)
	}
	return unit, true, err
}

// relocate puts the addend of the relocation at the header's
// debug_abbrev_offset there, if there is one. All sections of a relocatable file
// lie at 0. Assemblers and linkers write relocations in order of their places.
func (u *units) relocate(unit *dwarf.Unit) error {
	at := uint64(unit.Off) + 6 // behind unit_length and version
	if unit.Version >= 5 {
		at += 2 // unit_type and address_size come first (DWARF 5 §7.5.1.1)
	}
	if unit.Is64 {
		at += 8
	}
	word, order := 4, u.file.Order()
	load := func(b []byte) uint64 { return uint64(order.Uint32(b)) }
	if u.file.Class64 {
		word, load = 8, order.Uint64
	}
	entry := make([]byte, 3*word) // r_offset, r_info, r_addend
	var readErr error
	read := func(i int) uint64 {
		if _, err := u.rela.ReadAt(entry, int64(i*len(entry))); err != nil {
			readErr = err
		}
		return load(entry)
	}
	n := int(u.rela.Size()) / len(entry)
	i := sort.Search(n, func(i int) bool { return read(i) >= at })
	if i < n && read(i) == at {
		unit.AbbrevOff = load(entry[2*word:])
	}
	return readErr
}
