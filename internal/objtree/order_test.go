package objtree

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/elfio"
)

// put writes a file below dir.
func put(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReadOrder(t *testing.T) {
	for _, c := range []struct {
		name, dir string // below a folder of the test, DIR in order
		files     string
		order     string
		want      string // names; in brackets what is not there
	}{
		{"6.3 and later", "k", "fs/xfs/xfs.ko net/a.ko", "net/a.o\nfs/xfs/xfs.o\n", "net/a.ko fs/xfs/xfs.ko"},
		{"before", "k", "fs/xfs/xfs.ko net/a.ko", "net/a.ko\nfs/xfs/xfs.ko\n", "net/a.ko fs/xfs/xfs.ko"},
		{"installed", "lib/modules/6.12", "kernel/fs/x.ko", "kernel/fs/x.ko", "kernel/fs/x.ko"},
		{"by their installed paths", "k", "fs/x.ko kernel/trace/t.ko", "kernel/fs/x.ko\nkernel/kernel/trace/t.ko\n", "fs/x.ko kernel/trace/t.ko"},
		{"a folder named kernel", "k", "kernel/trace/t.ko trace/t.ko", "kernel/trace/t.o", "kernel/trace/t.ko"},
		{"out of tree, absolute", "src/drv", "drv.ko sub/b.ko", "DIR/drv.o\nDIR/sub/b.ko\n", "drv.ko sub/b.ko"},
		{"out of tree, below the kernel", "k/drivers/drv", "drv.ko sub/b.ko", "drivers/drv/drv.o\ndrivers/drv/sub/b.o\n", "drv.ko sub/b.ko"},
		{"out of tree, 6.13", "src/drv", "drv.ko", "drv.o", "drv.ko"},
		{"absolute by a link", "link", "x.ko", "DIR/x.o\nREAL/x.o\n", "x.ko"},
		{"nothing", "k", "", "", ""},
		{"blank lines, no end", "k", "a.ko b.ko", "\n\na.o\r\n  \nb.o", "a.ko b.ko"},
		{"twice", "k", "a.ko b.ko", "a.o\nb.o\na.o\n./a.o\nx/../a.ko\nkernel/a.ko\n", "a.ko b.ko"},
		{"not there", "k", "a.ko", "a.o\ngone.o\nfs/gone.ko\n", "a.ko (gone.ko) (fs/gone.ko)"},
		{"spaces", "k k", "my drv/a b.ko", "my drv/a b.o", "my drv/a b.ko"},
		{"base BTF", "k", "a.ko btf_vmlinux.ko kernel/bpf/btf_vmlinux.ko", "kernel/bpf/btf_vmlinux.o\na.o\nbtf_vmlinux.ko\n", "a.ko"},
	} {
		t.Run(c.name, func(t *testing.T) {
			top := t.TempDir()
			real := filepath.Join(top, "real")
			if err := os.Mkdir(real, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("real", filepath.Join(top, "link")); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(top, filepath.FromSlash(c.dir))
			for f := range strings.SplitSeq(c.files, ".ko ") {
				if f != "" {
					put(t, dir, strings.TrimSuffix(f, ".ko")+".ko", "")
				}
			}
			put(t, dir, orderName, strings.NewReplacer("DIR", dir, "REAL", real).Replace(c.order))
			o, err := ReadOrder(dir)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range o.Modules {
				name := m.Name
				if m.Info == nil {
					name = "(" + name + ")"
				}
				if want := filepath.Join(dir, filepath.FromSlash(m.Name)); m.Path != want {
					t.Errorf("path %s, want %s", m.Path, want)
				}
				got = append(got, name)
			}
			if g := strings.Join(got, " "); g != c.want {
				t.Errorf("got %s, want %s", g, c.want)
			}
			if n := strings.Count(c.order, "btf_vmlinux"); n != len(o.Carriers) {
				t.Errorf("carriers %q", o.Carriers)
			}
		})
	}
}

// A file that is listed by several names is one module, by the first of them.
// Two that are not there are two.
func TestReadOrderLinks(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.ko", "")
	put(t, dir, "b.ko", "")
	if elfio.StampOf(lookAt(t, dir, "a.ko").Info).Ino == 0 {
		t.Skip("the system does not number files")
	}
	if err := errors.Join(os.Symlink("a.ko", filepath.Join(dir, "symbolic.ko")), os.Link(filepath.Join(dir, "b.ko"), filepath.Join(dir, "hard.ko"))); err != nil {
		t.Fatal(err)
	}
	put(t, dir, orderName, "symbolic.o\na.o\nb.o\nhard.o\ngone.o\nalsogone.o\n")
	o, err := ReadOrder(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range o.Modules {
		got = append(got, m.Name)
	}
	if want := []string{"symbolic.ko", "b.ko", "gone.ko", "alsogone.ko"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The directory may be given from where one is.
func TestReadOrderRelative(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, orderName, "a.o\n")
	put(t, dir, "a.ko", "")
	t.Chdir(dir)
	for _, d := range []string{".", "../" + filepath.Base(dir), "./"} {
		o, err := ReadOrder(d)
		if err != nil || len(o.Modules) != 1 || o.Modules[0].Info == nil || o.Modules[0].Path != filepath.Join(d, "a.ko") {
			t.Errorf("%s: %+v, %v", d, o, err)
		}
	}
}

func TestReadOrderRefused(t *testing.T) {
	for _, c := range []struct{ order, want string }{
		{"a.o\n../b.o\n", `modules.order: line 2: "../b.o" leads out of the directory`},
		{"a/../../b.ko\n", `modules.order: line 1: "a/../../b.ko" leads out of the directory`},
		{"/etc/b.o\n", `modules.order: line 1: "/etc/b.o" leads out of the directory`},
		{"DIR/../b.o\n", `modules.order: line 1: "DIR/../b.o" leads out of the directory`},
		{"DIRx/b.o\n", `modules.order: line 1: "DIRx/b.o" leads out of the directory`},
		{"\n\nMakefile\n", `modules.order: line 3: "Makefile" is no module (.ko or .o)`},
		{"a.o\x00\n", `modules.order: line 1: "a.o\x00" is no module (.ko or .o)`},
		{"a\x00.o\n", `modules.order: line 1: "a\x00.o" is no module (.ko or .o)`},
		{"\x7fELF\x02\n", `modules.order: line 1: "\x7fELF\x02" is no module (.ko or .o)`},
	} {
		dir := filepath.Join(t.TempDir(), "k")
		put(t, dir, "a.ko", "")
		put(t, dir, "../b.ko", "")
		put(t, dir, orderName, strings.ReplaceAll(c.order, "DIR", dir))
		_, err := ReadOrder(dir)
		if want := filepath.Join(dir, "") + "/" + strings.ReplaceAll(c.want, "DIR", dir); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", c.order, err, want)
		}
	}
}

func TestReadOrderUnreadable(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "")
	put(t, dir, "folder/modules.order/x", "")
	put(t, dir, "large/modules.order", "")
	if err := os.Truncate(filepath.Join(dir, "large/modules.order"), maxOrder+1); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"gone":   "gone: no such file or directory",
		"file":   "file/modules.order: not a directory",
		".":      ".: no modules.order: not a build directory, or without make modules yet",
		"folder": "folder/modules.order: not a regular file",
		"large":  fmt.Sprintf("large/modules.order: more than %d bytes", maxOrder),
	} {
		t.Chdir(dir)
		if _, err := ReadOrder(name); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
	}
}

// FuzzReadOrder: whatever the list says, no path leads out of the directory.
func FuzzReadOrder(f *testing.F) {
	for _, s := range []string{"a.o\nb/c.ko\n", "../x.o", "/x.ko", "a/../../x.o", "kernel/../../x.o", "kernel//x.ko", "..o", ".o", ".ko/.o", "x/./../../x.o"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ls := &lister{dir: "d", roots: []string{"/r/x/kernel", "/r/x"}, seen: map[string]bool{}, files: map[fileID]bool{}}
		var names []string
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if line != "" && ls.add(line) != nil {
				return
			}
		}
		for _, m := range ls.order.Modules {
			rel, err := filepath.Rel("d", m.Path)
			if err != nil || !filepath.IsLocal(rel) || !strings.HasSuffix(m.Path, ".ko") {
				t.Errorf("%q is %q", m.Name, m.Path)
			}
			names = append(names, m.Name)
			for _, c := range ls.candidates(m.Name) {
				if !filepath.IsLocal(filepath.Join(c)) {
					t.Errorf("%q may be %q", m.Name, c)
				}
			}
		}
		slices.Sort(names)
		if len(slices.Compact(names)) != len(ls.order.Modules) {
			t.Errorf("a module is there twice: %q", names)
		}
	})
}
