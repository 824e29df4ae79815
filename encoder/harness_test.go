package encoder_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
)

// scratch is a folder that lives as long as the test binary, for what is
// unpacked once and read by many tests.
var scratch string

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == batchArg {
		os.Exit(batch(os.Args[2:]))
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "encoder-test-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		scratch = dir
		return m.Run()
	}())
}

// options are pahole's default features without Rust, one file at a time.
func options(t testing.TB) encoder.Options {
	t.Helper()
	rust, err := encoder.ParseLanguages([]string{"rust"})
	if err != nil {
		t.Fatal(err)
	}
	return encoder.Options{Features: encoder.DefaultFeatures(), Jobs: 1, Exclude: rust}
}

// encodeAll encodes files into a folder of their own and returns the BTF of
// each. An error of any is fatal.
func encodeAll(t testing.TB, opts encoder.Options, files ...string) [][]byte {
	t.Helper()
	opts.OutDir = t.TempDir()
	results, err := encoder.Run(context.Background(), files, opts)
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]byte, len(files))
	for i, r := range results {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		out[i] = readFile(t, filepath.Join(opts.OutDir, encoder.OutName(files[i])))
		if int(r.After) != len(out[i]) {
			t.Errorf("%s: %d bytes in the result, %d in the file", files[i], r.After, len(out[i]))
		}
	}
	return out
}

func encode(t testing.TB, opts encoder.Options, file string) []byte {
	t.Helper()
	return encodeAll(t, opts, file)[0]
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse(t testing.TB, data []byte, base *btf.BTF) *btf.BTF {
	t.Helper()
	b, err := btf.Parse(data, base)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func loadBase(t testing.TB, path string) *encoder.Base {
	t.Helper()
	base, err := encoder.LoadBase(path)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// object is a module of the tests.
type object struct {
	name  string // "plain/gcc5", "xfs"
	path  string
	want  string // the .want file of an object of the small tree
	bits  int    // of an address
	alone bool   // not a module of the base
}

const kernelTree = "../testdata/kernel"

// treeBase is the base of the small tree.
func treeBase(t testing.TB) *encoder.Base {
	return loadBase(t, filepath.Join(kernelTree, "obj/vmlinux.btf"))
}

// treeObjects returns every module of the small tree that encodes.
func treeObjects(t testing.TB) []object {
	t.Helper()
	var out []object
	for _, pattern := range []string{"*.ko", "plain/*.ko", "cross/*.ko"} {
		paths, err := filepath.Glob(filepath.Join(kernelTree, "obj", pattern))
		if err != nil || len(paths) == 0 {
			t.Fatal("no objects in testdata/kernel/obj", err)
		}
		for _, path := range paths {
			rel := strings.TrimPrefix(strings.TrimSuffix(path, ".ko"), filepath.Join(kernelTree, "obj")+"/")
			out = append(out, treeObject(rel, path))
		}
	}
	return out
}

func treeObject(rel, path string) object {
	o := object{name: rel, path: path, want: rel, bits: 64}
	dir, name := filepath.Split(rel)
	switch dir {
	case "plain/":
		o.want = "plain-" + name[:strings.IndexAny(name, "2345")]
	case "cross/":
		o.want, o.alone = "cross64", true
		switch name {
		case "i386", "arm", "armeb", "mips", "mipsel", "ppc", "riscv32":
			o.want, o.bits = "cross32", 32
		}
	}
	return o
}

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

// largeModule is the size of a packed module that short tests leave out.
const largeModule = 1 << 20

// corpusObjects returns the modules of the corpus; in short mode the small
// ones.
func corpusObjects(t testing.TB) []object {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(corpusDir(t), "*.ko.zst"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) != 32 {
		t.Fatalf("%d modules in the corpus, want 32", len(paths))
	}
	var out []object
	for _, path := range paths {
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if testing.Short() && st.Size() > largeModule {
			continue
		}
		name := strings.TrimSuffix(filepath.Base(path), ".ko.zst")
		out = append(out, object{name: name, path: unpacked(t, name+".ko"), bits: 64})
	}
	return out
}

var (
	unpackMu sync.Mutex
	unzstd   = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil)
		if err != nil {
			panic(err)
		}
		return d
	})
)

// corpusFile returns the contents of NAME.zst.
func corpusFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := unzstd().DecodeAll(readFile(t, filepath.Join(corpusDir(t), name+".zst")), nil)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// unpacked returns the path of a file of the corpus in scratch.
func unpacked(t testing.TB, name string) string {
	t.Helper()
	unpackMu.Lock()
	defer unpackMu.Unlock()
	path := filepath.Join(scratch, name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if err := os.WriteFile(path, corpusFile(t, name), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// corpusBase is the base of the corpus.
func corpusBase(t testing.TB) *encoder.Base {
	return loadBase(t, unpacked(t, "vmlinux.btf"))
}
