// SPDX-License-Identifier: BSD-2-Clause

package encoder_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/basecache"
)

func noCache() *basecache.Cache { return nil }

// TestStartBase encodes modules while their base is still being loaded, in full, out
// of the cache, and in full once strings were taken out of the cache: the bytes are those
// with a base that was loaded before.
func TestStartBase(t *testing.T) {
	path := filepath.Join(kernelTree, "obj/vmlinux.btf")
	cachedAfter(t, path)
	half := cachedStrings(t)
	cached := func() *basecache.Cache { return basecache.Open("test") }
	for _, o := range treeObjects(t) {
		if o.alone {
			continue
		}
		opts := options(t)
		opts.Jobs, opts.Base, opts.AllowMismatch = 2, treeBase(t), true
		want := encode(t, opts, o.path)
		for name, open := range map[string]func() *basecache.Cache{"full": noCache, "cached": cached, "half": half} {
			opts.Base = encoder.StartBase(path, open)
			if !bytes.Equal(encode(t, opts, o.path), want) {
				t.Errorf("%s, %s: not the same", o.name, name)
			}
		}
	}
	// For several files it is waited for first.
	two := []string{filepath.Join(kernelTree, "obj/funcs.ko"), filepath.Join(kernelTree, "obj/split.ko")}
	opts := options(t)
	opts.Jobs, opts.Base = 2, treeBase(t)
	want := encodeAll(t, opts, two...)
	opts.Base = encoder.StartBase(path, noCache)
	for i, got := range encodeAll(t, opts, two...) {
		if !bytes.Equal(got, want[i]) {
			t.Errorf("%s of two: not the same", two[i])
		}
	}
}

// cachedStrings returns what opens a copy of the cache in which a byte of the types is
// another one.
func cachedStrings(t *testing.T) func() *basecache.Cache {
	t.Helper()
	good := os.Getenv("XDG_CACHE_HOME")
	names, err := filepath.Glob(filepath.Join(good, "gobtfenc/bases/*.base"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	b := readFile(t, names[0])
	const page = 4096
	size := len(readFile(t, filepath.Join(kernelTree, "obj/vmlinux.btf")))
	b[(page+size+page-1)/page*page+20] ^= 1
	dir := t.TempDir()
	bases := filepath.Join(dir, "gobtfenc/bases")
	if err := os.MkdirAll(bases, 0o700); err != nil {
		t.Fatal(err)
	}
	return func() *basecache.Cache {
		// The process before has made it good.
		name := filepath.Join(bases, filepath.Base(names[0]))
		os.Remove(name)
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Error(err)
		}
		os.Setenv("XDG_CACHE_HOME", dir)
		defer os.Setenv("XDG_CACHE_HOME", good)
		return basecache.Open("test")
	}
}

// TestStartBadBase tells what is wrong with the base, whatever is wrong with the module,
// and leaves that alone.
func TestStartBadBase(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := readFile(t, filepath.Join(kernelTree, "obj/funcs.ko"))
	base := readFile(t, filepath.Join(kernelTree, "obj/vmlinux.btf"))
	for _, bad := range []string{put("cut", base[:len(base)-1]), put("empty", nil), put("header", base[:24]), filepath.Join(dir, "none")} {
		_, want := encoder.LoadBase(bad)
		if want == nil {
			t.Fatalf("%s is good", bad)
		}
		for _, module := range []string{put("x.ko", good), put("cut.ko", good[:len(good)/2]), put("text.ko", []byte("no module")), filepath.Join(dir, "no.ko")} {
			opts := options(t)
			opts.OutDir, opts.Jobs, opts.Base = "", 2, encoder.StartBase(bad, noCache)
			results, err := encoder.Run(t.Context(), []string{module}, opts)
			if err == nil || err.Error() != want.Error() || results != nil {
				t.Errorf("%s on %s: %v, error %v", module, bad, results, err)
			}
			if err := opts.Base.Wait(); err == nil || err.Error() != want.Error() {
				t.Errorf("%s: error %v", bad, err)
			}
			if strings.HasSuffix(module, "/x.ko") && !bytes.Equal(readFile(t, module), good) {
				t.Errorf("%s on %s was written to", module, bad)
			}
		}
	}
}
