package encoder_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	ebpfbtf "github.com/cilium/ebpf/btf"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
)

// Others read what is written here: a Go library, bpftool (which is libbpf),
// and the kernel.

// set is modules with their base.
type set struct {
	name    string
	base    func(testing.TB) *encoder.Base
	objects func(testing.TB) []object
}

var sets = []set{
	{"tree", treeBase, treeObjects},
	{"corpus", corpusBase, corpusObjects},
}

// TestReadersOfSplit has each split BTF read by cilium/ebpf and by bpftool.
func TestReadersOfSplit(t *testing.T) {
	for _, s := range sets {
		t.Run(s.name, func(t *testing.T) {
			base := s.base(t)
			spec, err := ebpfbtf.LoadSpecFromReader(bytes.NewReader(readFile(t, base.Path)))
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range s.objects(t) {
				if o.alone {
					continue
				}
				t.Run(o.name, func(t *testing.T) {
					opts := options(t)
					opts.Base = base
					data := encode(t, opts, o.path)
					readByCilium(t, data, spec, parse(t, data, base.BTF))
					readByBpftool(t, data, base.Path, parse(t, data, base.BTF))
				})
			}
		})
	}
}

// readByCilium compares the named types that cilium/ebpf finds with b's own.
func readByCilium(t *testing.T, data []byte, base *ebpfbtf.Spec, b *btf.BTF) {
	t.Helper()
	if b.NumOwn() == 0 {
		return // cilium/ebpf reads no BTF without types and strings
	}
	spec, err := ebpfbtf.LoadSplitSpecFromReader(bytes.NewReader(data), base)
	if err != nil {
		t.Errorf("cilium/ebpf: %v", err)
		return
	}
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		if b.Row(id).Info.Kind() == btf.KindDeclTag {
			continue // it keeps these with what they are on
		}
		typ, err := spec.TypeByID(ebpfbtf.TypeID(id))
		if err != nil {
			t.Errorf("cilium/ebpf: [%d]: %v", id, err)
			return
		}
		want := string(b.Name(id))
		if b.Row(id).Info.Kind() == btf.KindTypeTag {
			want = "" // its name is a value there
		}
		if typ.TypeName() != want {
			t.Errorf("cilium/ebpf: [%d] has the name %q, want %q", id, typ.TypeName(), want)
			return
		}
	}
}

// readByBpftool compares bpftool's raw dump with ours.
func readByBpftool(t *testing.T, data []byte, basePath string, b *btf.BTF) {
	t.Helper()
	bpftool := findBpftool(t)
	path := filepath.Join(t.TempDir(), "x.btf")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(bpftool, "btf", "dump", "-B", basePath, "file", path, "format", "raw")
	cmd.Stderr = &stderr
	got, err := cmd.Output()
	if err != nil {
		t.Errorf("bpftool: %v: %s", err, stderr.String())
		return
	}
	var want strings.Builder
	if err := btf.Dump(&want, b); err != nil {
		t.Fatal(err)
	}
	if string(got) != want.String() {
		t.Errorf("bpftool prints\n%.2000s\nwant\n%.2000s", got, want.String())
	}
}

// findBpftool finds bpftool, which Debian keeps where only root's PATH goes.
func findBpftool(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("bpftool")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/bpftool")
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no bpftool:", err)
	}
	return path
}

// TestKernelTakesStandalone encodes every module without a base, checks it by
// the rules of BPF_BTF_LOAD, and gives it to the running kernel. Whether that
// may be asked is the machine's to say, under CI too.
func TestKernelTakesStandalone(t *testing.T) {
	taken, denied := 0, error(nil)
	for _, s := range sets {
		t.Run(s.name, func(t *testing.T) {
			for _, o := range s.objects(t) {
				t.Run(o.name, func(t *testing.T) {
					if o.name == "nodebug" {
						t.Skip("without base and DWARF there is no BTF")
					}
					data := encode(t, options(t), o.path)
					b := parse(t, data, nil)
					if b.NumOwn() == 0 {
						t.Skip("no types; the kernel wants one without a base")
					}
					checkRules(t, data, nil, btf.Rules{Load: true, Libbpf: true, PtrSize: o.bits / 8})
					if o.alone {
						return // of another machine
					}
					switch err := loadIntoKernel(data); {
					case err == nil:
						taken++
					case isDenied(err):
						denied = err
					default:
						t.Errorf("kernel: %+v", err)
					}
				})
			}
		})
	}
	if denied != nil {
		t.Skipf("the kernel cannot be asked: %v", denied)
	}
	t.Logf("%d modules taken by the kernel", taken)
}

func loadIntoKernel(data []byte) error {
	h, err := ebpfbtf.NewHandleFromRawBTF(data)
	if err != nil {
		return err
	}
	return h.Close()
}

// isDenied reports whether the kernel did not look at the BTF at all.
func isDenied(err error) bool {
	return errors.Is(err, os.ErrPermission) || errors.Is(err, ebpf.ErrNotSupported)
}
