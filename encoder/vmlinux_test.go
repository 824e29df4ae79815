package encoder_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// treeVmlinux is the small tree's vmlinux: linked at fixed addresses, its
// per-CPU section at 0.
const treeVmlinux = kernelTree + "/obj/vmlinux"

// TestBaseOfTree encodes the small tree's vmlinux and compares it with the base
// that pahole 1.24 made of it.
func TestBaseOfTree(t *testing.T) {
	encoder.ManyJobs(t)
	want := readFile(t, treeVmlinux+".btf")
	for _, f := range []encoder.Features{encoder.Pahole124(), encoder.DefaultFeatures()} {
		opts := options(t)
		opts.Features = f
		got := encode(t, opts, treeVmlinux)
		if d := btftest.Compare(parse(t, want, nil), parse(t, got, nil)); !d.Empty() {
			t.Errorf("%v: %v", f, d)
		}
		if len(got) > len(want) {
			t.Errorf("%v: %d bytes, pahole's are %d", f, len(got), len(want))
		}
		checkRules(t, got, nil, btf.Rules{Load: true, Libbpf: true, PtrSize: 8})
		for _, opts.Jobs = range []int{2, 3, 4} {
			if !bytes.Equal(encode(t, opts, treeVmlinux), got) {
				t.Errorf("%v: other bytes with %d jobs", f, opts.Jobs)
			}
		}
	}
}

// TestBaseOfTreeContents names what is special about a linked file.
func TestBaseOfTreeContents(t *testing.T) {
	b := parse(t, encode(t, options(t), treeVmlinux), nil)
	var dump strings.Builder
	if err := btf.Dump(&dump, b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		// The per-CPU section is at address 0, and so is its first variable.
		"DATASEC '.data..percpu' size=24 vlen=3\n", " offset=0 size=4 (VAR 'task_depth')\n",
		" offset=8 size=8 (VAR 'task_switches')\n", " offset=16 size=8 (VAR 'current_task')\n",
		// An assembler's unit, a function that is variadic.
		"FUNC 'entry' type_id=", "FUNC 'log_line' type_id=",
	} {
		if strings.Count(dump.String(), want) != 1 {
			t.Errorf("%d times %q", strings.Count(dump.String(), want), want)
		}
	}
	// setup.c has the strong task_setup(t), task.c the weak task_setup(task),
	// whose code is not in the file.
	id := idOf(t, b, btf.KindFunc, "task_setup")
	params := b.ItemsOf(btf.ID(b.Row(id).Type))
	if len(params) != 1 {
		t.Fatalf("task_setup has %d parameters", len(params))
	}
	if name, _ := b.Str(btf.StrOff(params[0].Name)); string(name) != "t" {
		t.Errorf("the parameter of task_setup is %q", name)
	}
}

func idOf(t *testing.T, b *btf.BTF, kind btf.Kind, name string) btf.ID {
	t.Helper()
	found := btf.ID(0)
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		if b.Row(id).Info.Kind() == kind && string(b.Name(id)) == name {
			if found != 0 {
				t.Errorf("%v %s twice", kind, name)
			}
			found = id
		}
	}
	if found == 0 {
		t.Fatalf("no %v %s", kind, name)
	}
	return found
}

// TestOwnBase: modules on a base of ours mean what they mean on pahole's.
func TestOwnBase(t *testing.T) {
	pahole, referee := treeBase(t), btftest.NewReferee()
	own := loadBase(t, ownBase(t))
	for _, o := range treeObjects(t) {
		if o.alone {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			opts := options(t)
			opts.Base = pahole
			want := parse(t, encode(t, opts, o.path), pahole.BTF)
			opts.Base = own
			got := parse(t, encode(t, opts, o.path), own.BTF)
			if d := referee.Compare(want, got); !d.Empty() {
				t.Error(d)
			}
		})
	}
}

// ownBase encodes the small tree's vmlinux as an object to be linked, which is
// a base like any other, and returns its path.
func ownBase(t *testing.T) string {
	opts := options(t)
	opts.Object = filepath.Join(t.TempDir(), "btf.o")
	results, err := encoder.Run(t.Context(), []string{treeVmlinux}, opts)
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
	return opts.Object
}

// TestBaseInPlace: vmlinux itself can get the section, and is a base then.
func TestBaseInPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vmlinux")
	if err := os.WriteFile(path, readFile(t, treeVmlinux), 0o644); err != nil {
		t.Fatal(err)
	}
	want := encode(t, options(t), path)
	results, err := encoder.Run(t.Context(), []string{path}, options(t))
	if err != nil || results[0].Err != nil || !results[0].Changed {
		t.Fatal(err, results)
	}
	if got, err := encoder.ReadBTF(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of BTF, want %d: %v", len(got), len(want), err)
	}
	loadBase(t, path)
}

// TestKernelTakesBase gives the running kernel a vmlinux of ours.
func TestKernelTakesBase(t *testing.T) {
	switch err := loadIntoKernel(encode(t, options(t), treeVmlinux)); {
	case isDenied(err):
		t.Skipf("the kernel cannot be asked: %v", err)
	case err != nil:
		t.Errorf("kernel: %+v", err)
	}
}
