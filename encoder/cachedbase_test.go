// SPDX-License-Identifier: BSD-2-Clause

package encoder_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/basecache"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// openCache returns the cache of a user who has nothing but a home.
func openCache(t *testing.T) *basecache.Cache {
	t.Helper()
	c := basecache.Open("test")
	if c == nil {
		t.Fatal("no cache")
	}
	t.Cleanup(c.Close)
	return c
}

// cachedAfter returns the base at path as the third process has it, and its cache.
func cachedAfter(t *testing.T, path string) (*encoder.Base, *basecache.Cache) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var b *encoder.Base
	var c *basecache.Cache
	for range 3 {
		var err error
		c = openCache(t)
		if b, err = encoder.LoadBaseCached(path, c); err != nil {
			t.Fatal(err)
		}
	}
	return b, c
}

// TestCachedBase encodes the corpus with a base that was loaded in full and with
// one from the cache. The BTF is the same, with pahole's features of then and now
// and with a distilled base, which looks at all of the base.
func TestCachedBase(t *testing.T) {
	path := unpacked(t, "vmlinux.btf")
	plain := corpusBase(t)
	cached, c := cachedAfter(t, path)
	if !c.Has(path) {
		t.Fatal("vmlinux is not kept")
	}
	if &cached.Bytes()[0] == &plain.Bytes()[0] || cached.Sum() != plain.Sum() || cached.Len() != plain.Len() || cached.BTF.NumTypes() != plain.BTF.NumTypes() {
		t.Error("another base")
	}
	var files []string
	for _, o := range corpusObjects(t) {
		files = append(files, o.path)
	}
	for _, f := range []encoder.Features{encoder.DefaultFeatures(), encoder.Pahole124(), encoder.DefaultFeatures().Set(encoder.FeatureDistilledBase, true)} {
		all := func(base *encoder.Base) map[string]string {
			opts := options(t)
			opts.Features, opts.Base, opts.OutDir = f, base, t.TempDir()
			results, err := encoder.Run(context.Background(), files, opts)
			if err != nil {
				t.Fatal(err)
			}
			for i := range results {
				if results[i].Err != nil {
					t.Fatal(results[i].Err)
				}
			}
			made, err := filepath.Glob(filepath.Join(opts.OutDir, "*"))
			if err != nil || len(made) < len(files) {
				t.Fatalf("%d files, error %v", len(made), err)
			}
			out := map[string]string{}
			for _, path := range made {
				out[filepath.Base(path)] = string(readFile(t, path))
			}
			return out
		}
		want, got := all(plain), all(cached)
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%v: %s is another one with a base from the cache", f, name)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%v: %d files, want %d", f, len(got), len(want))
		}
	}
}

// TestCacheOfOddBases loads bases that have a type twice, a string twice, or names
// that are tails of others: they are good, but NewBase rewrites them, and they are
// not kept.
func TestCacheOfOddBases(t *testing.T) {
	twice := "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED\n[2] PTR '(anon)' type_id=1\n[3] PTR '(anon)' type_id=1\n"
	b := btftest.MustParse(t, twice, nil)
	dir := t.TempDir()
	write := func(name string, b *btf.BTF) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, btf.Append(nil, &b.Types, b.Strs, b.Order), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	paths := []string{write("twice", b)}
	one := btftest.MustParse(t, "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED\n", nil)
	tail := *one
	tail.Strs = []byte("\x00mint\x00")
	tail.Types.Rows[1].Name = 2
	paths = append(paths, write("tail", &tail))
	again := *one
	again.Strs = []byte("\x00\x00int\x00int\x00")
	paths = append(paths, write("string", &again))
	for _, path := range paths {
		if _, c := cachedAfter(t, path); c.Has(path) {
			t.Errorf("%s is kept", path)
		}
	}
}

// TestCachedBaseChanges has the file of the base replaced between two processes: it
// is what it is then.
func TestCachedBaseChanges(t *testing.T) {
	text := "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED\n[2] STRUCT 'a' size=4 vlen=1\n\t'x' type_id=1 bits_offset=0\n"
	path := filepath.Join(t.TempDir(), "vmlinux.btf")
	put := func(text string) {
		b := btftest.MustParse(t, text, nil)
		if err := os.WriteFile(path, btf.Append(nil, &b.Types, b.Strs, b.Order), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(text)
	cachedAfter(t, path)
	put(text + "[3] PTR '(anon)' type_id=2\n")
	for range 3 {
		b, err := encoder.LoadBaseCached(path, openCache(t))
		if err != nil {
			t.Fatal(err)
		}
		if n := b.BTF.NumTypes(); n != 4 {
			t.Errorf("%d types, want 4", n)
		}
	}
	if err := os.WriteFile(path, []byte("\x9f\xebgarbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := encoder.LoadBaseCached(path, openCache(t)); err == nil {
		t.Error("a base that is broken now is taken from the cache")
	}
	os.Remove(path)
	if _, err := encoder.LoadBaseCached(path, openCache(t)); err == nil {
		t.Error("a base that is not there any more is taken from the cache")
	}
}
