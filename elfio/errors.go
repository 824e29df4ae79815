package elfio

import (
	"errors"
	"fmt"
)

var (
	// ErrNotELF says that a file does not begin with the ELF magic.
	ErrNotELF = errors.New("not an ELF file")

	// ErrNoSection says that a file has no section of the name asked for.
	ErrNoSection = errors.New("no such section")

	// ErrNoBits says that a section is there by name only: SHT_NOBITS, as
	// strip leaves it in the half of a file whose bytes are in the other half.
	ErrNoBits = errors.New("section has no bytes in this file (SHT_NOBITS)")
)

// FormatError is a violation of the ELF format.
type FormatError struct {
	Section string // name of the section at fault, "" for the headers
	Off     uint64 // offset: in the section where there is one, else in the file
	Msg     string
	Val     any // offending value, nil for none; integers are printed in hex
}

func (e *FormatError) Error() string {
	where := "elf"
	if e.Section != "" {
		where = "section " + e.Section
	}
	switch v := e.Val.(type) {
	case nil:
		return fmt.Sprintf("%s: offset %#x: %s", where, e.Off, e.Msg)
	case string:
		return fmt.Sprintf("%s: offset %#x: %s %q", where, e.Off, e.Msg, v)
	default:
		return fmt.Sprintf("%s: offset %#x: %s %#x", where, e.Off, e.Msg, v)
	}
}

// RelocError is a relocation that cannot be applied.
type RelocError struct {
	Section string // name of the relocation section
	Index   uint64 // index of the entry in it
	Off     uint64 // r_offset: where in the target section
	Type    string // name and number of the relocation type
	Msg     string
}

func (e *RelocError) Error() string {
	return fmt.Sprintf("section %s: entry %d: offset %#x: %s: %s", e.Section, e.Index, e.Off, e.Type, e.Msg)
}
