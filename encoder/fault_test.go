package encoder_test

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/encoder"
)

// TestFaults damages one thing of an object at a time. The error says what is
// wrong and where: section, offset, value. The file stays as it was, and
// nothing is written.
func TestFaults(t *testing.T) {
	const gcc, packed, zstd, clang = "plain/gcc5", "plain/gcc5-zlib", "plain/gcc5-zstd", "plain/clang5"
	tests := []struct {
		name, object string
		damage       func(*damaged)
		want         string // how the error begins
	}{
		{"relocation type", gcc, func(d *damaged) { d.put32(".rela.debug_info", 8, 0xfe) },
			"section .rela.debug_info: entry 0: offset 0x8: type 254: relocation type not supported on debug sections of EM_X86_64"},
		{"relocation symbol", gcc, func(d *damaged) { d.put32(".rela.debug_info", 24+12, 0x1000) },
			"section .rela.debug_info: entry 1: offset 0xd: R_X86_64_32 (type 10): symbol 0x1000 of 0xc"},
		{"relocation place", gcc, func(d *damaged) { d.put32(".rela.debug_info", 0, 0x2b0) },
			"section .rela.debug_info: entry 0: offset 0x2b0: R_X86_64_32 (type 10): place beyond the section, size 0x2b3"},
		{"relocations cut", gcc, func(d *damaged) { d.resize(".rela.debug_info", 25) },
			"section .rela.debug_info: offset 0x880: not a multiple of the entry size 0x18: size 0x19"},
		{"no abbreviations", gcc, func(d *damaged) { d.rename(".debug_abbrev", ".xebug_abbrev") },
			".debug_abbrev: offset 0x0: table begins outside the section of 0x0 bytes"},
		{"abbreviations elsewhere", gcc, func(d *damaged) { d.put32(".rela.debug_info", 16, 0x1b0) },
			".debug_abbrev: offset 0x1b0: table begins outside the section of 0x1af bytes"},
		{"abbreviations cut", gcc, func(d *damaged) { d.resize(".debug_abbrev", 0x80) },
			".debug_abbrev: offset 0x80: LEB128 number does not end"},
		{"form", gcc, func(d *damaged) { d.put8(".debug_abbrev", 4, 0x7e) },
			".debug_abbrev: offset 0x5: form 0x7e is not known"},
		{"no strings", gcc, func(d *damaged) { d.rename(".debug_str", ".xebug_str") },
			".debug_info: offset 0x3f: .debug_str offset 0x1d does not lead to a string"},
		{"strings cut", gcc, func(d *damaged) { d.resize(".debug_str", 8) },
			".debug_info: offset 0x3f: .debug_str offset 0x1d does not lead to a string"},
		{"unit length", gcc, func(d *damaged) { d.put32(".debug_info", 0, 0x2b0) },
			".debug_info: offset 0x0: unit of 0x2b0 bytes, 0x2af left"},
		{"reserved length", gcc, func(d *damaged) { d.put32(".debug_info", 0, 0xfffffff5) },
			".debug_info: offset 0x0: unit length 0xfffffff5 is reserved"},
		{"version", gcc, func(d *damaged) { d.put8(".debug_info", 4, 6) },
			".debug_info: offset 0x4: DWARF version 6 is not supported"},
		{"unit type", gcc, func(d *damaged) { d.put8(".debug_info", 6, 0x77) },
			".debug_info: offset 0x6: unit type 0x77 is not supported"},
		{"address size", gcc, func(d *damaged) { d.put8(".debug_info", 7, 3) },
			".debug_info: offset 0x7: address size 3 is not supported"},
		{"abbreviation code", gcc, func(d *damaged) { d.put8(".debug_info", 0x2e, 0x7f) },
			".debug_info: offset 0x2e: abbreviation code 127 is not declared"},
		{"reference beyond", gcc, func(d *damaged) { d.put32(".debug_info", 0x34, 0xffff) },
			".debug_info: offset 0x38: reference 0xffff leads out of the unit"},
		{"section beyond the file", gcc, func(d *damaged) { d.resize(".debug_info", 1<<40) },
			"section .debug_info: offset 0x6c: section ends beyond the file, section size 0x10000000000"},
		{"symbols cut", gcc, func(d *damaged) { d.resize(".symtab", 25) },
			"section .rela.debug_info: section .symtab: offset 0x718: not a multiple of the entry size 0x18: size 0x19"},
		{"symbol name", gcc, func(d *damaged) { d.put32(".symtab", 24*11, 0x1000) },
			"section .symtab: offset 0x108: symbol name out of range 0x1000"},
		{"symbol strings", gcc, func(d *damaged) { d.header(".symtab", 0x28, 77) },
			"section .symtab: offset 0x718: no string table, sh_link 0x4d"},
		{"packed bytes", packed, func(d *damaged) { d.put32(".debug_info", 40, 0xffffffff) },
			"section .debug_info: zlib: offset 0x0 of 0x2b3: "},
		{"packed checksum", packed, func(d *damaged) { d.put8(".debug_info", -1, 0) },
			"section .debug_info: zlib: offset 0x2b3: "},
		{"packed size", packed, func(d *damaged) { d.put32(".debug_info", 8, 0x7fffffff) },
			"section .debug_info: offset 0x0: uncompressed size not possible 0x7fffffff"},
		{"packing", packed, func(d *damaged) { d.put8(".debug_info", 0, 9) },
			"section .debug_info: offset 0x0: unknown compression type 0x9"},
		{"zstd bytes", zstd, func(d *damaged) { d.put32(".debug_info", 40, 0xffffffff) },
			"section .debug_info: zstd: "},
		{"string offsets", clang, func(d *damaged) { d.rename(".debug_str_offsets", ".xebug_str_offsets") },
			".debug_info: offset 0x2e: string index 0x3 is outside .debug_str_offsets"},
		{"member without type", gcc, func(d *damaged) { d.replace(".debug_abbrev", "\x39\x0b\x49\x13\x38\x0b", "\x39\x0b\x3a\x13\x38\x0b") },
			`a kernel would refuse the BTF: [128] STRUCT "plain_node": item 0: Invalid type_id`},
		{"name of a struct", gcc, func(d *damaged) { d.replace(".debug_str", "plain_node", "plain-node") },
			`a kernel would refuse the BTF: [128] STRUCT "plain-node": Invalid name`},
	}
	base := treeBase(t)
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			d := &damaged{t: t, data: readFile(t, filepath.Join(kernelTree, "obj", c.object+".ko"))}
			d.elf = elfFile(t, bytes.Clone(d.data))
			c.damage(d)
			file := filepath.Join(t.TempDir(), "x.ko")
			if err := os.WriteFile(file, d.data, 0o644); err != nil {
				t.Fatal(err)
			}
			opts := options(t)
			opts.Base = base
			for _, dir := range []string{"", t.TempDir()} {
				opts.OutDir = dir
				results, err := encoder.Run(context.Background(), []string{file}, opts)
				if err != nil {
					t.Fatal(err)
				}
				if err := results[0].Err; err == nil || !strings.HasPrefix(err.Error(), file+": "+c.want) || results[0].Changed {
					t.Errorf("changed %v, error\n%v, want\n%s", results[0].Changed, err, c.want)
				}
				if dir != "" {
					checkEmpty(t, dir)
				}
			}
			if !bytes.Equal(readFile(t, file), d.data) {
				t.Error("the file was changed")
			}
			if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
				t.Errorf("left over: %v", left)
			}
		})
	}
}

// damaged is an ELF file, 64 bits and little-endian, that is being changed.
type damaged struct {
	t    *testing.T
	data []byte
	elf  *elf.File // as it was
}

// index finds a section, for which a loss of its name is none.
func (d *damaged) index(name string) int {
	for i, s := range d.elf.Sections {
		if s.Name == name {
			return i
		}
	}
	d.t.Fatalf("no section %s", name)
	return 0
}

// bytes are those of a section in the file.
func (d *damaged) bytes(name string) []byte {
	s := d.elf.Sections[d.index(name)]
	return d.data[s.Offset : s.Offset+s.FileSize]
}

// put8 changes a byte of a section; off counts from its end if negative.
func (d *damaged) put8(name string, off int, v byte) {
	b := d.bytes(name)
	if off < 0 {
		off += len(b)
	}
	b[off] = v
}

func (d *damaged) put32(name string, off int, v uint32) {
	binary.LittleEndian.PutUint32(d.bytes(name)[off:], v)
}

// header changes a word of a section's header.
func (d *damaged) header(name string, off int, v uint32) {
	table := binary.LittleEndian.Uint64(d.data[0x28:])
	binary.LittleEndian.PutUint32(d.data[int(table)+64*d.index(name)+off:], v)
}

func (d *damaged) resize(name string, size uint64) {
	d.header(name, 0x20, uint32(size))
	d.header(name, 0x24, uint32(size>>32))
}

func (d *damaged) rename(name, other string) {
	names := d.elf.Sections[binary.LittleEndian.Uint16(d.data[0x3e:])].Name
	d.replace(names, name+"\x00", other+"\x00")
}

// replace changes the first place where a section has old.
func (d *damaged) replace(name, old, other string) {
	b := d.bytes(name)
	i := bytes.Index(b, []byte(old))
	if i < 0 || len(old) != len(other) {
		d.t.Fatalf("%s has no %q", name, old)
	}
	copy(b[i:], other)
}
