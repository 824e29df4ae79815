package encoder_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
)

// TestKernelTree encodes every object of the small tree on top of the base that
// pahole 1.24 made, and compares with the claims of want/.
func TestKernelTree(t *testing.T) {
	base := treeBase(t)
	for _, o := range treeObjects(t) {
		t.Run(o.name, func(t *testing.T) {
			opts, under := options(t), (*btf.BTF)(nil)
			if !o.alone {
				opts.Base, under = base, base.BTF
			}
			data := encode(t, opts, o.path)
			b := parse(t, data, under)
			readWant(t, filepath.Join(kernelTree, "want", o.want+".want")).check(t, b)
			checkRules(t, data, under, btf.Rules{Libbpf: true, PtrSize: o.bits / 8})
		})
	}
}

// TestIdentityKeepsArraysApart shows end to end what libbpf gets wrong: its
// identity test says of two arrays that they are one when their lengths are
// equal, so that u32 [4] and s32 [4] can become one type.
func TestIdentityKeepsArraysApart(t *testing.T) {
	b := parse(t, encode(t, options(t), filepath.Join(kernelTree, "obj/identity.ko")), nil)
	var arrays []string
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		if b.Row(id).Info.Kind() == btf.KindArray {
			r := renderer{b: b}
			arrays = append(arrays, r.ref(id))
		}
	}
	slices.Sort(arrays)
	if want := []string{"s32 [4]", "u32 [4]"}; !slices.Equal(arrays, want) {
		t.Errorf("arrays %v, want %v", arrays, want)
	}
}

// checkRules checks data by the rules of a kernel.
func checkRules(t *testing.T, data []byte, base *btf.BTF, rules btf.Rules) {
	t.Helper()
	if err := btf.Check(data, base, rules); err != nil {
		t.Errorf("%+v: %v", rules, err)
	}
}

// checkEmpty checks that a folder has nothing in it.
func checkEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if hidden, _ := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left)+len(hidden) > 0 {
		t.Errorf("left over: %v %v %v", left, hidden, err)
	}
}
