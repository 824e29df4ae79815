package elfio

import (
	"bytes"
	"debug/elf"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// plain fills a spec with a few sections.
func plain(s elfSpec) elfSpec {
	s.typ = elf.ET_REL
	s.sections = []specSection{
		{name: ".text", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, align: 16, data: []byte("code, more or less")},
		{name: ".bss", typ: elf.SHT_NOBITS, flags: elf.SHF_ALLOC | elf.SHF_WRITE, align: 8, data: make([]byte, 100)},
		{name: ".symtab", typ: elf.SHT_SYMTAB, link: 4, info: 1, align: 8, ent: uint64(s.writer().symSize()), data: s.syms(specSym{value: 4, shndx: 1})},
		{name: ".strtab", typ: elf.SHT_STRTAB, align: 1, data: []byte("\x00")},
	}
	return s
}

func inject(t *testing.T, src []byte, patches ...Patch) []byte {
	t.Helper()
	out, err := Inject(src, patches...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// checkInjected checks with debug/elf that got is src with the patches in,
// and that nothing else differs.
func checkInjected(t *testing.T, src, got []byte, patches ...Patch) {
	t.Helper()
	was, err := elf.NewFile(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	is, err := elf.NewFile(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	if is.FileHeader != was.FileHeader {
		t.Errorf("file header %+v, was %+v", is.FileHeader, was.FileHeader)
	}
	patched := map[string][]byte{}
	for _, p := range patches {
		patched[p.Name] = p.Data
	}
	for i, s := range was.Sections {
		if _, ok := patched[s.Name]; ok || i == 0 {
			continue // section 0 may have the number of sections
		}
		a, b := s.SectionHeader, is.Sections[i].SectionHeader
		if s.Name == ".shstrtab" {
			a.Offset, a.Size, a.FileSize = b.Offset, b.Size, b.FileSize
		}
		if a != b {
			t.Errorf("section %d: %+v, was %+v", i, b, a)
		}
		if s.Type == elf.SHT_NOBITS || s.Name == ".shstrtab" {
			continue
		}
		if !bytes.Equal(src[s.Offset:s.Offset+s.FileSize], got[b.Offset:b.Offset+b.FileSize]) {
			t.Errorf("section %s: bytes changed", s.Name)
		}
	}
	for name, want := range patched {
		s := is.Section(name)
		if s == nil {
			t.Errorf("section %s: absent", name)
			continue
		}
		if b := got[s.Offset : s.Offset+s.FileSize]; !bytes.Equal(b, want) {
			t.Errorf("section %s: has %d other bytes", name, len(b))
		}
		if s.Flags&elf.SHF_ALLOC == 0 && s.Type != elf.SHT_PROGBITS {
			t.Errorf("section %s: type %v", name, s.Type)
		}
	}
}

func TestInjectShapes(t *testing.T) {
	one, two := []byte("first"), bytes.Repeat([]byte("second, longer. "), 40)
	for _, shape := range allShapes {
		t.Run(shape.String(), func(t *testing.T) {
			src := plain(shape).build()
			a := inject(t, src, Patch{".BTF", one})
			checkInjected(t, src, a, Patch{".BTF", one})
			if n := len(a) - len(src); n > len(one)+len(".BTF")+1+shape.writer().shdrSize()+8 {
				t.Errorf("file grew by %d bytes", n)
			}
			if again := inject(t, a, Patch{".BTF", one}); !bytes.Equal(again, a) {
				t.Error("second injection of the same bytes changed the file")
			}
			b := inject(t, src, Patch{".BTF", two})
			if got := inject(t, a, Patch{".BTF", two}); !bytes.Equal(got, b) {
				t.Error("replacing by a longer section differs from injecting it at first")
			}
			if got := inject(t, b, Patch{".BTF", one}); !bytes.Equal(got, a) {
				t.Error("replacing by a shorter section differs from injecting it at first")
			}
			none := inject(t, a, Patch{".BTF", nil})
			checkInjected(t, src, none, Patch{".BTF", nil})
			if got := inject(t, none, Patch{".BTF", one}); !bytes.Equal(got, a) {
				t.Error("replacing an empty section differs from injecting it at first")
			}
			both := []Patch{{".BTF", two}, {".BTF.base", one}}
			c := inject(t, src, both...)
			checkInjected(t, src, c, both...)
			if got := inject(t, a, both...); !bytes.Equal(got, c) {
				t.Error("adding .BTF.base later differs from adding both at once")
			}
		})
	}
}

// TestInjectMiddle replaces a section in the midst of the file: it stays where
// it is while it fits there, and moves to the end once.
func TestInjectMiddle(t *testing.T) {
	s := plain(elfSpec{class64: true, machine: elf.EM_X86_64})
	old := bytes.Repeat([]byte("o"), 64)
	s.sections = append(s.sections[:1:1], append([]specSection{{name: ".BTF", typ: elf.SHT_PROGBITS, align: 4, data: old}}, s.sections[1:]...)...)
	s.sections[3].link = 5
	src := s.build()
	small, large := []byte("small"), bytes.Repeat([]byte("large"), 100)

	a := inject(t, src, Patch{".BTF", small})
	checkInjected(t, src, a, Patch{".BTF", small})
	if len(a) != len(src) {
		t.Errorf("a smaller section in place changed the size from %d to %d", len(src), len(a))
	}
	if bytes.Contains(a, []byte("oo")) {
		t.Error("old bytes left behind")
	}
	if back := inject(t, a, Patch{".BTF", old}); !bytes.Equal(back, src) {
		t.Error("growing back into the old place does not give the old file")
	}
	b := inject(t, src, Patch{".BTF", large})
	checkInjected(t, src, b, Patch{".BTF", large})
	if bytes.Contains(b, []byte("oo")) {
		t.Error("old bytes left behind")
	}
	for range 3 {
		b = inject(t, inject(t, b, Patch{".BTF", large[:400]}), Patch{".BTF", large})
	}
	if want := inject(t, src, Patch{".BTF", large}); !bytes.Equal(b, want) {
		t.Error("file grows with each replacement")
	}
}

func TestInjectUnnamed(t *testing.T) {
	src := plain(elfSpec{class64: true, machine: elf.EM_X86_64}).build()
	payload := append(bytes.Clone(src), "\x00\x00payload of somebody"...)
	got := inject(t, payload, Patch{".BTF", []byte("btf")})
	if !bytes.Contains(got, []byte("payload of somebody")) {
		t.Error("bytes that no header speaks of are lost")
	}
	checkInjected(t, src, got, Patch{".BTF", []byte("btf")})
	if again := inject(t, inject(t, got, Patch{".BTF", []byte("other")}), Patch{".BTF", []byte("btf")}); !bytes.Equal(again, got) {
		t.Error("file grows with each replacement")
	}
	padded := append(bytes.Clone(src), make([]byte, 512)...)
	if got := inject(t, padded, Patch{".BTF", []byte("btf")}); !bytes.Equal(got, inject(t, src, Patch{".BTF", []byte("btf")})) {
		t.Error("zero padding is kept")
	}
}

func TestInjectExecutable(t *testing.T) {
	for _, shape := range allShapes {
		s := plain(shape)
		s.typ = elf.ET_EXEC
		ids := specSection{name: ".BTF_ids", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: 4, data: make([]byte, 8)}
		s.sections = append(s.sections, ids)
		s.segments = [][2]uint64{{0, 120}}
		src := s.build()
		patches := []Patch{{".BTF", []byte("types")}, {".BTF_ids", []byte("12345678")}}
		checkInjected(t, src, inject(t, src, patches...), patches...)
		if _, err := Inject(src, Patch{".BTF_ids", []byte("123")}); err == nil || !strings.Contains(err.Error(), "is loaded (SHF_ALLOC), its size 0x8 cannot become 0x3") {
			t.Errorf("resizing a loaded section: %v", err)
		}
	}
}

// TestInjectEmptyLoaded fills the .BTF that lld leaves in a vmlinux linked without one: loaded, of no
// bytes. What it becomes is not loaded and has no address; of no bytes again, it is left alone.
func TestInjectEmptyLoaded(t *testing.T) {
	for _, shape := range allShapes {
		s := plain(shape)
		s.typ = elf.ET_EXEC
		s.sections = append(s.sections, specSection{name: ".BTF", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: 1})
		s.segments = [][2]uint64{{0, 120}}
		src := s.build()
		if got := inject(t, src, Patch{".BTF", nil}); !bytes.Equal(got, src) {
			t.Error("no bytes for none: the file changes")
		}
		var r Reader
		f, err := r.OpenBytes("before", src)
		if err != nil {
			t.Fatal(err)
		}
		i := f.Index(".BTF")
		// An address, as the linker gives it.
		f.putWord(src[f.hdr.shoff:][i*f.shdrSize()+8:], 1, 0x1000)
		patch := Patch{".BTF", []byte("types")}
		got := inject(t, src, patch)
		checkInjected(t, src, got, patch)
		if f, err = r.OpenBytes("after", got); err != nil {
			t.Fatal(err)
		}
		h := f.r.table[i*f.shdrSize()+8:]
		if flags, addr := f.word(h, 0, 0), f.word(h, 0, 1); flags != 0 || addr != 0 {
			t.Errorf("%v: flags %#x, address %#x", shape, flags, addr)
		}
	}
}

// TestInjectManySections crosses the number of sections from which on section
// 0 has the count, and goes beyond 65,535.
func TestInjectManySections(t *testing.T) {
	for _, n := range []int{0xfefe - 2, 0xfeff - 2, 0xff00 - 2, 70000} {
		s := elfSpec{class64: true, machine: elf.EM_X86_64, typ: elf.ET_REL}
		for i := range n {
			s.sections = append(s.sections, specSection{name: fmt.Sprintf("s%d", i), typ: elf.SHT_PROGBITS, align: 1, data: []byte{byte(i)}})
		}
		src := s.build()
		got := inject(t, src, Patch{".BTF", []byte("btf")})
		checkInjected(t, src, got, Patch{".BTF", []byte("btf")})
		var r Reader
		f, err := r.OpenBytes("many", got)
		if err != nil {
			t.Fatal(err)
		}
		if i := f.Index(".BTF"); i != n+2 {
			t.Errorf("%d sections: .BTF has index %d", n+2, i)
		}
	}
}

func TestInjectRefused(t *testing.T) {
	base := plain(elfSpec{class64: true, machine: elf.EM_X86_64})
	with := func(add ...specSection) []byte {
		s := base
		s.sections = append(append([]specSection{}, base.sections...), add...)
		return s.build()
	}
	btf := specSection{name: ".BTF", typ: elf.SHT_PROGBITS, align: 1, data: []byte("x")}
	loaded, empty, grouped, odd := btf, btf, btf, btf
	empty.flags, empty.data = elf.SHF_ALLOC, nil
	loaded.flags, grouped.flags, odd.align = elf.SHF_ALLOC, elf.SHF_GROUP, 3
	tests := []struct {
		name string
		src  []byte
		want string
	}{
		{"signed", append(base.build(), "sig"+moduleSigMarker...), ErrSigned.Error()},
		{"twice", with(btf, btf), "is there twice, index 5 and 6"},
		{"relocations", with(btf, specSection{name: ".rela.BTF", typ: elf.SHT_RELA, info: 5, link: 3}), "has relocations in .rela.BTF"},
		{"relocations of an empty one", with(empty, specSection{name: ".rela.BTF", typ: elf.SHT_RELA, info: 5, link: 3}), "has relocations in .rela.BTF"},
		{"group", with(grouped), "is a member of a section group"},
		{"loaded", with(loaded), "is loaded (SHF_ALLOC)"},
		{"alignment", with(odd), "section .BTF: offset 0x8a: alignment 0x3"},
		{"empty", nil, "not an ELF file"},
		{"truncated", base.build()[:200], "beyond the"},
	}
	for _, tt := range tests {
		_, err := Inject(tt.src, Patch{".BTF", []byte("new")})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
	for _, name := range []string{"", "a\x00b", ".shstrtab"} {
		if _, err := Inject(base.build(), Patch{name, nil}); err == nil {
			t.Errorf("section name %q accepted", name)
		}
	}
}

// TestInjectNoBits gives a .BTF bytes that strip left without any.
func TestInjectNoBits(t *testing.T) {
	s := plain(elfSpec{class64: true, machine: elf.EM_X86_64})
	s.sections = append(s.sections, specSection{name: ".BTF", typ: elf.SHT_NOBITS, align: 1, data: make([]byte, 4000)})
	src := s.build()
	got := inject(t, src, Patch{".BTF", []byte("btf")})
	checkInjected(t, src, got, Patch{".BTF", []byte("btf")})
}

// TestInjectCorpus puts sections of several sizes into real modules, whose
// .BTF objcopy put in front of the symbol table.
func TestInjectCorpus(t *testing.T) {
	for _, name := range []string{"af_key", "raid456", "zsmalloc"} {
		src := corpusModule(t, name)
		f, err := elf.NewFile(bytes.NewReader(src))
		if err != nil {
			t.Fatal(err)
		}
		own, err := f.Section(".BTF").Data()
		if err != nil {
			t.Fatal(err)
		}
		if got := inject(t, src, Patch{".BTF", own}); &got[0] != &src[0] {
			t.Errorf("%s: its own .BTF changed the file", name)
		}
		for _, n := range []int{0, 1, len(own) - 1, len(own) + 1, len(own) + 5000} {
			want := bytes.Repeat([]byte{0xb7}, n)
			got := inject(t, src, Patch{".BTF", want})
			checkInjected(t, src, got, Patch{".BTF", want})
			if n > 0 && n <= len(own) && len(got) != len(src) {
				t.Errorf("%s: .BTF of %d bytes: file has %d bytes, was %d", name, n, len(got), len(src))
			}
		}
	}
}

// TestInjectTools lets other readers of ELF judge: eu-elflint finds nothing
// more than before, and objcopy takes the section out and leaves the rest.
func TestInjectTools(t *testing.T) {
	lint, err := exec.LookPath("eu-elflint")
	if err != nil {
		t.Skip("no eu-elflint")
	}
	objcopy, err := exec.LookPath("objcopy")
	if err != nil {
		t.Skip("no objcopy")
	}
	dir := t.TempDir()
	bare, full := filepath.Join(dir, "bare.ko"), filepath.Join(dir, "full.ko")
	if err := os.WriteFile(full, corpusModule(t, "tcp_bbr"), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(objcopy, "--remove-section", ".BTF", full, bare).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	src, err := os.ReadFile(bare)
	if err != nil {
		t.Fatal(err)
	}
	btf := bytes.Repeat([]byte("btf!"), 1000)
	got := inject(t, src, Patch{".BTF", btf})
	checkInjected(t, src, got, Patch{".BTF", btf})
	if err := os.WriteFile(full, got, 0o666); err != nil {
		t.Fatal(err)
	}
	before, _ := exec.Command(lint, "--gnu-ld", bare).CombinedOutput()
	after, _ := exec.Command(lint, "--gnu-ld", full).CombinedOutput()
	if !bytes.Equal(before, after) {
		t.Errorf("eu-elflint before:\n%s\nafter:\n%s", before, after)
	}
	if out, err := exec.Command(objcopy, "--remove-section", ".BTF", full).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	back, err := os.ReadFile(full)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back, src) {
		t.Error("objcopy without .BTF does not give the module back")
	}
}

// checkHostile reads everything in b, which may be no ELF file at all. If
// something can be injected, it must be there afterwards, all other sections
// must have kept their bytes, and a second injection must change nothing.
func checkHostile(t *testing.T, b []byte) {
	r := Reader{Options: Options{MaxSection: 1 << 20}}
	file, err := r.OpenBytes("hostile", b)
	if err != nil {
		return
	}
	for i := range file.Sections {
		file.DebugSectionAt(i)
	}
	if tab, err := file.Symbols(); err == nil {
		for range tab.All() {
		}
	}
	patch := Patch{".BTF", []byte("some bytes")}
	out, err := Inject(b, patch)
	if err != nil {
		return
	}
	again, err := Inject(out, patch)
	if err != nil || !bytes.Equal(again, out) {
		t.Fatalf("second injection: error %v, equal %v", err, bytes.Equal(again, out))
	}
	var r2 Reader
	after, err := r2.OpenBytes("injected", out)
	if err != nil {
		t.Fatal(err)
	}
	got, err := after.SectionData(after.Index(".BTF"))
	if err != nil || !bytes.Equal(got, patch.Data) {
		t.Fatalf(".BTF is %q, error %v", got, err)
	}
	for i := range file.Sections {
		s := &file.Sections[i]
		if uint32(i) == file.hdr.shstrndx || s.fileSize() == 0 || s.Name == ".BTF" {
			continue
		}
		if s.Off+s.Size > uint64(len(b)) || bytes.Equal(b[s.Off:s.Off+s.Size], out[s.Off:s.Off+s.Size]) {
			continue
		}
		// Only where a section lies over a header may its bytes change.
		r := region{s.Off, s.Size}
		if !r.overlaps(region{0, 64}) && !r.overlaps(region{file.hdr.shoff, file.hdr.shnum * uint64(file.shdrSize())}) {
			t.Fatalf("section %s: bytes changed", s.label(i))
		}
	}
}

// TestHostileTables puts random numbers that mean something into the section
// header tables of small files.
func TestHostileTables(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 20000 {
		s := plain(allShapes[n%len(allShapes)])
		btf := specSection{name: ".BTF", typ: elf.SHT_PROGBITS, align: 1, data: []byte("old and longer")}
		if n%3 == 1 {
			s.sections = append(s.sections, btf)
		} else if n%3 == 2 {
			s.sections = append(s.sections[:1:1], append([]specSection{btf}, s.sections[1:]...)...)
		}
		b := s.build()
		f := s.writer()
		f.src, f.size, f.r = bytes.NewReader(b), uint64(len(b)), &Reader{}
		if err := f.readHeader(); err != nil {
			t.Fatal(err)
		}
		for range 1 + rnd.IntN(4) {
			h := b[f.hdr.shoff+uint64(rnd.IntN(int(f.hdr.shnum))*f.shdrSize()):]
			v := rnd.Uint64N(uint64(len(b)) + 20)
			switch rnd.IntN(8) {
			case 0:
				f.put32(h, uint32(rnd.IntN(40)))
			case 1:
				f.put32(h[4:], uint32(rnd.IntN(20)))
			case 2:
				f.putWord(h[8:], 0, uint64(1)<<rnd.IntN(12))
			case 3, 4:
				f.putWord(h[8:], 2, v)
			case 5, 6:
				f.putWord(h[8:], 3, v)
			case 7:
				f.put32(h[8+4*f.wordSize():], uint32(rnd.IntN(8)))
				f.put32(h[12+4*f.wordSize():], uint32(rnd.IntN(8)))
			}
		}
		if rnd.IntN(4) == 0 {
			b = append(b, make([]byte, rnd.IntN(40))...)
			b = append(b, "junk"...)
		}
		checkHostile(t, b)
	}
}
