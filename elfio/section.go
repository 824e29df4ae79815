package elfio

import (
	"debug/elf"
	"fmt"
	"io"
	"math"
	"strings"
)

// SectionData returns the bytes of section i as they are in the file: neither
// decompressed nor relocated. Errors are [ErrNoBits] and those of reading.
func (f *File) SectionData(i int) ([]byte, error) {
	if i <= 0 || i >= len(f.Sections) {
		return nil, fmt.Errorf("section %d of %d: %w", i, len(f.Sections), ErrNoSection)
	}
	return f.sectionData(&f.Sections[i])
}

// ReadSection is [File.SectionData] into memory of the caller's, which alloc
// returns when it is asked for so many bytes and is not asked before the section
// is known to lie in the file.
func (f *File) ReadSection(i int, alloc func(n int) []byte) ([]byte, error) {
	if i <= 0 || i >= len(f.Sections) {
		return nil, fmt.Errorf("section %d of %d: %w", i, len(f.Sections), ErrNoSection)
	}
	return f.readSection(&f.Sections[i], alloc)
}

// sectionData reads s into a buffer of the arena.
func (f *File) sectionData(s *Section) ([]byte, error) { return f.readSection(s, f.r.arena.take) }

func (f *File) readSection(s *Section, alloc func(n int) []byte) ([]byte, error) {
	if err := f.checkReadable(s); err != nil {
		return nil, err
	}
	b := alloc(int(s.Size))
	if err := f.readAt(b, s.Off); err != nil {
		return nil, fmt.Errorf("section %s: %w", s.Name, err)
	}
	return b, nil
}

// checkReadable checks that s has bytes, within the file and the limits.
func (f *File) checkReadable(s *Section) error {
	switch {
	case s.Type == elf.SHT_NOBITS:
		return fmt.Errorf("section %s: %w", s.Name, ErrNoBits)
	case s.Off > f.size || s.Size > f.size-s.Off:
		return &FormatError{Section: s.Name, Off: s.Off, Msg: "section ends beyond the file, section size", Val: s.Size}
	}
	return f.checkSize(s, s.Size)
}

// checkSize checks a number of bytes that s asks memory for.
func (f *File) checkSize(s *Section, n uint64) error {
	if n > f.r.Options.MaxSection || n > math.MaxInt {
		return &FormatError{Section: s.Name, Off: s.Off, Msg: "section larger than the limit, size", Val: n}
	}
	return nil
}

// DebugIndex returns the index of the first section called name, or of its
// .zdebug form, 0 for none.
func (f *File) DebugIndex(name string) int {
	if i := f.Index(name); i != 0 {
		return i
	}
	if rest, ok := strings.CutPrefix(name, ".debug_"); ok {
		for i := 1; i < len(f.Sections); i++ {
			if tail, ok := strings.CutPrefix(f.Sections[i].Name, ".zdebug_"); ok && tail == rest {
				return i
			}
		}
	}
	return 0
}

// DebugSection returns the bytes of the section called name, such as
// ".debug_info", decompressed and in a relocatable file relocated; of several,
// those of all, one behind the other. Errors are
// [ErrNoSection], [ErrNoBits], [FormatError], [RelocError] and those of
// reading and decompression.
func (f *File) DebugSection(name string) ([]byte, error) {
	i := f.DebugIndex(name)
	if i == 0 {
		return nil, fmt.Errorf("section %s: %w", name, ErrNoSection)
	}
	if f.nextDebug(name, f.nextDebug(name, 0)) != 0 {
		return f.joined(name)
	}
	return f.DebugSectionAt(i)
}

// PlainSection returns a reader of the section that [File.DebugSection] finds,
// if it need not be held: it is one section, not compressed, and it is not to be
// relocated, or it is larger than Options.Whole and can be relocated as it is read
// (pieces.go). Otherwise it is nil. The reader may be used by several goroutines.
// Errors are [ErrNoSection], [ErrNoBits], [FormatError] and those of reading.
func (f *File) PlainSection(name string) (*io.SectionReader, error) {
	i := f.DebugIndex(name)
	if i == 0 {
		return nil, fmt.Errorf("section %s: %w", name, ErrNoSection)
	}
	s := &f.Sections[i]
	if err := f.checkReadable(s); err != nil {
		return nil, err
	}
	switch {
	case f.nextDebug(name, i) != 0, s.Flags&elf.SHF_COMPRESSED != 0, strings.HasPrefix(s.Name, ".zdebug_"):
		return nil, nil
	case f.Type == elf.ET_REL && s.Size <= f.r.Options.Whole:
		return nil, nil
	case f.Type == elf.ET_REL:
		return f.pieces(i)
	}
	return io.NewSectionReader(f.src, int64(s.Off), int64(s.Size)), nil
}

// DebugSectionAt is [File.DebugSection] for section i, which may be any
// section whose relocation types are those of debug sections.
func (f *File) DebugSectionAt(i int) ([]byte, error) {
	if i <= 0 || i >= len(f.Sections) {
		return nil, fmt.Errorf("section %d of %d: %w", i, len(f.Sections), ErrNoSection)
	}
	b, err := f.unpacked(&f.Sections[i])
	if err != nil || f.Type != elf.ET_REL {
		return b, err
	}
	if err := f.relocate(uint32(i), b); err != nil {
		return nil, err
	}
	return b, nil
}

// unpacked returns the bytes of s, decompressed.
func (f *File) unpacked(s *Section) ([]byte, error) {
	switch {
	case s.Flags&elf.SHF_COMPRESSED != 0:
		return f.decompress(s)
	case strings.HasPrefix(s.Name, ".zdebug_"):
		return f.decompressGNU(s)
	}
	return f.sectionData(s)
}
