package encoder_test

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// TestSort encodes the small tree with types in order of names: the same types,
// as valid, in an order that does not depend on the number of jobs. The base is
// sorted too, and the modules that stand on it mean the same as on the other.
func TestSort(t *testing.T) {
	opts, sorted := options(t), options(t)
	opts.Base = treeBase(t)
	sorted.Base, sorted.Sort = opts.Base, true
	var files []string
	for _, o := range treeObjects(t) {
		if !o.alone {
			files = append(files, o.path)
		}
	}
	plain, inOrder := encodeAll(t, opts, files...), encodeAll(t, sorted, files...)
	sorted.Jobs = 4
	again := encodeAll(t, sorted, files...)
	referee, moved := btftest.NewReferee(), 0
	for i, file := range files {
		base := opts.Base.BTF
		want, got := parse(t, plain[i], base), parse(t, inOrder[i], base)
		if d := referee.Compare(want, got); !d.Empty() {
			t.Errorf("%s: %v", file, d)
		}
		checkInOrder(t, file, got)
		checkRules(t, inOrder[i], base, btf.Rules{Libbpf: true})
		if !bytes.Equal(inOrder[i], again[i]) {
			t.Errorf("%s: other bytes with 4 jobs", file)
		}
		if !bytes.Equal(plain[i], inOrder[i]) {
			moved++
		}
	}
	if moved < len(files)/2 {
		t.Errorf("sorting changed %d of %d modules", moved, len(files))
	}

	opts.Base, sorted.Base = nil, nil
	vmlinux := filepath.Join(kernelTree, "obj/percpu.ko") // stands alone
	want, got := parse(t, encode(t, opts, vmlinux), nil), encode(t, sorted, vmlinux)
	if d := referee.Compare(want, parse(t, got, nil)); !d.Empty() {
		t.Error("alone:", d)
	}
	checkInOrder(t, vmlinux, parse(t, got, nil))
	checkRules(t, got, nil, btf.Rules{Load: true})
}

// checkInOrder checks that the own types of b are in order of their names.
func checkInOrder(t *testing.T, file string, b *btf.BTF) {
	t.Helper()
	var last []byte
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		name := b.Name(id)
		if bytes.Compare(name, last) < 0 {
			t.Errorf("%s: %q comes behind %q", file, name, last)
			return
		}
		last = name
	}
}

// TestLayout encodes with the layout feature: a base gets the section, and
// means the same; split BTF has none, and neither has what is not asked for.
func TestLayout(t *testing.T) {
	plain, layout := options(t), withFeatures(t, "+layout")
	file := filepath.Join(kernelTree, "obj/kinds.ko")
	want, got := encode(t, plain, file), encode(t, layout, file)
	if n := binary.LittleEndian.Uint32(want[4:]); n != 24 {
		t.Errorf("without the feature the header has %d bytes", n)
	}
	if n := binary.LittleEndian.Uint32(got[4:]); n != 32 {
		t.Fatalf("the header has %d bytes", n)
	}
	types := binary.LittleEndian.Uint32(got[12:])
	if at, n := binary.LittleEndian.Uint32(got[24:]), binary.LittleEndian.Uint32(got[28:]); at != types || n != 4*uint32(btf.NumKinds) {
		t.Errorf("layout section of %d bytes at %d, the types end at %d", n, at, types)
	}
	if d := btftest.NewReferee().Compare(parse(t, want, nil), parse(t, got, nil)); !d.Empty() {
		t.Error(d)
	}
	checkRules(t, got, nil, btf.Rules{Load: true, Libbpf: true})
	if err := btf.Check(got, nil, btf.Rules{NarrowInfo: true}); err == nil {
		t.Error("a kernel before 7.1 is said to take the layout section")
	}
	plain.Base, layout.Base = treeBase(t), treeBase(t)
	if want, got := encode(t, plain, file), encode(t, layout, file); !bytes.Equal(want, got) {
		t.Error("split BTF changes with the feature")
	}
}
