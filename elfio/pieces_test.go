package elfio

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// samePieces reads .debug_info of a file piece by piece and compares with the whole. It
// returns whether it can be read so.
func samePieces(t *testing.T, path string, data []byte) bool {
	t.Helper()
	var r Reader
	f, err := r.OpenBytes(path, data)
	if err != nil {
		t.Fatal(err)
	}
	f.Layout()
	want, err := f.DebugSection(".debug_info")
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	in := Reader{Options: Options{Whole: 1}}
	if f, err = in.OpenBytes(path, data); err != nil {
		t.Fatal(err)
	}
	f.Layout()
	got, err := f.PlainSection(".debug_info")
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if got == nil {
		return false
	}
	if all, err := io.ReadAll(got); err != nil || !bytes.Equal(all, want) {
		t.Fatalf("%s: the whole is not the same (%v)", path, err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	buf := make([]byte, 3*pieceBlock)
	for range 300 {
		off := rnd.IntN(len(want))
		b := buf[:1+rnd.IntN(len(buf))]
		n, err := got.ReadAt(b, int64(off))
		if end := min(off+len(b), len(want)); n != end-off || (err != nil) != (n < len(b)) || !bytes.Equal(b[:n], want[off:end]) {
			t.Fatalf("%s: %d bytes at %#x: %d, %v", path, len(b), off, n, err)
		}
	}
	return true
}

// What is read in pieces of any size is what is in the section read as a whole.
func TestPieces(t *testing.T) {
	paths, _ := filepath.Glob("../testdata/kernel/obj/*.ko")
	cross, _ := filepath.Glob("../testdata/kernel/obj/cross/*.ko")
	inPieces := 0
	for _, path := range append(paths, cross...) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var r Reader
		if f, err := r.OpenBytes(path, data); err != nil || f.DebugIndex(".debug_info") == 0 {
			continue
		}
		if samePieces(t, path, data) {
			inPieces++
		}
	}
	t.Logf("%d of %d files", inPieces, len(paths))
	if inPieces < 10 {
		t.Errorf("%d of %d files can be read in pieces", inPieces, len(paths))
	}
}

// Relocations for which there is no table are applied to the whole section.
func TestPiecesOrWhole(t *testing.T) {
	const abs32, abs64, pc32, none = 10, 1, 2, 0
	rela := func(entries ...[3]uint64) (b []byte) {
		for _, e := range entries { // place, type, addend
			b = binary.LittleEndian.AppendUint64(b, e[0])
			b = binary.LittleEndian.AppendUint64(b, 1<<32|e[1])
			b = binary.LittleEndian.AppendUint64(b, e[2])
		}
		return b
	}
	symbols := make([]byte, 48)
	symbols[24+6], symbols[24+8] = 1, 0x20 // section 1, value
	for _, c := range []struct {
		name   string
		rela   []byte
		pieces bool
	}{
		{"in order", rela([3]uint64{0, abs32, 1}, [3]uint64{4, abs64, 2}, [3]uint64{12, none, 0}, [3]uint64{pieceBlock - 3, abs64, 1 << 40}, [3]uint64{2*pieceBlock - 4, abs32, 5}), true},
		{"none", nil, true},
		{"out of order", rela([3]uint64{8, abs32, 1}, [3]uint64{4, abs32, 2}), false},
		{"one over another", rela([3]uint64{0, abs64, 1}, [3]uint64{4, abs32, 2}), false},
		{"another operation", rela([3]uint64{0, pc32, 1}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := elfSpec{class64: true, typ: elf.ET_REL, machine: elf.EM_X86_64, sections: []specSection{
				{name: ".debug_info", typ: elf.SHT_PROGBITS, data: bytes.Repeat([]byte{0xee}, 2*pieceBlock)},
				{name: ".rela.debug_info", typ: elf.SHT_RELA, link: 3, info: 1, ent: 24, data: c.rela},
				{name: ".symtab", typ: elf.SHT_SYMTAB, link: 4, info: 1, ent: 24, data: symbols},
				{name: ".strtab", typ: elf.SHT_STRTAB, data: []byte{0}},
			}}
			if got := samePieces(t, c.name, spec.build()); got != c.pieces {
				t.Errorf("in pieces: %v", got)
			}
		})
	}
	t.Run("beyond the end", func(t *testing.T) {
		spec := elfSpec{class64: true, typ: elf.ET_REL, machine: elf.EM_X86_64, sections: []specSection{
			{name: ".debug_info", typ: elf.SHT_PROGBITS, data: make([]byte, 100)},
			{name: ".rela.debug_info", typ: elf.SHT_RELA, link: 3, info: 1, ent: 24, data: rela([3]uint64{97, abs32, 1})},
			{name: ".symtab", typ: elf.SHT_SYMTAB, link: 4, info: 1, ent: 24, data: symbols},
			{name: ".strtab", typ: elf.SHT_STRTAB, data: []byte{0}},
		}}
		r := Reader{Options: Options{Whole: 1}}
		f, err := r.OpenBytes("x", spec.build())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.PlainSection(".debug_info"); got != nil || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		if _, err := f.DebugSection(".debug_info"); err == nil || !strings.Contains(err.Error(), "place beyond the section") {
			t.Error(err)
		}
	})
}
