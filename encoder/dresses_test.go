// SPDX-License-Identifier: BSD-2-Clause

package encoder_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// TestDresses: the same source gives one BTF by meaning, whatever the version
// and format of its DWARF, and wherever parts of it are.
func TestDresses(t *testing.T) {
	for _, group := range []struct {
		plain  string // as is
		others []string
	}{
		{"plain/gcc5", []string{"plain/gcc*"}},
		{"plain/clang5", []string{"plain/clang*"}},
		{"funcs", []string{"dress/*/funcs"}},
		{"tags", []string{"dress/*/tags"}},
		{"foreign/cpp-gcc5", []string{"foreign/cpp-gcc*"}},
		{"foreign/cpp-clang5", []string{"foreign/cpp-clang*"}},
	} {
		want := encode(t, options(t), treePath(group.plain))
		for _, pattern := range group.others {
			paths, err := filepath.Glob(treePath(pattern))
			if err != nil || len(paths) < 2 {
				t.Fatalf("%s: %d objects %v", pattern, len(paths), err)
			}
			for _, path := range paths {
				t.Run(strings.TrimPrefix(path, kernelTree), func(t *testing.T) {
					got := encode(t, options(t), path)
					if d := btftest.Compare(parse(t, want, nil), parse(t, got, nil)); !d.Empty() {
						t.Error(d)
					}
					if len(got) != len(want) {
						t.Errorf("%d bytes, want %d", len(got), len(want))
					}
					checkRules(t, got, nil, btf.Rules{Libbpf: true})
				})
			}
		}
	}
}

// TestThinLTO: units that refer to each other, and differ in what they declare
// and what they define, give each struct once.
func TestThinLTO(t *testing.T) {
	for _, test := range []struct {
		module  string
		structs []string
	}{
		{"lto", []string{"lto_shared"}},
		{"thin", []string{"thin_disk", "thin_inode", "thin_file"}},
	} {
		v4 := parse(t, encode(t, options(t), treePath("dress/clang4-thin/"+test.module)), nil)
		data := encode(t, options(t), treePath("dress/clang5-thin/"+test.module))
		v5 := parse(t, data, nil)
		if d := btftest.Compare(v4, v5); !d.Empty() {
			t.Errorf("%s: DWARF 4 and 5: %v", test.module, d)
		}
		for _, name := range test.structs {
			if n := len(named(v5, btf.KindStruct, name)); n != 1 {
				t.Errorf("%s: struct %s is there %d times", test.module, name, n)
			}
			if len(named(v5, btf.KindFwd, name)) != 0 {
				t.Errorf("%s: struct %s is declared beside its definition", test.module, name)
			}
		}
		checkRules(t, data, nil, btf.Rules{Libbpf: true})
	}
}

// TestForeign: types of C++, Rust and Go have names that a kernel takes.
func TestForeign(t *testing.T) {
	opts := options(t)
	opts.Exclude = nil
	goObject := filepath.Join(t.TempDir(), "hello")
	src := goObject + ".go"
	program := "package main\nfunc main() {}\n"
	if err := os.WriteFile(src, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", goObject, src)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=", "GO111MODULE=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	for _, o := range []struct {
		path string
		want []string
	}{
		{treePath("foreign/cpp-gcc5"), []string{"base", "derived", "vec_int_", "vec_tk__base_"}},
		{treePath("foreign/cpp-clang5"), []string{"base", "derived", "vec_int_", "vec_tk__base_"}},
		{treePath("foreign/rust"), []string{"Order", "Shape", "Option__u32_", "__u8_"}},
		{goObject, []string{"string", "runtime.g", "__uint8"}},
	} {
		t.Run(filepath.Base(o.path), func(t *testing.T) {
			data := encode(t, opts, o.path)
			b := parse(t, data, nil)
			for _, name := range o.want {
				if len(named(b, btf.KindStruct, name)) == 0 {
					t.Errorf("no struct %s", name)
				}
			}
			checkRules(t, data, nil, btf.Rules{Libbpf: true})
		})
	}
}

// TestElsewhere: what is in another file than the object, and not to be had, is
// an error that names the file, and nothing is written.
func TestElsewhere(t *testing.T) {
	for _, test := range []struct {
		name, object string
		beside       map[string]string // file beside it: where it comes from
		want         string
	}{
		{"no dwo", "plain/gcc5-split", nil, "split DWARF (-gsplit-dwarf): no obj/plain/gcc5-split.dwo at /tk/obj/plain/gcc5-split.dwo, "},
		{"no dwo of DWARF 4", "plain/clang4-split", nil, "split DWARF (-gsplit-dwarf): no "},
		{
			"dwo in a package", "plain/gcc5-split", map[string]string{"gcc5-split.dwp": "plain/gcc5-split.dwo"},
			"gcc5-split.dwp, but packages of .dwo files are not read",
		},
		{
			"dwo in a package named after the module", "plain/clang4-split", map[string]string{"clang4-split.ko.dwp": "plain/clang4-split.dwo"},
			"clang4-split.ko.dwp, but packages of .dwo files are not read",
		},
		{
			"dwo of another compilation", "plain/gcc5-split", map[string]string{"gcc5-split.dwo": "plain/gcc5-split-units.dwo"},
			".debug_info: offset 0x0: obj/plain/gcc5-split.dwo is of another compilation: it has no unit with ID 0x",
		},
		{
			"dwo of another compilation, DWARF 4", "plain/gcc4-split", map[string]string{"gcc4-split.dwo": "plain/gcc4-split-units.dwo"},
			"is of another compilation: it has no unit with ID 0x",
		},
		{"dwo that is no ELF", "plain/gcc5-split", map[string]string{"gcc5-split.dwo": "../README.md"}, "gcc5-split.dwo: not an ELF file"},
		{"dwo without DWARF", "plain/gcc5-split", map[string]string{"gcc5-split.dwo": "nodebug.ko"}, "gcc5-split.dwo: section .debug_info.dwo: "},
		{"no supplementary file", "plain/gcc5-dwzm", nil, "to the supplementary file gcc5-dwzm.debug, which is not found"},
		{"no supplementary file of DWARF 5", "plain/gcc5-sup", nil, "to the supplementary file gcc5-sup.debug, which is not found"},
		{
			"another supplementary file", "plain/gcc5-dwzm", map[string]string{"gcc5-dwzm.debug": "plain/gcc5-sup.debug"},
			"gcc5-dwzm.debug: its ID is ",
		},
		{
			"supplementary file that is no ELF", "plain/gcc5-dwzm", map[string]string{"gcc5-dwzm.debug": "../README.md"},
			"gcc5-dwzm.debug: not an ELF file",
		},
		{"LTO object", "foreign/slim", nil, "made for link-time optimisation"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, filepath.Base(test.object)+".ko")
			before := readFile(t, treePath(test.object))
			put := map[string][]byte{filepath.Base(path): before}
			for name, from := range test.beside {
				put[name] = readFile(t, filepath.Join(kernelTree, "obj", from))
			}
			for name, data := range put {
				if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			results, err := encoder.Run(context.Background(), []string{path}, options(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := results[0].Err; err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if !bytes.Equal(readFile(t, path), before) {
				t.Error("the file is not as it was")
			}
			if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != len(put) {
				t.Errorf("files %v", names)
			}
		})
	}
}

// TestBitcode: what clang's -flto writes is no ELF file, and is named.
func TestBitcode(t *testing.T) {
	for _, magic := range []string{"BC\xc0\xde5\x14\x00\x00", "\xde\xc0\x17\x0b\x00\x00\x00\x00"} {
		path := filepath.Join(t.TempDir(), "x.o")
		if err := os.WriteFile(path, []byte(magic), 0o644); err != nil {
			t.Fatal(err)
		}
		results, err := encoder.Run(context.Background(), []string{path}, options(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := results[0].Err; err == nil || !strings.Contains(err.Error(), "LLVM bitcode") {
			t.Errorf("error %v", err)
		}
	}
}

// TestSplitJobs: units of several .dwo files converted at once.
func TestSplitJobs(t *testing.T) {
	encoder.ManyJobs(t)
	opts := options(t)
	want := encode(t, opts, treePath("dress/gcc5-split/funcs"))
	opts.Jobs = 4
	if !bytes.Equal(encode(t, opts, treePath("dress/gcc5-split/funcs")), want) {
		t.Error("other bytes with 4 jobs")
	}
}

// TestSplitBeside: a tree that was moved has its .dwo files at the same places
// relative to the objects, or beside them.
func TestSplitBeside(t *testing.T) {
	for _, sub := range []string{"", "obj/plain"} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "x.ko")
		for to, from := range map[string]string{path: "gcc5-split.ko", filepath.Join(dir, sub, "gcc5-split.dwo"): "gcc5-split.dwo"} {
			if err := os.WriteFile(to, readFile(t, filepath.Join(kernelTree, "obj/plain", from)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if len(encode(t, options(t), path)) < 1000 {
			t.Errorf("in %q: next to nothing is encoded", sub)
		}
	}
}

// TestSupplementFound: by the path in the object, or by its build ID.
func TestSupplementFound(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ko")
	if err := os.WriteFile(path, readFile(t, treePath("plain/gcc5-dwzm")), 0o644); err != nil {
		t.Fatal(err)
	}
	sup := readFile(t, filepath.Join(kernelTree, "obj/plain/gcc5-dwzm.debug"))
	at := encoder.SupplementPath(t, path)
	encoder.SetDebugDir(t, filepath.Join(dir, "debug"))
	at = filepath.Join(dir, "debug", at)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, sup, 0o644); err != nil {
		t.Fatal(err)
	}
	got := encode(t, options(t), path)
	if d := btftest.Compare(parse(t, encode(t, options(t), treePath("plain/gcc5")), nil), parse(t, got, nil)); !d.Empty() {
		t.Error(d)
	}
}

// treePath is where an object of the small tree is.
func treePath(rel string) string { return filepath.Join(kernelTree, "obj", rel+".ko") }

// named returns the own types of a kind and name.
func named(b *btf.BTF, kind btf.Kind, name string) (ids []btf.ID) {
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		if r := b.Row(id); r.Info.Kind() == kind {
			if s, _ := b.Str(r.Name); string(s) == name {
				ids = append(ids, id)
			}
		}
	}
	return ids
}
