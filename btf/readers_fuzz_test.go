package btf_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	ebpfbtf "github.com/cilium/ebpf/btf"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/bpftool"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// Whether a blob is read rightly can be judged by those who read it elsewhere: the
// running kernel, a library in Go, and libbpf by way of bpftool.

// seedBlobs adds the cases of the rules and the base of testdata.
func seedBlobs(f *testing.F) {
	f.Helper()
	for _, c := range ruleCases {
		if b := c.parse(f); len(b.Types.Items) < 1000 {
			f.Add(btf.Append(nil, &b.Types, b.Strs, binary.NativeEndian))
		}
	}
	f.Add(readVmlinux(f))
}

// readVmlinux returns the base of the small kernel in testdata.
func readVmlinux(f *testing.F) []byte {
	f.Helper()
	data, err := os.ReadFile("../testdata/kernel/obj/vmlinux.btf")
	if err != nil {
		f.Fatal(err)
	}
	return data
}

// baseAndSplit returns a base and a BTF on it.
func baseAndSplit(f *testing.F) (base, split *btf.BTF) {
	f.Helper()
	base = btftest.MustParse(f, intLine+"[2] STRUCT 's' size=4\n'a' type_id=1\n[3] PTR '(anon)' type_id=2\n", nil)
	return base, btftest.MustParse(f, "[4] STRUCT 't' size=8\n'p' type_id=3\n[5] FUNC_PROTO '(anon)' ret_type_id=1\n'x' type_id=4\n", base)
}

// FuzzKernel gives a blob to the running kernel: Check takes what it takes, and says
// of the rest what is in the kernel's log. There is nothing to do where the kernel may
// not be asked.
func FuzzKernel(f *testing.F) {
	rules := kernelRules(f)
	seedBlobs(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 || len(data) > 1<<16 {
			return
		}
		if len(data) > 1 && binary.NativeEndian.Uint16(data) == 0x9feb {
			return // Check says what a kernel of that byte order would
		}
		kernel, ours := load(t, data), btf.Check(data, nil, rules)
		if (kernel == nil) != (ours == nil) {
			t.Fatalf("kernel %v, Check %v", kernel, ours)
		}
		if msg := kernelLog(ours); kernel != nil && !endsWith(kernel, msg) {
			t.Fatalf("kernel %v, Check %q", kernel, msg)
		}
	})
}

// FuzzCilium reads a valid blob with cilium/ebpf: the same types, by name, kind, size
// and number of members, on their own and on a base.
func FuzzCilium(f *testing.F) {
	seedBlobs(f)
	base, split := baseAndSplit(f)
	f.Add(btf.Append(nil, &split.Types, split.Strs, binary.LittleEndian))
	theirs, err := ebpfbtf.LoadSpecFromReader(bytes.NewReader(btf.Append(nil, &base.Types, base.Strs, binary.LittleEndian)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, below := range []*btf.BTF{nil, base} {
			b := valid(data, below)
			if b == nil || below != nil && b.Order != base.Order {
				continue
			}
			var spec *ebpfbtf.Spec
			var err error
			if below == nil {
				spec, err = ebpfbtf.LoadSpecFromReader(bytes.NewReader(data))
			} else {
				spec, err = ebpfbtf.LoadSplitSpecFromReader(bytes.NewReader(data), theirs)
			}
			if err != nil {
				if !isSharedName(err) {
					t.Errorf("cilium/ebpf: %v", err)
				}
				continue
			}
			compareSpec(t, spec, b)
		}
	})
}

// valid returns the types of a blob that breaks no rule and is in one piece.
func valid(data []byte, base *btf.BTF) *btf.BTF {
	if btf.Check(data, base, btf.Rules{Load: true, Libbpf: true, NarrowInfo: true}) != nil {
		return nil
	}
	b, err := btf.Parse(data, base)
	if err != nil || b.NumOwn() == 0 || b.Opaque > 0 || hasOddHeader(data) {
		return nil
	}
	return b
}

// compareSpec compares what cilium/ebpf read with b.
func compareSpec(t *testing.T, spec *ebpfbtf.Spec, b *btf.BTF) {
	t.Helper()
	for id := range b.OwnIDs() {
		r := b.Row(id)
		kind := r.Info.Kind()
		if kind == btf.KindDeclTag {
			continue // it keeps these with what they are on
		}
		typ, err := spec.TypeByID(ebpfbtf.TypeID(id))
		if err != nil && isSharedName(err) {
			continue
		}
		if err != nil {
			t.Errorf("cilium/ebpf: [%d]: %v", id, err)
			return
		}
		ref := func(what string, theirs ebpfbtf.Type, ours uint32) {
			n, err := spec.TypeID(theirs)
			if _, isVoid := theirs.(*ebpfbtf.Void); isVoid {
				n, err = 0, nil
			}
			if err != nil || uint32(n) != ours {
				t.Errorf("[%d] %s is type %d, by cilium/ebpf %d, error %v", id, what, ours, n, err)
			}
		}
		same := func(what string, theirs, ours any) {
			if theirs != ours {
				t.Errorf("[%d] %v: %s is %v, by cilium/ebpf %v", id, kind, what, ours, theirs)
			}
		}
		if kind != btf.KindTypeTag { // its name is a value there
			same("name", typ.TypeName(), string(b.Name(id)))
		}
		items := b.ItemsOf(id)
		members := func(list []ebpfbtf.Member, size uint32) {
			same("size", size, r.Type)
			same("number of members", len(list), len(items))
			for i, m := range list {
				bits, off := 0, items[i].Val
				if r.Info.KindFlag() {
					bits, off = int(off>>24), off&0xffffff
				}
				same("name of a member", m.Name, itemName(b, items[i]))
				if r.Info.KindFlag() || !narrowInt(b, btf.ID(items[i].Type)) {
					same("offset of "+m.Name, uint32(m.Offset), off)
					same("bits of "+m.Name, int(m.BitfieldSize), bits)
				}
				ref(m.Name, m.Type, items[i].Type)
			}
		}
		switch x := typ.(type) {
		case *ebpfbtf.Int:
			same("size", x.Size, r.Type)
		case *ebpfbtf.Float:
			same("size", x.Size, r.Type)
		case *ebpfbtf.Pointer:
			ref("target", x.Target, r.Type)
		case *ebpfbtf.Typedef:
			ref("type", x.Type, r.Type)
		case *ebpfbtf.Const:
			ref("type", x.Type, r.Type)
		case *ebpfbtf.Volatile:
			ref("type", x.Type, r.Type)
		case *ebpfbtf.Restrict:
			ref("type", x.Type, r.Type)
		case *ebpfbtf.TypeTag:
			ref("type", x.Type, r.Type)
		case *ebpfbtf.Array:
			same("number of elements", x.Nelems, items[0].Val)
			ref("element", x.Type, items[0].Type)
		case *ebpfbtf.Struct:
			members(x.Members, x.Size)
		case *ebpfbtf.Union:
			members(x.Members, x.Size)
		case *ebpfbtf.Enum:
			same("size", x.Size, r.Type)
			same("number of values", len(x.Values), len(items))
			for i, v := range x.Values {
				same("name of a value", v.Name, itemName(b, items[i]))
				same("low word of "+v.Name, uint32(v.Value), items[i].Val)
			}
		case *ebpfbtf.FuncProto:
			ref("return type", x.Return, r.Type)
			same("number of parameters", len(x.Params), len(items))
			for i, p := range x.Params {
				same("name of a parameter", p.Name, itemName(b, items[i]))
				ref(p.Name, p.Type, items[i].Type)
			}
		case *ebpfbtf.Func:
			ref("prototype", x.Type, r.Type)
		case *ebpfbtf.Var:
			ref("type", x.Type, r.Type)
		case *ebpfbtf.Datasec:
			same("number of variables", len(x.Vars), len(items))
			for i, v := range x.Vars {
				same("offset", v.Offset, items[i].Val)
				same("size", v.Size, items[i].Name)
				ref("variable", v.Type, items[i].Type)
			}
		}
	}
}

// FuzzBpftool has bpftool print a valid blob: the lines that Dump writes, where no name
// has bytes that Dump escapes. A call takes milliseconds, so that the seeds are few.
func FuzzBpftool(f *testing.F) {
	tool, err := bpftool.Find()
	if err != nil {
		if os.Getenv("CI") != "" {
			f.Fatal(err)
		}
		f.Skip(err)
	}
	base, split := baseAndSplit(f)
	f.Add(btf.Append(nil, &base.Types, base.Strs, binary.BigEndian))
	f.Add(btf.Append(nil, &split.Types, split.Strs, binary.LittleEndian))
	f.Add(readVmlinux(f))
	dir := f.TempDir()
	basePath, path := filepath.Join(dir, "base.btf"), filepath.Join(dir, "x.btf")
	write := func(tb testing.TB, path string, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	write(f, basePath, btf.Append(nil, &base.Types, base.Strs, binary.LittleEndian))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, on := range []struct {
			base *btf.BTF
			path string
		}{{nil, ""}, {base, basePath}} {
			b := valid(data, on.base)
			if b == nil || on.base != nil && b.Order != base.Order || bytes.ContainsFunc(b.Strs, isEscaped) {
				continue
			}
			write(t, path, data)
			theirs, err := tool.Dump(path, on.path, "raw")
			if err != nil {
				t.Fatal(err)
			}
			var ours bytes.Buffer
			if err := btf.Dump(&ours, b); err != nil {
				t.Fatal(err)
			}
			if err := bpftool.Compare("raw", ours.Bytes(), theirs); err != nil {
				t.Error(err)
			}
		}
	})
}

// isSharedName reports whether cilium/ebpf refused a name that is the end of another one,
// which a kernel takes.
func isSharedName(err error) bool {
	return strings.Contains(err.Error(), "is not the beginning of a string")
}

// narrowInt reports whether a type is an INT that has not all bits of its bytes, which
// makes an old bit-field of a member that cilium/ebpf turns into a new one.
func narrowInt(b *btf.BTF, id btf.ID) bool {
	r := b.Row(id)
	return r != nil && r.Info.Kind() == btf.KindInt && uint64(r.Aux&0xffffff) != uint64(r.Type)*8
}

func itemName(b *btf.BTF, it btf.Item) string {
	name, _ := b.Str(btf.StrOff(it.Name))
	return string(name)
}

func isEscaped(r rune) bool { return r != 0 && r < ' ' || r > '~' || r == '\\' }
