package elfio

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// seedObjects adds the small objects of testdata: all machines, several compilers.
func seedObjects(f *testing.F, add func(data []byte)) {
	f.Helper()
	for _, pattern := range []string{"*.ko", "plain/*.ko", "cross/*.ko", "vmlinux"} {
		paths, err := filepath.Glob(filepath.Join("../testdata/kernel/obj", pattern))
		if err != nil || len(paths) == 0 {
			f.Fatal("no objects in testdata:", err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			add(data)
		}
	}
}

// FuzzOpen reads everything of a file and puts a section into it.
func FuzzOpen(f *testing.F) {
	for _, s := range allShapes {
		f.Add(plain(s).build())
		f.Add(s.withRelocs(make([]byte, 16), 5, s.class64, specRel{off: 4, sym: 1, typ: 1}))
	}
	seedObjects(f, func(data []byte) { f.Add(data) })
	f.Fuzz(checkHostile)
}

// FuzzSection gives a section of debug information to the decompressors, by the flag
// and by the name. No panic, no more bytes than the limit, and what the standard
// library reads of it too is the same.
func FuzzSection(f *testing.F) {
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range allShapes {
		n := uint64(len(greeting))
		f.Add(s.class64, s.big, false, s.chdr(elf.COMPRESS_ZLIB, n, deflate([]byte(greeting))))
		f.Add(s.class64, s.big, false, s.chdr(elf.COMPRESS_ZSTD, n, enc.EncodeAll([]byte(greeting), nil)))
		f.Add(s.class64, s.big, true, append(binary.BigEndian.AppendUint64([]byte("ZLIB"), n), deflate([]byte(greeting))...))
	}
	const limit = 1 << 20
	f.Fuzz(func(t *testing.T, class64, big, gnu bool, data []byte) {
		s := elfSpec{class64: class64, big: big, typ: elf.ET_EXEC, machine: elf.EM_X86_64}
		sec := specSection{name: ".debug_info", typ: elf.SHT_PROGBITS, align: 1, flags: elf.SHF_COMPRESSED, data: data}
		if gnu {
			sec.name, sec.flags = ".zdebug_info", 0
		}
		s.sections = []specSection{sec}
		b := s.build()
		r := Reader{Options: Options{MaxSection: limit}}
		file, err := r.OpenBytes("x", b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := file.DebugSection(".debug_info")
		if err != nil {
			return
		}
		if len(got) > limit {
			t.Fatalf("%d bytes", len(got))
		}
		theirs, err := elf.NewFile(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if want, err := theirs.Sections[1].Data(); !gnu && err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, debug/elf %d, or contents differ", len(got), len(want))
		}
	})
}

// FuzzInject puts one or two sections into a file. The result reads again, has
// them, and keeps the header and the bytes of every other section. On disk, in place or
// by a new file, it comes to the same bytes; where it is refused, the file stays as it
// was.
func FuzzInject(f *testing.F) {
	for _, s := range allShapes {
		f.Add(plain(s).build(), []byte("one"), []byte("other"), byte(3))
	}
	n := 0
	seedObjects(f, func(data []byte) {
		f.Add(data, []byte("some bytes of BTF"), []byte("base"), byte(n))
		n++
	})
	path := filepath.Join(f.TempDir(), "x.ko")
	f.Fuzz(func(t *testing.T, b, one, two []byte, how byte) {
		names := [][2]string{{".BTF", ".BTF.base"}, {".BTF", ".symtab"}, {".BTF_ids", ".BTF"}, {".debug_info", ".BTF"}}[how>>1&3]
		patches := []Patch{{names[0], one}}
		if how&1 != 0 {
			patches = append(patches, Patch{names[1], two})
		}
		before := bytes.Clone(b)
		out, err := Inject(b, patches...)
		if !bytes.Equal(b, before) {
			t.Fatal("the input was changed")
		}
		if how&8 != 0 && len(b) > 0 {
			checkOnDisk(t, path, b, out, err != nil, WriteOptions{InPlace: how&16 != 0}, patches)
		}
		if err != nil {
			return
		}
		if again, err := Inject(out, patches...); err != nil || !bytes.Equal(again, out) {
			t.Fatalf("second injection: error %v, equal %v", err, bytes.Equal(again, out))
		}
		checkPatched(t, b, out, patches)
	})
}

// checkOnDisk makes the same change of a file, whose contents are to be want.
func checkOnDisk(t *testing.T, path string, src, want []byte, refused bool, opts WriteOptions, patches []Patch) {
	t.Helper()
	if err := os.WriteFile(path, src, 0o600); err != nil {
		t.Fatal(err)
	}
	changed, err := ReplaceSections(path, opts, patches...)
	if refused {
		want = src
	}
	got, rerr := os.ReadFile(path)
	if rerr != nil {
		t.Fatal(rerr)
	}
	if (err != nil) != refused || changed != !bytes.Equal(src, want) || !bytes.Equal(got, want) {
		t.Fatalf("on disk: changed %v, error %v, bytes right %v; in memory refused %v", changed, err, bytes.Equal(got, want), refused)
	}
}

// checkPatched checks that out is src with patches, and nothing else is another one.
func checkPatched(t *testing.T, src, out []byte, patches []Patch) {
	t.Helper()
	var r, r2 Reader
	was, err := r.OpenBytes("before", src)
	if err != nil {
		t.Fatal(err)
	}
	is, err := r2.OpenBytes("after", out)
	if err != nil {
		t.Fatal(err)
	}
	// Bytes that a section shares with what has to change do change: hostile files
	// have sections over headers and over each other.
	shared := []region{{0, uint64(was.ehdrSize())}, {was.hdr.shoff, was.hdr.shnum * uint64(was.shdrSize())}}
	isTarget := map[int]bool{int(was.hdr.shstrndx): true}
	n := len(was.Sections)
	for _, p := range patches {
		i := was.Index(p.Name)
		if i == 0 {
			i = n
			n++
		} else if s := &was.Sections[i]; s.Flags&elf.SHF_ALLOC != 0 {
			shared = append(shared, region{s.Off, s.Size})
		}
		isTarget[i] = true
		got, err := is.SectionData(i)
		if err != nil || !bytes.Equal(got, p.Data) || is.Sections[i].Name != p.Name {
			t.Fatalf("section %d is %s with %d bytes, error %v; want %s with %d", i, is.Sections[i].Name, len(got), err, p.Name, len(p.Data))
		}
	}
	if len(is.Sections) != n {
		t.Fatalf("%d sections, want %d", len(is.Sections), n)
	}
	for i := 1; i < len(was.Sections); i++ {
		s := &was.Sections[i]
		if isTarget[i] {
			continue
		}
		if is.Sections[i] != *s {
			t.Fatalf("section %d is %+v, was %+v", i, is.Sections[i], *s)
		}
		size := s.fileSize()
		if size == 0 || s.Off > uint64(len(src)) || size > uint64(len(src))-s.Off || bytes.Equal(src[s.Off:s.Off+size], out[s.Off:s.Off+size]) {
			continue
		}
		for _, h := range shared {
			if h.overlaps(region{s.Off, size}) {
				size = 0
			}
		}
		if size > 0 {
			t.Fatalf("section %s: bytes changed", s.label(i))
		}
	}
}
