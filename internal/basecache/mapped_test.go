// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package basecache

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestEqualMapped compares with a part of a file, which begins anywhere.
func TestEqualMapped(t *testing.T) {
	b := bytes.Repeat([]byte("type "), 3000)
	for _, off := range []int64{0, 1, 4096, 70001} {
		name := filepath.Join(t.TempDir(), "vmlinux")
		if err := os.WriteFile(name, append(append(make([]byte, off), b...), "behind"...), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r := io.NewSectionReader(f, off, int64(len(b)))
		if !equalMapped(b, r, 0) || !equalRead(b, r, 0) {
			t.Errorf("at %#x: the same is another one", off)
		}
		for _, i := range []int{0, 5000, len(b) - 1} {
			other := bytes.Clone(b)
			other[i] ^= 1
			if equalMapped(other, r, 0) || equalRead(other, r, 0) {
				t.Errorf("at %#x: another one at %#x is the same", off, i)
			}
		}
		if equalMapped(b[1:], r, 0) {
			t.Errorf("at %#x: a shorter one is the same", off)
		}
	}
}

// TestCutWhileMapped cuts a file that is mapped: to read it is a fault, which ends
// neither the process nor in an entry.
func TestCutWhileMapped(t *testing.T) {
	e := entry(t, "node")
	_, file := filled(t, e)
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	data, err := mapFile(f, 0, st.Size())
	if err != nil {
		t.Fatal(err)
	}
	defer unmap(data)
	for _, size := range []int64{2 * pageLen, 100, 0} {
		if err := f.Truncate(size); err != nil {
			t.Fatal(err)
		}
		if guarded(func() bool { return parse(data, "v1", reader(e.BTF), nil) != nil }) {
			t.Errorf("cut to %d bytes and used", size)
		}
	}
}
