package encoder

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestBaseChanged changes a file between its first byte and its last one.
func TestBaseChanged(t *testing.T) {
	torn := errors.New("torn")
	for _, c := range []struct {
		name   string
		change func(t *testing.T, path string)
		err    error // of reading it
		want   error
	}{
		{"left alone", func(*testing.T, string) {}, nil, nil},
		{"left alone but bad", func(*testing.T, string) {}, torn, torn},
		{"written over", func(t *testing.T, path string) {
			check(t, os.WriteFile(path, []byte("new!"), 0o644))
			check(t, os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)))
		}, nil, errChanged},
		{"cut", func(t *testing.T, path string) { check(t, os.Truncate(path, 1)) }, torn, errChanged},
		{"grown", func(t *testing.T, path string) { check(t, os.WriteFile(path, []byte("longer"), 0o644)) }, nil, errChanged},
		{"another in its place", func(t *testing.T, path string) {
			st, err := os.Stat(path)
			check(t, err)
			check(t, os.WriteFile(path+"2", []byte("base"), 0o644))
			check(t, os.Chtimes(path+"2", time.Time{}, st.ModTime()))
			check(t, os.Rename(path+"2", path))
		}, nil, errChanged},
		{"removed", func(t *testing.T, path string) { check(t, os.Remove(path)) }, nil, errChanged},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "vmlinux")
			check(t, os.WriteFile(path, []byte("base"), 0o644))
			st, err := os.Stat(path)
			check(t, err)
			read := &btfFile{data: []byte("base")}
			got, err := unchanged(path, st, func() (*btfFile, error) {
				c.change(t, path)
				return read, c.err
			})
			if err != c.want {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err == nil && got != read {
				t.Error("what was read is lost")
			}
		})
	}
}

// TestReadChanged reads BTF that was changed since it was opened.
func TestReadChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vmlinux.btf")
	data, err := os.ReadFile("../testdata/kernel/obj/vmlinux.btf")
	check(t, err)
	check(t, os.WriteFile(path, data, 0o644))
	f, err := os.Open(path)
	check(t, err)
	defer f.Close()
	st, err := f.Stat()
	check(t, err)
	_, err = readSteady(path, f, st)
	check(t, err)
	check(t, os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)))
	if _, err := readSteady(path, f, st); err != errChanged {
		t.Errorf("%v, want %v", err, errChanged)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
