package main

import (
	"bytes"
	"debug/elf"
	"os"
	"regexp"
)

// toolID tells this program from other versions of it, which may encode
// otherwise: its version and Go's build ID, which depends on all that was
// compiled. The version alone is "devel" for many.
func toolID() string {
	if id := buildID(); id != "" {
		return version + " " + id
	}
	return version
}

// buildID returns the build ID that Go's linker notes in an ELF file
// (.note.go.buildid), empty if it cannot be told.
func buildID() string {
	name, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := elf.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	s := f.Section(".note.go.buildid")
	if s == nil || s.Size > 1<<10 {
		return ""
	}
	note, err := s.Data()
	if err != nil || len(note) < 16 || !bytes.Equal(note[12:16], []byte("Go\x00\x00")) {
		return ""
	}
	size := f.ByteOrder.Uint32(note[4:])
	if uint64(size) > uint64(len(note)-16) {
		return ""
	}
	if id := note[16 : 16+size]; regexp.MustCompile(`^[!-~]+$`).Match(id) {
		return string(id)
	}
	return ""
}
