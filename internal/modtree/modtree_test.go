package modtree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// tree makes files, and links where a target is given, below a new folder.
func tree(t *testing.T, files ...[2]string) string {
	t.Helper()
	root := t.TempDir()
	for _, f := range files {
		path := filepath.Join(root, f[0])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if f[1] != "" {
			err = os.Symlink(f[1], path)
		} else {
			err = os.WriteFile(path, nil, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFind(t *testing.T) {
	other := tree(t, [2]string{"far/x.ko.zst"})
	root := tree(t,
		[2]string{"b/m.ko"}, [2]string{"b/m.ko.gz"}, [2]string{"a.ko.xz"}, [2]string{"b.ko/c/n.ko.zst"},
		[2]string{"b/m.o"}, [2]string{"b/m.mod"}, [2]string{"b/koala"},
		[2]string{"a", "b"}, // a second way to what is there by itself
		[2]string{"b/loop", ".."}, [2]string{"self", "self"},
		[2]string{"b/again.ko", "m.ko"}, [2]string{"gone.ko", "nowhere"},
		[2]string{"there", other}, [2]string{"there2", other})
	got, err := Find(root)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, p := range []string{"a.ko.xz", "b.ko/c/n.ko.zst", "b/m.ko", "b/m.ko.gz", "gone.ko", "there/far/x.ko.zst"} {
		want = append(want, filepath.Join(root, p))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestFindNone(t *testing.T) {
	if got, err := Find(tree(t, [2]string{"a/m.o"})); !errors.Is(err, ErrNone) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := Find(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNone) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestFindBTF(t *testing.T) {
	for _, c := range []struct {
		files []string
		want  []string
	}{
		{[]string{"a.btf", "b/c.btf.zst", "b/c.base", "btf"}, []string{"a.btf", "b/c.btf.zst"}},
		{[]string{"a.btf", "b/c.ko"}, []string{"b/c.ko"}},
		{[]string{"a.o"}, nil},
	} {
		var files [][2]string
		for _, f := range c.files {
			files = append(files, [2]string{f})
		}
		root := tree(t, files...)
		got, err := FindBTF(root)
		for i := range got {
			got[i], _ = filepath.Rel(root, got[i])
		}
		if !slices.Equal(got, c.want) || (err == nil) != (c.want != nil) || err != nil && !errors.Is(err, ErrNone) {
			t.Errorf("%q: %q, %v", c.files, got, err)
		}
	}
}

// TestFindUnreadable: what can be read is found all the same.
func TestFindUnreadable(t *testing.T) {
	root := tree(t, [2]string{"a/m.ko"}, [2]string{"b/n.ko"})
	shut := filepath.Join(root, "a")
	if err := os.Chmod(shut, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(shut, 0o755) })
	if _, err := os.ReadDir(shut); err == nil {
		t.Skip("nothing is unreadable for this user")
	}
	got, err := Find(root)
	if !errors.Is(err, fs.ErrPermission) || !slices.Equal(got, []string{filepath.Join(root, "b/n.ko")}) {
		t.Errorf("%q, %v", got, err)
	}
}
