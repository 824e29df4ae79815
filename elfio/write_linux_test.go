package elfio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"debug/elf"
)

var errStop = errors.New("stopped by the test")

// module writes a small module with a .BTF into a new directory.
func module(t testing.TB) (path string, content []byte) {
	t.Helper()
	s := plain(elfSpec{class64: true, machine: elf.EM_X86_64})
	content, err := Inject(s.build(), Patch{".BTF", []byte("old types")})
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "x.ko")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path, content
}

// moduleMiddle is module with the .BTF in the midst of the file, where objcopy
// puts it.
func moduleMiddle(t testing.TB) (path string, content []byte) {
	t.Helper()
	path, _ = module(t)
	s := plain(elfSpec{class64: true, machine: elf.EM_X86_64})
	btf := specSection{name: ".BTF", typ: elf.SHT_PROGBITS, align: 1, data: bytes.Repeat([]byte("old types"), 60)}
	s.sections = append([]specSection{btf}, s.sections...)
	s.sections[3].link = 5
	content = s.build()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path, content
}

// TestReplaceSectionMiddle changes a section in the midst of a file: shorter
// (it stays there), longer (it moves), and both with a second section.
func TestReplaceSectionMiddle(t *testing.T) {
	long := bytes.Repeat(newTypes, 5)
	for _, inPlace := range []bool{false, true} {
		for _, patches := range [][]Patch{
			{{".BTF", newTypes}},
			{{".BTF", long}},
			{{".BTF", newTypes}, {".BTF.base", long}},
			{{".BTF.base", long}, {".BTF", long}, {".text", []byte("code! more or less")}},
		} {
			path, old := moduleMiddle(t)
			changed, err := ReplaceSections(path, WriteOptions{InPlace: inPlace}, patches...)
			if err != nil || !changed {
				t.Fatal(changed, err)
			}
			got := mustRead(t, path)
			checkInjected(t, old, got, patches...)
			if !bytes.Equal(got, inject(t, old, patches...)) {
				t.Errorf("in place %v: file differs from the result of Inject", inPlace)
			}
		}
	}
}

// fileNames lists the directory of path.
func fileNames(t testing.TB, path string) string {
	t.Helper()
	es, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range es {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var newTypes = bytes.Repeat([]byte("new types, more of them. "), 20)

func TestReplaceSection(t *testing.T) {
	for _, inPlace := range []bool{false, true} {
		t.Run(fmt.Sprintf("inPlace=%v", inPlace), func(t *testing.T) {
			path, old := module(t)
			if err := os.Chmod(path, 0o750|os.ModeSetuid); err != nil {
				t.Fatal(err)
			}
			want := inject(t, old, Patch{".BTF", newTypes})
			before, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			var left Stamp
			opts := WriteOptions{InPlace: inPlace, Sync: true, Expect: StampOf(before), After: &left}
			changed, err := ReplaceSection(path, ".BTF", newTypes, opts)
			if err != nil || !changed {
				t.Fatal(changed, err)
			}
			if !bytes.Equal(mustRead(t, path), want) {
				t.Error("file differs from the result of Inject")
			}
			after, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if os.SameFile(before, after) != inPlace {
				t.Errorf("same inode: %v", !inPlace)
			}
			// Writing in place takes set-user-id away, as the kernel wants it.
			if wantMode := before.Mode(); after.Mode() != wantMode && !inPlace {
				t.Errorf("mode %v, was %v", after.Mode(), wantMode)
			}
			if left != StampOf(after) || left.Change.IsZero() {
				t.Errorf("the stamp is %+v, want %+v", left, StampOf(after))
			}
			opts.Expect, left = Stamp{}, Stamp{}
			changed, err = ReplaceSection(path, ".BTF", newTypes, opts)
			if err != nil || changed {
				t.Error("second run:", changed, err)
			}
			again, err := os.Stat(path)
			if err != nil || StampOf(again) != StampOf(after) || left != StampOf(after) {
				t.Error("second run touched the file")
			}
			if names := fileNames(t, path); names != "x.ko" {
				t.Error("directory has", names)
			}
		})
	}
}

func TestReplaceSectionLinks(t *testing.T) {
	path, old := module(t)
	dir := filepath.Dir(path)
	hard, soft := filepath.Join(dir, "hard.ko"), filepath.Join(dir, "soft.ko")
	if err := os.Link(path, hard); err != nil {
		t.Skip("no hard links:", err)
	}
	if err := os.Symlink("x.ko", soft); err != nil {
		t.Fatal(err)
	}
	if changed, err := ReplaceSection(soft, ".BTF", newTypes, WriteOptions{}); err != nil || !changed {
		t.Fatal(changed, err)
	}
	want := inject(t, old, Patch{".BTF", newTypes})
	for _, p := range []string{path, hard, soft} {
		if !bytes.Equal(mustRead(t, p), want) {
			t.Errorf("%s: differs from the result of Inject", filepath.Base(p))
		}
	}
	a, _ := os.Stat(path)
	b, _ := os.Stat(hard)
	if !os.SameFile(a, b) {
		t.Error("hard links were parted")
	}
	if st, _ := os.Lstat(soft); st.Mode()&os.ModeSymlink == 0 {
		t.Error("symbolic link was replaced")
	}
}

func TestReplaceSectionXattrs(t *testing.T) {
	path, _ := module(t)
	if err := syscall.Setxattr(path, "user.note", []byte("kept"), 0); err != nil {
		t.Skip("no extended attributes:", err)
	}
	if _, err := ReplaceSection(path, ".BTF", newTypes, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	var b [16]byte
	n, err := syscall.Getxattr(path, "user.note", b[:])
	if err != nil || string(b[:n]) != "kept" {
		t.Errorf("attribute is %q, error %v", b[:max(n, 0)], err)
	}
}

// TestReplaceSectionFails stops the work before each step: the file must be
// the old one to the byte, and nothing else may be left.
func TestReplaceSectionFails(t *testing.T) {
	steps := map[bool][]string{
		false: {"create", "copy", "patch", "metadata", "check", "rename"},
		true:  {"append", "commit"},
	}
	for inPlace, names := range steps {
		for _, step := range names {
			path, old := module(t)
			_, err := ReplaceSection(path, ".BTF", newTypes, WriteOptions{InPlace: inPlace, step: func(s string) error {
				if s == step {
					return errStop
				}
				return nil
			}})
			if !errors.Is(err, errStop) {
				t.Errorf("%s: error %v", step, err)
			}
			if !bytes.Equal(mustRead(t, path), old) {
				t.Errorf("%s: file changed", step)
			}
			if names := fileNames(t, path); names != "x.ko" {
				t.Errorf("%s: directory has %s", step, names)
			}
		}
	}
}

// TestReplaceSectionNotUndone takes the file away in the midst, so that what was
// written cannot be taken back: the error says so, the old sections are read, and
// the next change takes the bytes away.
func TestReplaceSectionNotUndone(t *testing.T) {
	for _, step := range []string{"append", "commit"} {
		path, old := module(t)
		var r Reader
		f, err := r.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		p, err := newPlan(f, []Patch{{".BTF", newTypes}})
		if err != nil {
			t.Fatal(err)
		}
		w, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = writeInPlace(w, p, &WriteOptions{step: func(s string) error {
			if s == step {
				return w.Close()
			}
			return nil
		}})
		r.Close()
		if !errors.Is(err, os.ErrClosed) || !strings.Contains(err.Error(), "bytes are left behind the end") {
			t.Errorf("%s: error %v", step, err)
		}
		now, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(now[:len(old)], old) || (len(now) > len(old)) != (step == "commit") {
			t.Errorf("%s: %d bytes, of which %d begin the old file: %v", step, len(now), len(old), bytes.Equal(now[:len(old)], old))
		}
		if _, err := ReplaceSection(path, ".BTF", newTypes, WriteOptions{}); err != nil {
			t.Errorf("%s: next change: %v", step, err)
		}
		want, err := Inject(old, Patch{".BTF", newTypes})
		if err != nil {
			t.Fatal(err)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, want) {
			t.Errorf("%s: next change: other bytes than Inject, error %v", step, err)
		}
	}
}

func TestReplaceSectionRefused(t *testing.T) {
	change := func(path string) error { return os.WriteFile(path, []byte("something else"), 0o644) }
	tests := []struct {
		name string
		prep func(path string) error
		step string
		want error
	}{
		{"read-only", func(p string) error { return os.Chmod(p, 0o444) }, "", ErrReadOnly},
		{"absent", os.Remove, "", os.ErrNotExist},
		{"not ELF", change, "", ErrNotELF},
		{"changed before", change, "expect", ErrNotELF},
		{"changed meanwhile", nil, "check", ErrChanged},
		{"touched before", func(p string) error { return os.Chtimes(p, time.Time{}, time.Unix(1, 0)) }, "expect", ErrChanged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, _ := module(t)
			var opts WriteOptions
			if tt.step == "expect" {
				st, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				opts.Expect = StampOf(st)
			}
			opts.step = func(s string) error {
				if s == tt.step {
					return change(path)
				}
				return nil
			}
			if tt.prep != nil {
				if err := tt.prep(path); err != nil {
					t.Fatal(err)
				}
			}
			old, _ := os.ReadFile(path)
			changed, err := ReplaceSection(path, ".BTF", newTypes, opts)
			if !errors.Is(err, tt.want) || changed {
				t.Errorf("changed %v, error %v, want %v", changed, err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), "x.ko") {
				t.Errorf("error does not name the file: %v", err)
			}
			if now, _ := os.ReadFile(path); !bytes.Equal(now, old) && tt.step != "check" {
				t.Error("file changed")
			}
			if names := fileNames(t, path); names != "x.ko" && tt.name != "absent" {
				t.Error("directory has", names)
			}
		})
	}
}

// TestMain also serves as the process that TestKilled kills.
func TestMain(m *testing.M) {
	if path := os.Getenv("ELFIO_TEST_KILL_PATH"); path != "" {
		step := os.Getenv("ELFIO_TEST_KILL_STEP")
		_, err := ReplaceSection(path, ".BTF", newTypes, WriteOptions{InPlace: os.Getenv("ELFIO_TEST_KILL_INPLACE") != "", step: func(s string) error {
			if s == step {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return nil
		}})
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// TestReplaceSectionForeignOwner changes a file of root's as another user who
// may write it: a rename would make it that user's, so it is changed in place.
func TestReplaceSectionForeignOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to become another user")
	}
	path, old := module(t)
	dir := filepath.Dir(path)
	if err := errors.Join(os.Chmod(path, 0o666), os.Chmod(dir, 0o777), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(filepath.Dir(dir), "elfio.test")
	if err := os.WriteFile(exe, mustRead(t, "/proc/self/exe"), 0o755); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ELFIO_TEST_KILL_PATH="+path, "ELFIO_TEST_KILL_STEP=none")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65533, Gid: 65533}}
	if out, err := cmd.CombinedOutput(); cmd.ProcessState == nil {
		t.Skipf("cannot run as another user: %v", err)
	} else if !strings.Contains(string(out), "<nil>") {
		t.Fatalf("%v: %s", err, out)
	}
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) || before.Mode() != after.Mode() || after.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Errorf("file, mode or owner changed: %+v, was %+v", after.Sys(), before.Sys())
	}
	if !bytes.Equal(mustRead(t, path), inject(t, old, Patch{".BTF", newTypes})) {
		t.Error("file differs from the result of Inject")
	}
}

// TestKilled kills a process before each step. By rename the file must be the
// old one to the byte and alone; in place it must be a complete ELF file with
// the old or the new sections, and the next run must give the result that it
// would have given at once.
func TestKilled(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	kill := func(path, step, inPlace string) {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), "ELFIO_TEST_KILL_PATH="+path, "ELFIO_TEST_KILL_STEP="+step, "ELFIO_TEST_KILL_INPLACE="+inPlace)
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != -1 {
			t.Fatalf("%s: not killed: %v: %s", step, err, out)
		}
	}
	for _, step := range []string{"create", "copy", "patch", "metadata", "check", "rename"} {
		path, old := module(t)
		kill(path, step, "")
		if !bytes.Equal(mustRead(t, path), old) {
			t.Errorf("killed before %s: file changed", step)
		}
		if names := fileNames(t, path); names != "x.ko" {
			t.Errorf("killed before %s: directory has %s", step, names)
		}
	}
	for _, layout := range []struct {
		make  func(testing.TB) (string, []byte)
		old   []byte
		moves bool
	}{
		{module, []byte("old types"), false},
		{moduleMiddle, bytes.Repeat([]byte("old types"), 60), true},
	} {
		committed := false
		for _, step := range []string{"append", "commit", "settle", "settle header", "cut"} {
			committed = committed || step == "settle"
			path, old := layout.make(t)
			kill(path, step, "1")
			now := mustRead(t, path)
			holds := Patch{".BTF", layout.old}
			if committed {
				holds.Data = newTypes
			}
			checkInjected(t, old, now, holds)
			for _, data := range [][]byte{newTypes, []byte("other")} {
				got := inject(t, now, Patch{".BTF", data})
				checkInjected(t, old, got, Patch{".BTF", data})
				if len(got) > len(old)+len(newTypes)+16 {
					t.Errorf("killed before %s: the next run leaves %d bytes of %d", step, len(got), len(now))
				}
				if layout.moves && committed && step != "cut" {
					continue // the section has left its place for the end
				}
				if want := inject(t, old, Patch{".BTF", data}); !bytes.Equal(got, want) {
					t.Errorf("killed before %s: the next run leaves %d bytes, want %d", step, len(got), len(want))
				}
			}
		}
	}
}

func TestWriteFileAtomic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.btf")
	for _, data := range []string{"first, a longer one", "second"} {
		if err := WriteFileAtomic(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := mustRead(t, path); string(got) != data {
			t.Errorf("file has %q", got)
		}
	}
	st, _ := os.Stat(path)
	if st.Mode().Perm()&^0o644 != 0 || st.Mode().Perm()&0o600 != 0o600 {
		t.Errorf("mode %v", st.Mode())
	}
	if err := WriteFileAtomic(filepath.Join(path, "below a file"), nil, 0o644); err == nil {
		t.Error("wrote below a file")
	}
	err := WriteAtomic(path, 0o644, func(w io.Writer) error {
		if _, err := w.Write([]byte("half of ")); err != nil {
			return err
		}
		return errStop
	})
	if got := mustRead(t, path); err != errStop || string(got) != "second" {
		t.Errorf("file has %q, error %v", got, err)
	}
	if names := fileNames(t, path); names != "x.btf" {
		t.Error("directory has", names)
	}
}

// TestWriteFilesAtomic: where one file cannot be written, none is.
func TestWriteFilesAtomic(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(path("a"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	failed, err := WriteFilesAtomic([]NewFile{{path("a"), []byte("new")}, {path("b"), nil}, {path("gone/c"), nil}}, 0o644)
	if err == nil || failed != 2 {
		t.Errorf("file %d: %v", failed, err)
	}
	if names, a := fileNames(t, path("a")), mustRead(t, path("a")); names != "a" || string(a) != "old" {
		t.Errorf("directory has %s, a %q", names, a)
	}
	if failed, err := WriteFilesAtomic([]NewFile{{path("a"), []byte("new")}, {path("b"), []byte("b")}}, 0o644); err != nil {
		t.Errorf("file %d: %v", failed, err)
	}
	if a, b := mustRead(t, path("a")), mustRead(t, path("b")); string(a) != "new" || string(b) != "b" {
		t.Errorf("a %q, b %q", a, b)
	}
}

func BenchmarkReplaceSection(b *testing.B) {
	src := corpusModule(b, "xfs")
	for _, inPlace := range []bool{false, true} {
		b.Run(fmt.Sprintf("inPlace=%v", inPlace), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "xfs.ko")
			if err := os.WriteFile(path, src, 0o644); err != nil {
				b.Fatal(err)
			}
			data := bytes.Repeat([]byte("btf!"), 100000)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				data[0] = byte(i)
				if changed, err := ReplaceSection(path, ".BTF", data, WriteOptions{InPlace: inPlace}); err != nil || !changed {
					b.Fatal(changed, err)
				}
			}
		})
	}
}
