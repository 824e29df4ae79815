package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
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
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, 32<<10)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return ""
	}
	return notedID(head[:n])
}

// notedID looks for the note in what an ELF file begins with: linkers put notes before
// the code. To ask debug/elf for it takes ten times as long, 0.2 ms, which every
// module pays.
func notedID(head []byte) string {
	const tagGo = 4 // cmd/link/internal/ld/elf.go, ELF_NOTE_GOBUILDID_TAG
	order := binary.NativeEndian
	kind := append(order.AppendUint32(nil, tagGo), "Go\x00\x00"...)
	at := bytes.Index(head, kind)
	if at < 8 || order.Uint32(head[at-8:]) != 4 {
		return ""
	}
	size, id := order.Uint32(head[at-4:]), head[at+len(kind):]
	if size == 0 || uint64(size) > uint64(len(id)) {
		return ""
	}
	id = id[:size]
	for _, c := range id {
		if c < '!' || c > '~' {
			return ""
		}
	}
	return string(id)
}
