package elfio

import (
	"bytes"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// corpusDir finds the corpus of real modules, or skips the test.
func corpusDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("GOBTFENC_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no corpus of kernel modules:", err)
		}
		t.Skip("no corpus of kernel modules; set GOBTFENC_CORPUS:", err)
	}
	return dir
}

var unzstd = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil)
	if err != nil {
		panic(err)
	}
	return d
})

// corpusModule returns the bytes of a module of the corpus.
func corpusModule(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(corpusDir(t), name+".ko.zst"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err = unzstd().DecodeAll(b, nil); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCorpusSections compares sections, symbols and relocated bytes with
// debug/elf and an independent, slow application of the relocations.
func TestCorpusSections(t *testing.T) {
	var r Reader
	for _, name := range []string{"af_key", "raid456", "tcp_bbr", "zsmalloc"} {
		b := corpusModule(t, name)
		f, err := r.OpenBytes(name, b)
		if err != nil {
			t.Fatal(err)
		}
		want, err := elf.NewFile(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		compareSections(t, f, want)
		compareSymbols(t, f, want)
		for i, s := range want.Sections {
			if len(s.Name) > 7 && s.Name[:7] == ".debug_" {
				got, err := f.DebugSectionAt(i)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, relocatedSlow(t, want, i)) {
					t.Errorf("%s: %s: relocated bytes differ", name, s.Name)
				}
			}
		}
	}
}

func compareSections(t *testing.T, f *File, want *elf.File) {
	t.Helper()
	if len(f.Sections) != len(want.Sections) {
		t.Fatalf("%d sections, want %d", len(f.Sections), len(want.Sections))
	}
	for i, s := range want.Sections {
		g := f.Sections[i]
		got := elf.SectionHeader{Name: g.Name, Type: g.Type, Flags: g.Flags, Addr: g.Addr, Offset: g.Off, Size: s.Size, Link: g.Link, Info: g.Info, Addralign: g.Align, Entsize: g.EntSize, FileSize: g.Size}
		if g.Flags&elf.SHF_COMPRESSED != 0 {
			got.Addralign = s.Addralign // debug/elf shows those of the contents
		}
		if got != s.SectionHeader {
			t.Errorf("section %d: got %+v, want %+v", i, got, s.SectionHeader)
		}
		if s.Type == elf.SHT_NOBITS || i == 0 {
			continue
		}
		b, err := f.SectionData(i)
		if err != nil {
			t.Fatal(err)
		}
		raw := make([]byte, s.FileSize)
		if s.Flags&elf.SHF_COMPRESSED != 0 {
			continue
		}
		if _, err := s.ReadAt(raw, 0); err != nil && s.FileSize > 0 {
			t.Fatal(err)
		}
		if !bytes.Equal(b, raw) {
			t.Errorf("section %s: bytes differ", s.Name)
		}
	}
}

func compareSymbols(t *testing.T, f *File, want *elf.File) {
	t.Helper()
	syms, err := want.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	tab, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, s := range tab.All() {
		w := syms[i-1]
		got := elf.Symbol{Name: string(s.Name), Value: s.Value, Size: s.Size, Section: elf.SectionIndex(s.Section), Info: elf.ST_INFO(s.Bind, s.Type), Other: s.Other}
		if got.Name != w.Name || got.Value != w.Value || got.Size != w.Size || got.Info != w.Info || got.Other != w.Other || got.Section != w.Section {
			t.Fatalf("symbol %d: got %+v, want %+v", i, got, w)
		}
		n++
	}
	if tab.Err() != nil || n != len(syms) {
		t.Fatalf("%d symbols, want %d, error %v", n, len(syms), tab.Err())
	}
}

// relocatedSlow applies RELA relocations of x86-64 to section i by the text
// of the ABI, with debug/elf's parser.
func relocatedSlow(t *testing.T, f *elf.File, i int) []byte {
	t.Helper()
	data, err := f.Sections[i].Data()
	if err != nil {
		t.Fatal(err)
	}
	syms, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f.Sections {
		if s.Type != elf.SHT_RELA || int(s.Info) != i {
			continue
		}
		b, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		for ; len(b) > 0; b = b[24:] {
			off, info, v := f.ByteOrder.Uint64(b), f.ByteOrder.Uint64(b[8:]), f.ByteOrder.Uint64(b[16:])
			if sym := elf.R_SYM64(info); sym != 0 && syms[sym-1].Section != elf.SHN_UNDEF {
				v += syms[sym-1].Value
			}
			switch typ := elf.R_X86_64(elf.R_TYPE64(info)); typ {
			case elf.R_X86_64_64:
				f.ByteOrder.PutUint64(data[off:], v)
			case elf.R_X86_64_32, elf.R_X86_64_32S:
				f.ByteOrder.PutUint32(data[off:], uint32(v))
			case elf.R_X86_64_PC32:
				f.ByteOrder.PutUint32(data[off:], uint32(v-off))
			default:
				t.Fatalf("relocation type %v", typ)
			}
		}
	}
	return data
}

// TestAbsentSections checks that absence has an error of its own: it is what
// most optional sections of a module give.
func TestAbsentSections(t *testing.T) {
	var r Reader
	f, err := r.OpenBytes("tcp_bbr", corpusModule(t, "tcp_bbr"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.DebugSection(".debug_types"); !errors.Is(err, ErrNoSection) {
		t.Errorf("absent section: %v", err)
	}
	if _, err := f.DebugSection(".bss"); !errors.Is(err, ErrNoBits) {
		t.Errorf("SHT_NOBITS section: %v", err)
	}
}

// BenchmarkRelocate measures the relocations of xfs.ko's .debug_info alone.
func BenchmarkRelocate(b *testing.B) {
	var r Reader
	f, err := r.OpenBytes("xfs", corpusModule(b, "xfs"))
	if err != nil {
		b.Fatal(err)
	}
	data, err := f.DebugSection(".debug_info")
	if err != nil {
		b.Fatal(err)
	}
	i := f.Index(".debug_info")
	n := f.Section(".rela.debug_info").Size / 24
	b.ReportAllocs()
	for b.Loop() {
		if err := f.relocate(uint32(i), data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n)/float64(b.N), "ns/reloc")
}
