package encoder

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

var byteOrders = []binary.ByteOrder{binary.LittleEndian, binary.BigEndian}

// idsCase is a module and its base in one byte order.
type idsCase struct {
	order        binary.ByteOrder
	base, module string // paths
	mod          *btf.BTF
}

const idsBase = `
[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] STRUCT 'task' size=4
	'x' type_id=1 bits_offset=0
[3] STRUCT 'bpf_prog_aux' size=4
	'x' type_id=1 bits_offset=0
[4] PTR '(anon)' type_id=3`

const idsModule = `
[5] FUNC_PROTO '(anon)' ret_type_id=1 vlen=2
	'n' type_id=1
	'aux' type_id=4
[6] FUNC 'z_foo' type_id=5 linkage=static
[7] FUNC 'a_bar' type_id=5 linkage=static`

// section returns words as bytes.
func (c *idsCase) section(words ...uint32) []byte {
	var b []byte
	for _, w := range words {
		b = c.order.(binary.AppendByteOrder).AppendUint32(b, w)
	}
	return b
}

// newIDsCase writes the files. The module asks for a struct and has a set of two
// kfuncs, one with implicit arguments.
func newIDsCase(t *testing.T, order binary.ByteOrder) *idsCase {
	t.Helper()
	dir := t.TempDir()
	c := &idsCase{order: order, base: filepath.Join(dir, "base.btf"), module: filepath.Join(dir, "x.ko")}
	write := func(path string, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw := func(b *btf.BTF) []byte { return btf.Append(nil, &b.Types, b.Strs, order) }
	base := btftest.MustParse(t, idsBase, nil)
	c.mod = btftest.MustParse(t, idsModule, base)
	write(c.base, raw(base))
	write(c.module+".BTF.1", raw(c.mod))
	in := func(name string, value, size uint64) testSym {
		return testSym{name: name, sec: ".BTF_ids", value: value, size: size, typ: elf.STT_OBJECT}
	}
	write(c.module, elfBytes(t, elf.ET_REL, order, []testSec{
		{".text", 0, make([]byte, 8)},
		{".BTF_ids", 0, c.section(0, 0, 1, 0, 0x10000, 0, 7)},
		{".BTF", 0, raw(c.mod)},
	}, []testSym{
		in("__BTF_ID__struct__task__1", 0, 4),
		in("__BTF_ID__set8__kfs", 4, 24),
		in("__BTF_ID__func__z_foo__2", 12, 4),
		in("__BTF_ID__func__a_bar__3", 20, 4),
	}))
	return c
}

// ids returns .BTF_ids of the module.
func (c *idsCase) ids(t *testing.T) []byte {
	t.Helper()
	var r elfio.Reader
	defer r.Close()
	f, err := r.Open(c.module)
	if err != nil {
		t.Fatal(err)
	}
	data, err := sectionBytes(f, ".BTF_ids")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func readAll(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestIDsByteOrder: ids, counts and flags are in the order of the file's machine,
// not of the one that this runs on.
func TestIDsByteOrder(t *testing.T) {
	for _, order := range byteOrders {
		t.Run(order.String(), func(t *testing.T) {
			c := newIDsCase(t, order)
			ids, err := ResolveIDs(c.module, IDOptions{Base: c.base, Fatal: true})
			if err != nil || !ids.Changed {
				t.Fatalf("%+v, %v", ids, err)
			}
			if got, want := c.ids(t), c.section(2, 2, 1, 6, 0x10000, 7, 7); !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
		})
	}
}

// TestFinalizeByteOrder does the same in the steps of Linux 7.0, with and without a
// distilled base.
func TestFinalizeByteOrder(t *testing.T) {
	for _, order := range byteOrders {
		t.Run(order.String(), func(t *testing.T) {
			c := newIDsCase(t, order)
			before := readAll(t, c.module)
			opts := FinalizeOptions{BTF: c.module + ".BTF.1", Base: c.base, Fatal: true}
			if _, err := Finalize(c.module, opts); err != nil {
				t.Fatal(err)
			}
			const want = `[5] FUNC_PROTO '(anon)' ret_type_id=1 vlen=2
	'n' type_id=1
	'aux' type_id=4
[6] FUNC_PROTO '(anon)' ret_type_id=1 vlen=1
	'n' type_id=1
[7] FUNC 'a_bar' type_id=5 linkage=static
[8] DECL_TAG 'bpf_kfunc' type_id=10 component_idx=-1
[9] DECL_TAG 'bpf_kfunc' type_id=7 component_idx=-1
[10] FUNC 'z_foo' type_id=6 linkage=static
[11] FUNC 'z_foo_impl' type_id=5 linkage=static
`
			made, err := btf.Parse(readAll(t, c.module+".BTF"), c.mod.Base)
			if err != nil {
				t.Fatal(err)
			}
			if got := btftest.Text(made); got != want || made.Order != order {
				t.Errorf("%v: got\n%s\nwant\n%s", made.Order, got, want)
			}
			if got, want := readAll(t, c.module+".BTF_ids"), c.section(2, 2, 1, 7, 7, 10, 0x10000); !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}

			opts.Distill = true
			if _, err := Finalize(c.module, opts); err != nil {
				t.Fatal(err)
			}
			own, err := btf.Parse(readAll(t, c.module+".BTF.base"), nil)
			if err != nil {
				t.Fatal(err)
			}
			made, err = btf.Parse(readAll(t, c.module+".BTF"), own)
			if err != nil {
				t.Fatal(err)
			}
			data := readAll(t, c.module+".BTF_ids")
			if own.Order != order || made.Order != order {
				t.Errorf("byte orders %v, %v", own.Order, made.Order)
			}
			// Nothing but the ids speaks of struct task.
			for off, want := range map[int]string{0: "task", 12: "a_bar", 20: "z_foo"} {
				if got := made.Name(btf.ID(order.Uint32(data[off:]))); string(got) != want {
					t.Errorf("the id at %#x is of %q, want %q", off, got, want)
				}
			}
			if !bytes.Equal(readAll(t, c.module), before) {
				t.Error("the module was changed")
			}
		})
	}
}

// TestIDsOtherOrder: BTF of another machine is refused, and nothing is written.
func TestIDsOtherOrder(t *testing.T) {
	little, big := newIDsCase(t, binary.LittleEndian), newIDsCase(t, binary.BigEndian)
	before := readAll(t, little.module)
	_, err := ResolveIDs(little.module, IDOptions{BTF: big.module, Base: big.base})
	const want = ": big endian, "
	if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "load base BTF from "+big.base) {
		t.Errorf("got %v, want one with %q", err, want)
	}
	_, err = Finalize(little.module, FinalizeOptions{BTF: big.module + ".BTF.1", Base: big.base})
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want one with %q", err, want)
	}
	if _, err := os.Stat(little.module + ".BTF"); err == nil || !bytes.Equal(readAll(t, little.module), before) {
		t.Error("something was written")
	}
}
