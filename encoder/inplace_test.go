package encoder_test

import (
	"bytes"
	"context"
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btfids"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/encoder"
)

// TestInPlace puts the BTF into copies of modules: what is in the file is what
// OutDir gets, nothing else changes, and a second run finds nothing to do.
func TestInPlace(t *testing.T) {
	for _, s := range sets {
		t.Run(s.name, func(t *testing.T) {
			base := s.base(t)
			for _, o := range s.objects(t) {
				t.Run(o.name, func(t *testing.T) {
					opts := options(t)
					if !o.alone {
						opts.Base = base
					}
					checkInPlace(t, opts, o.path)
				})
			}
		})
	}
}

// checkStamp checks that the stamp of a result is that of the file.
func checkStamp(t *testing.T, r encoder.Result, file string) {
	t.Helper()
	st, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if r.Stamp != elfio.StampOf(st) {
		t.Errorf("the stamp is %+v, want %+v", r.Stamp, elfio.StampOf(st))
	}
}

func checkInPlace(t *testing.T, opts encoder.Options, path string) {
	t.Helper()
	file := copyOf(t, path)
	before := sectionsOf(t, file)
	r := encodeInPlace(t, opts, file)
	checkStamp(t, r, file)
	if r.NoDWARF {
		if r.Changed || !bytes.Equal(readFile(t, file), readFile(t, path)) {
			t.Error("a file without DWARF was changed")
		}
		return
	}
	want := encode(t, opts, path)
	if !bytes.Equal(sectionBTF(t, file), want) {
		t.Error(".BTF is not what is written to a file of its own")
	}
	if !r.Changed || r.Before != uint64(len(before[".BTF"])) || r.After != uint64(len(want)) {
		t.Errorf("changed %v, %d -> %d bytes; want %d -> %d", r.Changed, r.Before, r.After, len(before[".BTF"]), len(want))
	}
	after := sectionsOf(t, file)
	for name, data := range before {
		switch name {
		case ".BTF", btfids.SectionName: // ids of the BTF that it had: TestStaleIDsCorpus
		case ".shstrtab", ".strtab": // clang has the names of sections and symbols in one
			if !bytes.HasPrefix(after[name], data) {
				t.Errorf("section %s: names changed", name)
			}
		default:
			if !bytes.Equal(after[name], data) {
				t.Errorf("section %s changed", name)
			}
		}
	}
	checkUntouched(t, opts, file)
}

// checkUntouched encodes a file whose .BTF is what it is to be.
func checkUntouched(t *testing.T, opts encoder.Options, file string) {
	t.Helper()
	data, st := readFile(t, file), stat(t, file)
	if r := encodeInPlace(t, opts, file); r.Changed || r.Before != r.After {
		t.Errorf("second run: changed %v, %d -> %d bytes", r.Changed, r.Before, r.After)
	}
	if again := stat(t, file); !os.SameFile(st, again) || !st.ModTime().Equal(again.ModTime()) {
		t.Error("second run: another file, or another time")
	}
	if !bytes.Equal(readFile(t, file), data) {
		t.Error("second run: other bytes")
	}
}

// TestReplace changes the .BTF of a module for a larger one and back.
func TestReplace(t *testing.T) {
	split, alone := options(t), options(t)
	split.Base = treeBase(t)
	for _, name := range []string{"kinds", "split", "typedefs", "plain/gcc5-zlib", "plain/gcc4-zdebug"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(kernelTree, "obj", name+".ko")
			file := copyOf(t, path)
			small, large := encode(t, split, path), encode(t, alone, path)
			for i, step := range []struct {
				opts encoder.Options
				want []byte
			}{{split, small}, {alone, large}, {split, small}, {alone, large}} {
				r := encodeInPlace(t, step.opts, file)
				if !r.Changed || !bytes.Equal(sectionBTF(t, file), step.want) {
					t.Errorf("step %d: changed %v, or another .BTF", i, r.Changed)
				}
				checkUntouched(t, step.opts, file)
			}
			// Once encoded in place, the file is as good an input as before.
			if !bytes.Equal(encode(t, split, file), small) {
				t.Error("a .BTF in the file changes what is made of its DWARF")
			}
			if n := countSections(t, file, ".BTF"); n != 1 {
				t.Errorf("%d sections .BTF", n)
			}
		})
	}
}

// encodeInPlace runs the encoder over one file.
func encodeInPlace(t *testing.T, opts encoder.Options, file string) encoder.Result {
	t.Helper()
	results, err := encoder.Run(context.Background(), []string{file}, opts)
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		t.Fatal(err)
	}
	return results[0]
}

func copyOf(t *testing.T, path string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(file, readFile(t, path), 0o644); err != nil {
		t.Fatal(err)
	}
	// Where its DWARF is in other files, these are beside it.
	for _, ext := range []string{".dwo", ".debug"} {
		other := strings.TrimSuffix(path, ".ko") + ext
		if _, err := os.Stat(other); err != nil {
			continue
		}
		if err := os.WriteFile(strings.TrimSuffix(file, ".ko")+ext, readFile(t, other), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// sectionsOf returns the bytes of every section as they are in the file, by
// name; of several of one name in their order.
func sectionsOf(t *testing.T, path string) map[string][]byte {
	t.Helper()
	raw := readFile(t, path)
	out := map[string][]byte{}
	for _, s := range elfFile(t, raw).Sections {
		if s.Type != elf.SHT_NOBITS && s.Type != elf.SHT_NULL {
			out[s.Name] = append(out[s.Name], raw[s.Offset:s.Offset+s.FileSize]...)
		}
	}
	return out
}

func countSections(t *testing.T, path, name string) int {
	t.Helper()
	n := 0
	for _, s := range elfFile(t, readFile(t, path)).Sections {
		if s.Name == name {
			n++
		}
	}
	return n
}

func elfFile(t *testing.T, raw []byte) *elf.File {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
