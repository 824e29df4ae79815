package elfio

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func deflate(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func zstdPack(b []byte) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return w.EncodeAll(b, nil)
}

// chdr is a compression header in front of a stream.
func (s elfSpec) chdr(typ elf.CompressionType, size uint64, stream []byte) []byte {
	f := s.writer()
	b := make([]byte, pick(s.class64, 24, 12))
	f.put32(b, uint32(typ))
	f.putWord(b[pick(s.class64, 8, 4):], 0, size)
	return append(b, stream...)
}

// gnuPack is the content of a .zdebug section.
func gnuPack(size uint64, stream []byte) []byte {
	return append(binary.BigEndian.AppendUint64([]byte("ZLIB"), size), stream...)
}

func TestCompressed(t *testing.T) {
	text := bytes.Repeat([]byte("debug information, "), 500)
	n := uint64(len(text))
	zeros := make([]byte, 32<<20)
	for _, s := range allShapes {
		tests := []struct {
			name, section string
			data          []byte
			want          string // error, "" for none
		}{
			{"zlib", ".debug_info", s.chdr(elf.COMPRESS_ZLIB, n, deflate(text)), ""},
			{"zstd", ".debug_info", s.chdr(elf.COMPRESS_ZSTD, n, zstdPack(text)), ""},
			{"gnu", ".zdebug_info", gnuPack(n, deflate(text)), ""},
			{"unknown", ".debug_info", s.chdr(7, n, nil), "unknown compression type 0x7"},
			{"no header", ".debug_info", []byte{1, 0}, "compression header cut short"},
			{"no gnu header", ".zdebug_info", text, "no ZLIB header"},
			{"zlib too long", ".debug_info", s.chdr(elf.COMPRESS_ZLIB, n-1, deflate(text)), "more bytes than the compression header says"},
			{"zlib too short", ".debug_info", s.chdr(elf.COMPRESS_ZLIB, n+1, deflate(text)), "unexpected EOF"},
			{"zlib cut", ".debug_info", s.chdr(elf.COMPRESS_ZLIB, n, deflate(text)[:40]), "section .debug_info: zlib:"},
			{"no zlib", ".debug_info", s.chdr(elf.COMPRESS_ZLIB, n, []byte("not so")), "section .debug_info: zlib:"},
			{"zlib checksum", ".debug_info", s.chdr(elf.COMPRESS_ZLIB, n, append(bytes.Clone(deflate(text)[:len(deflate(text))-1]), 0)), "section .debug_info: zlib: offset 0x251c"},
			{"zstd too long", ".debug_info", s.chdr(elf.COMPRESS_ZSTD, n-1, zstdPack(text)), "more bytes than the compression header says"},
			{"zstd too short", ".debug_info", s.chdr(elf.COMPRESS_ZSTD, n+1, zstdPack(text)), "fewer bytes than the compression header says"},
			{"zstd cut", ".debug_info", s.chdr(elf.COMPRESS_ZSTD, n, zstdPack(text)[:20]), "section .debug_info: zstd:"},
			{"zlib bomb", ".debug_info", s.chdr(elf.COMPRESS_ZLIB, 32<<20, deflate(zeros)), "uncompressed size not possible 0x2000000"},
			{"too large", ".debug_info", s.chdr(elf.COMPRESS_ZLIB, 17<<20, make([]byte, 128<<10)), "section larger than the limit, size 0x1100000"},
			{"zstd bomb", ".debug_info", s.chdr(elf.COMPRESS_ZSTD, 32<<20, zstdPack(zeros)), "uncompressed size not possible 0x2000000"},
			{"zstd bomb of a false size", ".debug_info", s.chdr(elf.COMPRESS_ZSTD, 1000, zstdPack(zeros)), "more bytes than the compression header says"},
			{"size", ".debug_info", s.chdr(elf.COMPRESS_ZLIB, 0xfffffff0, deflate(text)), "uncompressed size not possible 0xfffffff0"},
			{"gnu size", ".zdebug_info", gnuPack(1<<63, deflate(text)), "uncompressed size not possible 0x8000000000000000"},
		}
		for _, tt := range tests {
			spec, flags := s, elf.SHF_COMPRESSED
			if strings.HasPrefix(tt.section, ".z") {
				flags = 0
			}
			spec.sections = []specSection{{name: tt.section, typ: elf.SHT_PROGBITS, flags: flags, align: 1, data: tt.data}}
			r := Reader{Options: Options{MaxSection: 16 << 20}}
			f, err := r.OpenBytes("x", spec.build())
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.DebugSection(".debug_info")
			switch {
			case tt.want == "" && (err != nil || !bytes.Equal(got, text)):
				t.Errorf("%v: %s: %d bytes, error %v", s, tt.name, len(got), err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%v: %s: error %v, want %s", s, tt.name, err, tt.want)
			}
		}
	}
}

func TestOpenErrors(t *testing.T) {
	spec := plain(elfSpec{class64: true, machine: elf.EM_X86_64})
	good := spec.build()
	shoff := binary.LittleEndian.Uint64(good[40:])
	set := func(off uint64, bs ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[off:], bs); return b }
	}
	cut := func(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:n] } }
	sym := shoff + 3*64
	tests := []struct {
		name string
		edit func([]byte) []byte
		want string
	}{
		{"empty", cut(0), "not an ELF file"},
		{"text", set(0, []byte("#!/b")...), "not an ELF file"},
		{"class", set(4, 3), "elf: offset 0x4: unknown ELF class 0x3"},
		{"byte order", set(5, 0), "elf: offset 0x5: unknown ELF byte order 0x0"},
		{"version", set(6, 2), "elf: offset 0x6: unknown ELF version 0x2"},
		{"header cut", cut(60), "elf: offset 0x3c: file ends within the ELF header"},
		{"header size", set(58, 40), "section header size 0x28"},
		{"table cut", cut(len(good) - 1), "section header table ends beyond the file, entries 0x6"},
		{"table beyond", cut(100), "section header table beyond the end of the file, size 0x64"},
		{"names index", set(62, 6), "index of the section names out of range 0x6"},
		{"names are no strings", set(62, 3), "not a string table, type 0x2"},
		{"many sections", set(60, 0xff, 0xfe), "section header table ends beyond the file, entries 0xfeff"},
		{"name", set(sym, 0xff, 0xff), "section 3: offset 0xffff: name beyond the section names"},
		{"section beyond", set(sym+24, 0, 0, 1), "section .symtab: offset 0x10000: section ends beyond the file"},
		{"section size", set(sym+32, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "section .symtab: offset 0x58: section ends beyond the file, section size 0xffffffffffffffff"},
	}
	var r Reader
	for _, tt := range tests {
		_, err := r.OpenBytes("x.ko", tt.edit(bytes.Clone(good)))
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "read x.ko: ") {
			t.Errorf("%s: error %v, want %s", tt.name, err, tt.want)
		}
	}
	if _, err := r.OpenBytes("x.ko", good); err != nil {
		t.Error(err)
	}
	if _, err := r.Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error("directory:", err)
	}
}

// failing is a file of which one read fails.
type failing struct {
	*bytes.Reader
	left int // reads before that one
}

func (f *failing) ReadAt(b []byte, off int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errDisk
	}
	return f.Reader.ReadAt(b, off)
}

var errDisk = errors.New("disk on fire")

// TestReadFails has each read of a file fail in turn: whoever asked for it says so.
func TestReadFails(t *testing.T) {
	for _, s := range allShapes {
		spec := plain(s)
		spec.sections = append(spec.sections,
			specSection{name: ".debug_info", typ: elf.SHT_PROGBITS, flags: elf.SHF_COMPRESSED, align: 1, data: s.chdr(elf.COMPRESS_ZLIB, 5, deflate([]byte("types")))},
			specSection{name: ".rela.debug_info", typ: elf.SHT_RELA, link: 3, info: 5, align: 8, ent: uint64(3 * s.writer().wordSize()), data: s.rels(true, specRel{off: 1, sym: 1})},
			specSection{name: ".BTF", typ: elf.SHT_PROGBITS, align: 1, data: []byte("old")})
		b := spec.build()
		all := func(left int) (reads int, err error) {
			src := &failing{bytes.NewReader(b), left}
			var r Reader
			r.reset()
			f, err := r.open("x", src, uint64(len(b)))
			if err == nil {
				_, err = f.IsSigned()
			}
			if err == nil {
				_, err = f.Symbols()
			}
			if err == nil {
				_, err = f.DebugSection(".debug_info")
			}
			if err == nil {
				_, err = newPlan(f, []Patch{{".BTF", []byte("new")}})
			}
			return left - src.left, err
		}
		reads, err := all(1 << 20)
		if err != nil || reads < 8 {
			t.Fatalf("%v: %d reads, error %v", s, reads, err)
		}
		for n := range reads {
			if _, err := all(n); !errors.Is(err, errDisk) {
				t.Errorf("%v: read %d of %d fails: error %v", s, n, reads, err)
			}
		}
	}
}

// TestOpenAllCuts opens a file cut at every length, and with every byte
// changed: there may be errors, but no panic.
func TestOpenAllCuts(t *testing.T) {
	var r Reader
	try := func(b []byte) {
		f, err := r.OpenBytes("x", b)
		if err != nil {
			return
		}
		for i := range f.Sections {
			f.DebugSectionAt(i)
		}
		if tab, err := f.Symbols(); err == nil {
			for range tab.All() {
			}
		}
		Inject(b, Patch{".BTF", []byte("new")})
	}
	for _, s := range allShapes {
		good := s.withRelocs(make([]byte, 24), 8, s.class64, specRel{off: 4, sym: 1, typ: 1})
		for i := range good {
			try(good[:i])
			for _, v := range []byte{0, 1, 0x7f, 0x80, 0xff} {
				b := bytes.Clone(good)
				b[i] = v
				try(b)
			}
		}
	}
}

// TestSymbolsXindex resolves a section index beyond 16 bits.
func TestSymbolsXindex(t *testing.T) {
	for _, s := range allShapes {
		s.typ = elf.ET_REL
		f := s.writer()
		xindex := make([]byte, 12)
		f.put32(xindex[8:], 3)
		s.sections = []specSection{
			{name: ".symtab", typ: elf.SHT_SYMTAB, link: 2, ent: uint64(f.symSize()), data: s.syms(specSym{value: 7, shndx: uint16(elf.SHN_ABS), info: 0x12}, specSym{value: 8, shndx: uint16(elf.SHN_XINDEX)})},
			{name: ".strtab", typ: elf.SHT_STRTAB, data: []byte("\x00")},
			{name: ".symtab_shndx", typ: elf.SHT_SYMTAB_SHNDX, link: 1, ent: 4, data: xindex},
		}
		var r Reader
		file, err := r.OpenBytes("x", s.build())
		if err != nil {
			t.Fatal(err)
		}
		tab, err := file.Symbols()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, y := range tab.All() {
			got = append(got, fmt.Sprint(i, y.Value, y.Section, y.Special, y.Defined(), y.Bind, y.Type))
		}
		want := "1 7 65521 true false STB_GLOBAL STT_FUNC|2 8 3 false true STB_LOCAL STT_NOTYPE"
		if g := strings.Join(got, "|"); g != want || tab.Err() != nil {
			t.Errorf("%v: got %s\nwant %s, error %v", s, g, want, tab.Err())
		}
		s.sections = s.sections[:2]
		if file, err = r.OpenBytes("x", s.build()); err != nil {
			t.Fatal(err)
		}
		if tab, err = file.Symbols(); err != nil {
			t.Fatal(err)
		}
		for range tab.All() {
		}
		if err := tab.Err(); err == nil || !strings.Contains(err.Error(), "extended section index without SHT_SYMTAB_SHNDX") {
			t.Error("without the table:", err)
		}
	}
}

func TestStripped(t *testing.T) {
	var r Reader
	f, err := r.OpenBytes("x", elfSpec{class64: true}.build())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Symbols(); !errors.Is(err, ErrNoSection) {
		t.Error(err)
	}
}

// TestReaderReuse opens files of falling and rising size: the buffers are
// reused, and no bytes of one file show in another.
func TestReaderReuse(t *testing.T) {
	var r Reader
	for _, n := range []int{100000, 10, 5000, 200000, 3} {
		s := elfSpec{class64: true, machine: elf.EM_X86_64, typ: elf.ET_REL}
		want := bytes.Repeat([]byte{byte(n)}, n)
		s.sections = []specSection{
			{name: ".debug_info", typ: elf.SHT_PROGBITS, data: want},
			{name: ".debug_str", typ: elf.SHT_PROGBITS, data: want[:n/2]},
		}
		f, err := r.OpenBytes("x", s.build())
		if err != nil {
			t.Fatal(err)
		}
		a, err := f.DebugSection(".debug_info")
		if err != nil {
			t.Fatal(err)
		}
		b, err := f.DebugSection(".debug_str")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, want) || !bytes.Equal(b, want[:n/2]) {
			t.Errorf("size %d: bytes differ", n)
		}
	}
	if n := len(r.arena.free) + len(r.arena.used); n > 3 {
		t.Errorf("%d buffers held for three sections", n)
	}
}

var encodeSections = []string{
	".debug_info", ".debug_abbrev", ".debug_str", ".debug_line_str", ".debug_addr",
	".debug_str_offsets", ".debug_loclists", ".debug_rnglists",
}

// TestReadAllocs pins what a warm Reader allocates for a file: the section
// names, the symbol table's head and what opening takes.
func TestReadAllocs(t *testing.T) {
	b := corpusModule(t, "af_key")
	var r Reader
	read := func() {
		f, err := r.OpenBytes("af_key", b)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range encodeSections {
			f.DebugSection(name)
		}
		tab, err := f.Symbols()
		if err != nil {
			t.Fatal(err)
		}
		for range tab.All() {
		}
	}
	read()
	if n := testing.AllocsPerRun(20, read); n > 20 {
		t.Errorf("%v allocations per module", n)
	}
}
