package elfio

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAppendObject(t *testing.T) {
	data := []byte("\x9f\xeb\x01 some BTF of an odd length")
	for _, like := range []File{
		{Class64: true, Machine: elf.EM_X86_64},
		{Class64: true, Big: true, Machine: elf.EM_S390},
		{Class64: true, Machine: elf.EM_RISCV, Flags: 5},
		{Machine: elf.EM_ARM, Flags: 0x5000200},
		{Big: true, Machine: elf.EM_PPC},
	} {
		t.Run(elfSpec{class64: like.Class64, big: like.Big, machine: like.Machine}.String(), func(t *testing.T) {
			prefix := []byte("abc")
			obj := AppendObject(bytes.Clone(prefix), &like, ".BTF", data)[len(prefix):]

			// debug/elf is the judge of the form, our reader of the flags.
			f, err := elf.NewFile(bytes.NewReader(obj))
			if err != nil {
				t.Fatal(err)
			}
			if f.Type != elf.ET_REL || f.Machine != like.Machine || len(f.Sections) != 3 || len(f.Progs) != 0 {
				t.Errorf("%v, %d sections, %d segments", f.FileHeader, len(f.Sections), len(f.Progs))
			}
			if want := pick(like.Class64, int(elf.ELFCLASS64), int(elf.ELFCLASS32)); int(f.Class) != want {
				t.Errorf("class %v", f.Class)
			}
			if (f.Data == elf.ELFDATA2MSB) != like.Big {
				t.Errorf("byte order %v", f.Data)
			}
			s := f.Section(".BTF")
			if s == nil || s.Type != elf.SHT_PROGBITS || s.Flags != elf.SHF_ALLOC || s.Addralign != 8 || s.Addr != 0 {
				t.Fatalf("section %+v", s)
			}
			if got, err := s.Data(); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%q, %v", got, err)
			}
			var r Reader
			ours, err := r.OpenBytes("object", obj)
			if err != nil {
				t.Fatal(err)
			}
			if ours.Flags != like.Flags {
				t.Errorf("flags %#x, want %#x", ours.Flags, like.Flags)
			}
		})
	}
}

// TestLinkObject links an object as the kernel's build does.
func TestLinkObject(t *testing.T) {
	for _, tool := range []string{"ld", "readelf"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	dir := t.TempDir()
	data := []byte("\x9f\xeb\x01 some BTF")
	obj, linked := filepath.Join(dir, "btf.o"), filepath.Join(dir, "linked.o")
	like := File{Class64: true, Machine: elf.EM_X86_64}
	if err := os.WriteFile(obj, AppendObject(nil, &like, ".BTF", data), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("ld", "-m", "elf_x86_64", "-r", "-o", linked, obj).CombinedOutput(); err != nil {
		if strings.Contains(string(out), "unrecognised emulation mode") {
			t.Skipf("%s", out)
		}
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command("readelf", "-hSW", obj).CombinedOutput()
	if err != nil || strings.Contains(string(out), "Warning") || strings.Contains(string(out), "Error") {
		t.Errorf("readelf: %v: %s", err, out)
	}
	f, err := elf.Open(linked)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := f.Section(".BTF")
	if s == nil || s.Flags != elf.SHF_ALLOC || s.Type != elf.SHT_PROGBITS {
		t.Fatalf("linked section %+v", s)
	}
	if got, err := s.Data(); err != nil || !bytes.Equal(got, data) {
		t.Errorf("linked %q, %v", got, err)
	}
}
