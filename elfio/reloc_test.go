package elfio

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRelocate applies one or two relocations to eight bytes (or as many as
// given) at offset 4 of a section; the symbol is 0x1020.
func TestRelocate(t *testing.T) {
	var (
		x64   = elfSpec{class64: true, machine: elf.EM_X86_64}
		x32   = elfSpec{machine: elf.EM_X86_64}
		i386  = elfSpec{machine: elf.EM_386}
		arm   = elfSpec{machine: elf.EM_ARM}
		armeb = elfSpec{machine: elf.EM_ARM, big: true}
		arm64 = elfSpec{class64: true, machine: elf.EM_AARCH64}
		rv64  = elfSpec{class64: true, machine: elf.EM_RISCV}
		rv32  = elfSpec{machine: elf.EM_RISCV}
		loong = elfSpec{class64: true, machine: elf.EM_LOONGARCH}
		s390  = elfSpec{class64: true, big: true, machine: elf.EM_S390}
		ppc   = elfSpec{big: true, machine: elf.EM_PPC}
		ppc64 = elfSpec{class64: true, big: true, machine: elf.EM_PPC64}
		ppcle = elfSpec{class64: true, machine: elf.EM_PPC64}
		mips  = elfSpec{big: true, machine: elf.EM_MIPS}
		mips6 = elfSpec{class64: true, big: true, machine: elf.EM_MIPS}
		mipsl = elfSpec{class64: true, machine: elf.EM_MIPS}
		sparc = elfSpec{class64: true, big: true, machine: elf.EM_SPARCV9}
	)
	const rela, rel = true, false
	tests := []struct {
		spec elfSpec
		rela bool
		was  string
		rels []specRel // type and addend; offset and symbol are filled in
		want string
	}{
		{x64, rela, "ffffffffffffffff", []specRel{{typ: 10, addend: 3}}, "23100000ffffffff"},
		{x64, rela, "ffffffffffffffff", []specRel{{typ: 1, addend: -0x1021}}, "ffffffffffffffff"},
		{x64, rela, "0000000000000000", []specRel{{typ: 11, addend: -0x1022}}, "feffffff00000000"},
		{x64, rela, "0000000000000000", []specRel{{typ: 2}}, "1c10000000000000"},
		{x64, rela, "0000000000000000", []specRel{{typ: 24, addend: -0x101d}}, "ffffffffffffffff"},
		{x64, rela, "0102030405060708", []specRel{{typ: 0}}, "0102030405060708"},
		{x64, rela, "0000000000000000", []specRel{{typ: 17, addend: 1}}, "2110000000000000"},
		{x64, rel, "0100000000000000", []specRel{{typ: 10}}, "2110000000000000"},
		{x64, rela, "ffffffffffffffff", []specRel{{typ: 14}, {typ: 12, addend: 1}}, "2110ffffffffffff"},
		{x32, rela, "ffffffffffffffff", []specRel{{typ: 10, addend: -0x20}}, "00100000ffffffff"},
		{i386, rel, "0300000000000000", []specRel{{typ: 1}}, "2310000000000000"},
		{i386, rel, "fcffffff00000000", []specRel{{typ: 2}}, "1810000000000000"},
		{arm, rel, "0300000000000000", []specRel{{typ: 2}}, "2310000000000000"},
		{armeb, rel, "0000000300000000", []specRel{{typ: 2}}, "0000102300000000"},
		{arm64, rela, "0000000000000000", []specRel{{typ: 257, addend: 3}}, "2310000000000000"},
		{arm64, rela, "0000000000000000", []specRel{{typ: 258, addend: 3}}, "2310000000000000"},
		{arm64, rela, "0000000000000000", []specRel{{typ: 261}}, "1c10000000000000"},
		{rv64, rela, "0000000000000000", []specRel{{typ: 1, addend: 3}}, "2310000000000000"},
		{rv64, rela, "0000000000000000", []specRel{{typ: 36, addend: 0x100}, {typ: 40}}, "0001000000000000"},
		{rv64, rela, "0500000000000000", []specRel{{typ: 35, addend: 0x100}, {typ: 39}}, "0501000000000000"},
		{rv64, rela, "ff00000000000000", []specRel{{typ: 53, addend: 9}, {typ: 52}}, "c900000000000000"},
		{rv64, rela, "8080000000000000", []specRel{{typ: 60, addend: 0x81}, {typ: 61}}, "8181000000000000"},
		{rv64, rela, "8000000000000000", []specRel{{typ: 60, addend: 0x85}, {typ: 61}}, "8501000000000000"},
		{rv32, rela, "0000000000000000", []specRel{{typ: 56, addend: 0x40}, {typ: 39}}, "4000000000000000"},
		{loong, rela, "0000000000000000", []specRel{{typ: 50, addend: 0x100}, {typ: 55}}, "0001000000000000"},
		{loong, rela, "ffffff0000000000", []specRel{{typ: 49, addend: 2}, {typ: 54}}, "0100000000000000"},
		{loong, rela, "8500000000000000", []specRel{{typ: 107, addend: 0x80}, {typ: 108}}, "8501000000000000"},
		{s390, rela, "0000000000000000", []specRel{{typ: 22, addend: 3}}, "0000000000001023"},
		{s390, rela, "0000000000000000", []specRel{{typ: 4, addend: 3}}, "0000102300000000"},
		{ppc, rela, "0000000000000000", []specRel{{typ: 1, addend: 3}}, "0000102300000000"},
		{ppc64, rela, "0000000000000000", []specRel{{typ: 38, addend: 3}}, "0000000000001023"},
		{ppcle, rela, "0000000000000000", []specRel{{typ: 38, addend: 3}}, "2310000000000000"},
		{mips, rel, "0000000300000000", []specRel{{typ: 2}}, "0000102300000000"},
		{mips6, rela, "0000000000000000", []specRel{{typ: 18, addend: 3}}, "0000000000001023"},
		{mipsl, rela, "0000000000000000", []specRel{{typ: 18, addend: 3}}, "2310000000000000"},
		{mipsl, rela, "0000000000000000", []specRel{{typ: 2, addend: 3}}, "2310000000000000"},
		{sparc, rela, "0000000000000000", []specRel{{typ: 54, addend: 3}}, "0000000000001023"},
		{sparc, rela, "0000000000000000", []specRel{{typ: 23 | 7<<8, addend: 3}}, "0000102300000000"},
	}
	var r Reader
	for _, tt := range tests {
		was, _ := hex.DecodeString("aabbccdd" + tt.was + "aabbccdd")
		for i := range tt.rels {
			tt.rels[i].off, tt.rels[i].sym = 4, 1
		}
		f, err := r.OpenBytes("x", tt.spec.withRelocs(was, 0x1020, tt.rela, tt.rels...))
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.DebugSection(".debug_info")
		if want := "aabbccdd" + tt.want + "aabbccdd"; err != nil || hex.EncodeToString(got) != want {
			t.Errorf("%v rela=%v %v: got %x, want %s, error %v", tt.spec, tt.rela, tt.rels, got, want, err)
		}
	}
}

func TestRelocateErrors(t *testing.T) {
	x64 := elfSpec{class64: true, machine: elf.EM_X86_64}
	rv64 := elfSpec{class64: true, machine: elf.EM_RISCV}
	tests := []struct {
		spec elfSpec
		rel  specRel
		want string
	}{
		{x64, specRel{off: 4, sym: 1, typ: 9}, "section .rela.debug_info: entry 1: offset 0x4: R_X86_64_GOTPCREL (type 9): relocation type not supported on debug sections of EM_X86_64"},
		{x64, specRel{off: 4, sym: 1, typ: 99999}, "offset 0x4: type 99999: relocation type not supported"},
		{x64, specRel{off: 4, sym: 2, typ: 10}, "offset 0x4: R_X86_64_32 (type 10): symbol 0x2 of 0x2"},
		{x64, specRel{off: 13, sym: 1, typ: 10}, "offset 0xd: R_X86_64_32 (type 10): place beyond the section, size 0x10"},
		{x64, specRel{off: 9, sym: 1, typ: 1}, "place beyond the section"},
		{x64, specRel{off: 1 << 63, sym: 1, typ: 1}, "place beyond the section"},
		{x64, specRel{off: 13, sym: 1, typ: 2}, "place beyond the section"},
		{rv64, specRel{off: 4, sym: 1, typ: 61}, "place beyond the section"},
		{elfSpec{class64: true, big: true, machine: elf.EM_MIPS}, specRel{off: 4, sym: 1, typ: 2 | 18<<8}, "relocation type not supported"},
		{elfSpec{class64: true, machine: elf.EM_IA_64}, specRel{}, "section .rela.debug_info: offset 0x50: relocations of machine EM_IA_64 are not supported, machine number 0x32"},
	}
	var r Reader
	for _, tt := range tests {
		data := bytes.Repeat([]byte{0xff}, 16)
		f, err := r.OpenBytes("x", tt.spec.withRelocs(data, 0x1020, true, specRel{}, tt.rel))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = f.DebugSection(".debug_info"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v\nwant %s", err, tt.want)
		}
	}
}

// TestRelocateUnknown: of a machine without a table the relocation that the header of the
// first unit has is learned and applied, others are left undone.
func TestRelocateUnknown(t *testing.T) {
	m68k := elfSpec{big: true, machine: elf.EM_68K}
	alpha := elfSpec{class64: true, machine: 0x9026}
	newer := elfSpec{class64: true, machine: 0x3333}
	const pad = "0000000000000000000000000000000000000000"
	tests := []struct {
		name string
		spec elfSpec
		rela bool
		was  string
		rels []specRel
		want string // empty: an error
	}{
		{"version 4", m68k, true, "00000010" + "0004" + "00000000" + pad, []specRel{{off: 6, sym: 1, typ: 1}, {off: 12, sym: 1, typ: 1, addend: 4}}, "00000010" + "0004" + "00001020" + "0000" + "00001024" + pad[12:]},
		{"version 5, addend in place", m68k, false, "00000010" + "0005" + "0104" + "00000002" + pad, []specRel{{off: 8, sym: 1, typ: 1}}, "00000010" + "0005" + "0104" + "00001022" + pad},
		{"another type", alpha, true, "10000000" + "0500" + "0108" + "00000000" + pad, []specRel{{off: 8, sym: 1, typ: 1}, {off: 12, sym: 1, typ: 2}, {off: 22, sym: 1, typ: 1}}, "10000000" + "0500" + "0108" + "20100000" + "00000000000000000000" + "20100000" + pad[28:]},
		{"64-bit DWARF", newer, true, "ffffffff" + "1000000000000000" + "0500" + "0108" + "0000000000000000" + pad, []specRel{{off: 16, sym: 1, typ: 9}}, "ffffffff" + "1000000000000000" + "0500" + "0108" + "2010000000000000" + pad},
		{"not at that place", newer, true, "10000000" + "0500" + "0108" + "00000000" + pad, []specRel{{off: 9, sym: 1, typ: 1}}, ""},
		{"no such version", newer, true, "10000000" + "0600" + "0108" + "00000000" + pad, []specRel{{off: 8, sym: 1, typ: 1}}, ""},
		{"a type out of reach", newer, true, "10000000" + "0500" + "0108" + "00000000" + pad, []specRel{{off: 8, sym: 1, typ: 1 << 20}}, ""},
		{"too short", newer, true, "10000000" + "0500" + "0108" + "00000000", []specRel{{off: 8, sym: 1, typ: 1}}, ""},
		{"a symbol that is not there", newer, true, "10000000" + "0500" + "0108" + "00000000" + pad, []specRel{{off: 8, sym: 2, typ: 1}}, ""},
		{"beyond the section", newer, true, "10000000" + "0500" + "0108" + "00000000" + pad, []specRel{{off: 8, sym: 1, typ: 1}, {off: 30, sym: 1, typ: 1}}, ""},
	}
	var r Reader
	for _, tt := range tests {
		was, err := hex.DecodeString(tt.was)
		if err != nil {
			t.Fatal(err)
		}
		f, err := r.OpenBytes("x", tt.spec.withRelocs(was, 0x1020, tt.rela, tt.rels...))
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.DebugSection(".debug_info")
		if (err != nil) != (tt.want == "") || err == nil && hex.EncodeToString(got) != tt.want {
			t.Errorf("%s: got  %x\nwant %s\nerror %v", tt.name, got, tt.want, err)
		}
	}
}

// TestRelocateOverlap refuses many relocation sections of the same bytes.
func TestRelocateOverlap(t *testing.T) {
	s := elfSpec{class64: true, machine: elf.EM_X86_64, typ: elf.ET_REL}
	entries := make([]byte, 24*1000) // R_X86_64_NONE
	s.sections = []specSection{
		{name: ".debug_info", typ: elf.SHT_PROGBITS, data: make([]byte, 8)},
		{name: ".symtab", typ: elf.SHT_SYMTAB, link: 3, data: s.syms(specSym{})},
		{name: ".strtab", typ: elf.SHT_STRTAB, data: []byte{0}},
		{name: ".rela.debug_info", typ: elf.SHT_RELA, info: 1, link: 2, data: entries},
		{name: ".rela.debug_info", typ: elf.SHT_RELA, info: 1, link: 2},
	}
	b := s.build()
	var r Reader
	for _, size := range []int{0, len(entries)} {
		f, err := r.OpenBytes("x", b)
		if err != nil {
			t.Fatal(err)
		}
		h := b[f.hdr.shoff+5*64+8:]
		f.putWord(h, 2, f.Sections[4].Off)
		f.putWord(h, 3, uint64(size))
		if f, err = r.OpenBytes("x", b); err != nil {
			t.Fatal(err)
		}
		_, err = f.DebugSection(".debug_info")
		if size == 0 && err != nil || size > 0 && (err == nil || !strings.Contains(err.Error(), "relocation sections overlap")) {
			t.Errorf("second section of %d bytes: error %v", size, err)
		}
	}
}

// TestRelocateUndefined gives symbols without a place the value 0, whatever
// their st_value is: that of a common symbol is its alignment.
func TestRelocateUndefined(t *testing.T) {
	for _, shndx := range []elf.SectionIndex{elf.SHN_UNDEF, elf.SHN_COMMON} {
		s := elfSpec{class64: true, machine: elf.EM_X86_64}
		b := s.withRelocs(make([]byte, 8), 0x1020, true, specRel{sym: 1, typ: 1, addend: 5})
		var r Reader
		f, err := r.OpenBytes("x", b)
		if err != nil {
			t.Fatal(err)
		}
		s.writer().put16(b[f.Section(".symtab").Off+24+6:], uint16(shndx))
		if f, err = r.OpenBytes("x", b); err != nil {
			t.Fatal(err)
		}
		if got, err := f.DebugSection(".debug_info"); err != nil || hex.EncodeToString(got) != "0500000000000000" {
			t.Errorf("%v: got %x, error %v", shndx, got, err)
		}
	}
}

// TestRelocateClang compiles for many machines and compares the address and
// size of a function in the relocated DWARF with the symbol table. On RISC-V
// the size is a pair of relocations.
func TestRelocateClang(t *testing.T) {
	clang, err := exec.LookPath("clang")
	if err != nil {
		t.Skip("no clang")
	}
	dir := t.TempDir()
	src := filepath.Join(dir, "x.c")
	const text = "struct s { int a; char *b; };\nint first(struct s *p) { return p->a; }\nint second(struct s *p) { int x = first(p); return x * 3 + p->b[0]; }\n"
	if err := os.WriteFile(src, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	done := 0
	var r Reader
	for _, target := range []string{
		"x86_64", "x86_64-linux-gnux32", "i386", "aarch64", "aarch64_be", "arm", "armeb", "riscv64", "riscv32",
		"s390x", "powerpc", "powerpc64", "powerpc64le", "mips", "mipsel", "mips64", "mips64el", "sparc", "sparcv9", "loongarch64",
	} {
		if !strings.Contains(target, "-") {
			target += "-linux-gnu"
		}
		obj := filepath.Join(dir, target+".o")
		if out, err := exec.Command(clang, "--target="+target, "-gdwarf-4", "-O0", "-ffreestanding", "-fintegrated-as", "-c", src, "-o", obj).CombinedOutput(); err != nil {
			t.Logf("%s: not built: %s", target, out)
			continue
		}
		done++
		f, err := r.Open(obj)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][2]uint64{}
		tab, err := f.Symbols()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range tab.All() {
			if s.Type == elf.STT_FUNC {
				if f.Sections[s.Section].Name == ".opd" {
					s.Value = opd(t, f, s) // a descriptor (ELFv1 ABI of PowerPC)
				}
				want[string(s.Name)] = [2]uint64{s.Value, s.Size}
			}
		}
		got, err := dwarfFuncs(f)
		if err != nil {
			t.Errorf("%s: %v", target, err)
		}
		for _, name := range []string{"first", "second"} {
			if got[name] != want[name] || want[name][1] == 0 {
				t.Errorf("%s: %s: DWARF says address and size %#x, symbols say %#x", target, name, got[name], want[name])
			}
		}
	}
	if done == 0 {
		t.Skip("clang built nothing")
	}
}

// opd returns the relocated function descriptor of s.
func opd(t *testing.T, f *File, s *Symbol) (addr uint64) {
	t.Helper()
	for r, err := range f.Relocs(int(s.Section)) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Off == s.Value && r.Type == uint32(elf.R_PPC64_ADDR64) {
			addr = uint64(r.Addend)
		}
	}
	return addr
}

// dwarfFuncs returns address and size of the functions in f's DWARF.
func dwarfFuncs(f *File) (map[string][2]uint64, error) {
	var secs [4][]byte
	for i, name := range []string{".debug_abbrev", ".debug_info", ".debug_str", ".debug_line"} {
		b, err := f.DebugSection(name)
		if err != nil && !errors.Is(err, ErrNoSection) {
			return nil, err
		}
		secs[i] = b
	}
	d, err := dwarf.New(secs[0], nil, nil, secs[1], secs[3], nil, nil, secs[2])
	if err != nil {
		return nil, err
	}
	funcs := map[string][2]uint64{}
	r := d.Reader()
	for {
		e, err := r.Next()
		if err != nil || e == nil {
			return funcs, err
		}
		if e.Tag == dwarf.TagSubprogram {
			name, _ := e.Val(dwarf.AttrName).(string)
			low, _ := e.Val(dwarf.AttrLowpc).(uint64)
			size, _ := e.Val(dwarf.AttrHighpc).(int64)
			funcs[name] = [2]uint64{low, uint64(size)}
		}
	}
}
