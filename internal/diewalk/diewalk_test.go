package diewalk

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/internal/corpus"
)

const objects = "../../testdata/kernel/obj/"

// countByStd counts DIEs with the standard library, which applies all
// relocations and reads all attributes.
func countByStd(t *testing.T, path string) int {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := f.DWARF()
	if err != nil {
		t.Fatal(err)
	}
	r, n := d.Reader(), 0
	for {
		e, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if e == nil {
			return n
		}
		if e.Tag != 0 {
			n++
		}
	}
}

func check(t *testing.T, path string) {
	t.Helper()
	want := countByStd(t, path)
	for _, jobs := range []int{1, 3} {
		w := New(jobs)
		for range 2 {
			if got, err := w.Count(path); got != want || err != nil || want == 0 {
				t.Errorf("%s, %d at once: %d DIEs, want %d, error %v", path, jobs, got, want, err)
			}
		}
	}
}

// TestCount walks DWARF 2 to 5 of 32 and 64 bits, with relocations of either
// form.
func TestCount(t *testing.T) {
	for _, name := range []string{
		"plain/gcc2", "plain/gcc3", "plain/gcc4", "plain/gcc4-dwarf64", "plain/clang4", "plain/gcc5", "plain/gcc5-dwarf64",
		"plain/gcc5-sections", "plain/clang5", "cross/i386", "cross/arm", "cross/aarch64", "funcs", "lto", "split",
	} {
		check(t, objects+name+".ko")
	}
}

// TestCountCorpus walks modules that a linker put together of many units.
func TestCountCorpus(t *testing.T) {
	for _, name := range []string{"af_key.ko", "8021q.ko", "nf_tables.ko"} {
		data := corpus.Read(t, name)
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		check(t, path)
	}
}

func TestCountNothing(t *testing.T) {
	if n, err := New(1).Count(objects + "nodebug.ko"); n != 0 || err != nil {
		t.Errorf("%d DIEs, error %v", n, err)
	}
}

func TestCountFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ko")
	if err := os.WriteFile(path, []byte("no ELF"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, path + ".none", objects + "plain/gcc5-zlib.ko", objects + "plain/gcc4-zdebug.ko"} {
		if _, err := New(1).Count(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", path, err)
		}
	}
}
