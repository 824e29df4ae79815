package kerneldir

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		want  *Kernel // nil: an error
	}{
		{"a kernel", []string{"lib/b.ko", "boot/vmlinux-6.1", "lib/a/c.ko", "lib/x.ko.zst"}, &Kernel{"", "6.1", "boot/vmlinux-6.1", []string{"lib/a/c.ko", "lib/b.ko"}}},
		{"as Debian has it since 7", []string{"lib/vmlinux", "lib/a.ko", "boot/vmlinux-7.2 -> ../lib/vmlinux", "vmlinux-7.2 -> lib/vmlinux"}, &Kernel{"", "7.2", "boot/vmlinux-7.2", []string{"lib/a.ko"}}},
		{"two", []string{"vmlinux-6.1", "vmlinux-6.2", "a.ko"}, nil},
		{"no modules", []string{"vmlinux-6.1"}, nil},
		{"no vmlinux", []string{"a.ko", "vmlinux"}, nil},
		{"nothing", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, f := range c.files {
				f = filepath.Join(dir, f)
				if err := os.MkdirAll(filepath.Dir(f), 0o755); err != nil {
					t.Fatal(err)
				}
				var err error
				if link, target, is := strings.Cut(f, " -> "); is {
					err = os.Symlink(target, link)
				} else {
					err = os.WriteFile(f, nil, 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			got, err := Find(dir)
			if c.want == nil {
				if err == nil {
					t.Fatalf("%+v, want an error", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := *c.want
			want.Dir = dir
			want.Vmlinux = filepath.Join(dir, want.Vmlinux)
			for i, m := range want.Modules {
				want.Modules[i] = filepath.Join(dir, m)
			}
			if !reflect.DeepEqual(*got, want) {
				t.Errorf("%+v, want %+v", *got, want)
			}
		})
	}
}
