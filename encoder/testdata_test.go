package encoder_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
)

// refused are the objects of the small tree that do not encode, with a part of
// the message.
var refused = map[string]string{
	"plain/gcc4-units": ".debug_info: offset 0x5e: reference to type signature 0x76d728222172f7b: type units are not supported",
	"plain/gcc5-units": "(.debug_info) at 0x14a: type units (-fdebug-types-section) are not supported",
}

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

// TestKernelTreeRefused: what is not read yet is an error, never BTF with the
// better part missing.
func TestKernelTreeRefused(t *testing.T) {
	base := treeBase(t)
	for rel, want := range refused {
		t.Run(rel, func(t *testing.T) {
			opts := options(t)
			opts.Base, opts.OutDir = base, t.TempDir()
			path := filepath.Join(kernelTree, "obj", rel+".ko")
			results, err := encoder.Run(context.Background(), []string{path}, opts)
			if err != nil {
				t.Fatal(err)
			}
			if err := results[0].Err; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
			checkEmpty(t, opts.OutDir)
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
