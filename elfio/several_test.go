// SPDX-License-Identifier: BSD-2-Clause

package elfio

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// packZlib compresses data as SHF_COMPRESSED sections of ELF64 have it.
func packZlib(data []byte) []byte {
	b := make([]byte, 24)
	binary.LittleEndian.PutUint32(b, uint32(elf.COMPRESS_ZLIB))
	binary.LittleEndian.PutUint64(b[8:], uint64(len(data)))
	var w bytes.Buffer
	z := zlib.NewWriter(&w)
	z.Write(data)
	z.Close()
	return append(b, w.Bytes()...)
}

// packGNU compresses data as .zdebug_* sections have it.
func packGNU(data []byte) []byte {
	return append(binary.BigEndian.AppendUint64([]byte("ZLIB"), uint64(len(data))), packZlib(data)[24:]...)
}

// TestSeveralSections: sections of one name are one behind the other, and what
// refers to one of them gets an offset in the whole, packed or not.
func TestSeveralSections(t *testing.T) {
	spec := elfSpec{class64: true, typ: elf.ET_REL, machine: elf.EM_X86_64}
	sec := func(name string, flags elf.SectionFlag, data []byte) specSection {
		return specSection{name: name, typ: elf.SHT_PROGBITS, flags: flags, align: 1, data: data}
	}
	spec.sections = []specSection{
		sec(".debug_str", 0, []byte("first\x00")),
		sec(".debug_str", elf.SHF_COMPRESSED, packZlib([]byte("the second\x00"))),
		sec(".debug_info", 0, make([]byte, 4)),
		sec(".zdebug_str", 0, packGNU([]byte("third\x00"))),
		sec(".debug_info", 0, make([]byte, 8)),
		sec(".debug_str.dwo", 0, []byte("other\x00")),
		sec(".debug_str", 0, []byte("last\x00")),
		{name: ".rela.debug_info", typ: elf.SHT_RELA, link: 9, info: 5, align: 8, ent: 24, data: spec.rels(true,
			specRel{0, 3, uint32(elf.R_X86_64_32), 2}, specRel{4, 4, uint32(elf.R_X86_64_32), 0})},
		{name: ".symtab", typ: elf.SHT_SYMTAB, link: 10, align: 8, ent: 24, data: spec.syms(
			specSym{shndx: 1}, specSym{shndx: 2}, specSym{shndx: 4}, specSym{shndx: 7})},
		{name: ".strtab", typ: elf.SHT_STRTAB, data: []byte{0}},
	}
	var r Reader
	f, err := r.OpenBytes("x", spec.build())
	if err != nil {
		t.Fatal(err)
	}
	f.Layout()
	str, err := f.DebugSection(".debug_str")
	if want := "first\x00the second\x00third\x00last\x00"; err != nil || string(str) != want {
		t.Fatalf("%q %v, want %q", str, err, want)
	}
	info, err := f.DebugSection(".debug_info")
	if err != nil || len(info) != 12 {
		t.Fatal(info, err)
	}
	for i, want := range []string{"ird", "last"} {
		off := binary.LittleEndian.Uint32(info[4+4*i:])
		if got, _, _ := strings.Cut(string(str[off:]), "\x00"); got != want {
			t.Errorf("reference %d is to %q at %#x, want %q", i, got, off, want)
		}
	}
	if plain, err := f.PlainSection(".debug_info"); plain != nil || err != nil {
		t.Errorf("a plain section of two: %v %v", plain, err)
	}
}

// TestSeveralSectionsErrors: what the sections claim to be together is bounded.
func TestSeveralSectionsErrors(t *testing.T) {
	huge := packZlib([]byte("x"))
	binary.LittleEndian.PutUint64(huge[8:], 1<<63)
	for _, test := range []struct {
		name  string
		limit uint64
		data  []byte
		flags elf.SectionFlag
		want  string
	}{
		{"limit", 100, make([]byte, 64), 0, "larger than the limit, size 0x80"},
		{"sum beyond 64 bits", 1 << 40, huge, elf.SHF_COMPRESSED, "larger than the limit"},
		{"header cut", 1 << 40, huge[:8], elf.SHF_COMPRESSED, "compression header cut short"},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := elfSpec{class64: true, typ: elf.ET_REL, machine: elf.EM_X86_64}
			for range 2 {
				spec.sections = append(spec.sections, specSection{name: ".debug_str", typ: elf.SHT_PROGBITS, flags: test.flags, align: 1, data: test.data})
			}
			r := Reader{Options: Options{MaxSection: test.limit}}
			f, err := r.OpenBytes("x", spec.build())
			if err != nil {
				t.Fatal(err)
			}
			f.Layout()
			var format *FormatError
			if _, err := f.DebugSection(".debug_str"); !errors.As(err, &format) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
