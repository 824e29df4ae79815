// SPDX-License-Identifier: BSD-2-Clause

package elfio

import (
	"debug/elf"
	"encoding/binary"
	"strings"
)

// Several sections of one name.
//
// A linker makes one .debug_info out of those of its inputs, but "ld -r" leaves
// alone what is in a section group: GCC's -fdebug-types-section puts every type
// unit into a group of its own, as a .debug_types or another .debug_info.
// "ld -r --unique" makes one of nothing.
//
// Such sections count as one that has their bytes in the order of the file:
// DebugSection returns that, and Layout lets each begin where the one before it
// ends, so that relocations give offsets in the whole.

// layoutNames are the sections that others refer to by offset.
var layoutNames = [...]string{
	"info", "types", "abbrev", "str", "line_str", "str_offsets", "addr", "loclists", "loc", "line", "ranges", "rnglists",
}

// debugName returns which of layoutNames a section is, -1 for none.
func debugName(name string) int {
	tail, ok := strings.CutPrefix(name, ".debug_")
	if !ok {
		if tail, ok = strings.CutPrefix(name, ".zdebug_"); !ok {
			return -1
		}
	}
	for i, n := range layoutNames {
		if n == tail {
			return i
		}
	}
	return -1
}

// debugLayout is where debug sections begin, one name after the other.
type debugLayout [len(layoutNames)]struct {
	last int // section of that name, 0 for none yet
	base uint64
}

// base returns where section i begins among those of its name, 0 for one of any
// other name.
func (l *debugLayout) base(f *File, i int) uint64 {
	n := debugName(f.Sections[i].Name)
	if n < 0 {
		return 0
	}
	d := &l[n]
	if d.last != 0 {
		d.base += f.unpackedSize(&f.Sections[d.last])
	}
	d.last = i
	return d.base
}

// unpackedSize is the size of s after decompression. It is 0 for a section
// whose header cannot be read, which is an error when its bytes are.
func (f *File) unpackedSize(s *Section) uint64 {
	var b [16]byte
	switch {
	case s.Flags&elf.SHF_COMPRESSED != 0:
		if f.checkReadable(s) != nil || s.Size < 16 || f.readAt(b[:], s.Off) != nil {
			return 0
		}
		if f.Class64 {
			return f.u64(b[8:])
		}
		return uint64(f.u32(b[4:]))
	case strings.HasPrefix(s.Name, ".zdebug_"):
		if f.checkReadable(s) != nil || s.Size < 16 || f.readAt(b[:], s.Off) != nil {
			return 0
		}
		return binary.BigEndian.Uint64(b[4:])
	}
	return s.Size
}

// nextDebug returns the index of the first section behind i called name, or of
// its .zdebug form, 0 for none.
func (f *File) nextDebug(name string, i int) int {
	rest, isDebug := strings.CutPrefix(name, ".debug_")
	for i++; i < len(f.Sections); i++ {
		s := f.Sections[i].Name
		if s == name {
			return i
		}
		if tail, ok := strings.CutPrefix(s, ".zdebug_"); ok && isDebug && tail == rest {
			return i
		}
	}
	return 0
}

// joined returns the bytes of all sections called name.
func (f *File) joined(name string) ([]byte, error) {
	size := uint64(0)
	for i := f.nextDebug(name, 0); i != 0; i = f.nextDebug(name, i) {
		s := &f.Sections[i]
		if size += f.unpackedSize(s); size < f.unpackedSize(s) {
			size = ^uint64(0)
		}
		if err := f.checkSize(s, size); err != nil {
			return nil, err
		}
		// What a header claims has to stand in the file.
		if size > f.size*maxRatio+minBound {
			return nil, &FormatError{Section: s.Name, Off: s.Off, Msg: "sections of one name do not fit the file, size", Val: size}
		}
	}
	b := f.r.arena.take(int(size))
	n := 0
	for i := f.nextDebug(name, 0); i != 0; i = f.nextDebug(name, i) {
		part, err := f.DebugSectionAt(i)
		if err != nil {
			return nil, err
		}
		n += copy(b[n:], part)
		f.r.arena.giveBack(part)
	}
	return b[:n], nil
}
