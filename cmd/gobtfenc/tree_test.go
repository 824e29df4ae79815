//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asTree makes a build directory of the modules of tr.
func (tr *tree) asTree(t *testing.T) {
	t.Helper()
	var order strings.Builder
	for _, path := range tr.paths {
		fmt.Fprintln(&order, strings.TrimSuffix(filepath.Base(path), ".ko")+".o")
	}
	write(t, filepath.Join(tr.dir, "modules", "modules.order"), []byte(order.String()))
	write(t, filepath.Join(tr.dir, "modules", "vmlinux"), object(t, "vmlinux.btf"))
}

// batch is a run over it.
func (tr *tree) batch(args ...string) *exec.Cmd {
	return exec.Command("gobtfenc", append([]string{"encode", "-j2", "--tree", filepath.Join(tr.dir, "modules")}, args...)...)
}

// manifest returns the names of the modules that are noted as done.
func (tr *tree) manifest(t *testing.T) (names []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(tr.dir, "modules", ".gobtfenc.tree"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if name := strings.TrimSuffix(line[strings.LastIndex(line, " ")+1:], "\n"); strings.HasSuffix(name, ".ko") {
			names = append(names, name)
		}
	}
	return names
}

func runs(t *testing.T, cmd *exec.Cmd) (stdout string) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	return string(out)
}

// A tree that is up to date: the times of every file and folder stay, and no
// module is so much as opened.
func TestTreeUntouched(t *testing.T) {
	tr := newTree(t, 20, false)
	tr.asTree(t)
	modules := filepath.Join(tr.dir, "modules")
	if out := runs(t, tr.batch()); !strings.HasPrefix(out, "20 modules: .BTF 0 -> ") {
		t.Fatal(out)
	}
	was, err := wholeTree(modules)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if _, err := syscall.InotifyAddWatch(fd, modules, syscall.IN_ALL_EVENTS); err != nil {
		t.Fatal(err)
	}
	if out := runs(t, tr.batch()); !strings.HasPrefix(out, "20 modules, 20 up to date: ") {
		t.Error(out)
	}
	const write = syscall.IN_MODIFY | syscall.IN_ATTRIB | syscall.IN_CLOSE_WRITE | syscall.IN_CREATE | syscall.IN_DELETE |
		syscall.IN_MOVE | syscall.IN_DELETE_SELF | syscall.IN_MOVE_SELF
	opened := map[string]bool{}
	for name, mask := range events(t, fd) {
		if mask&write != 0 {
			t.Errorf("%s was changed: %#x", name, mask)
		}
		opened[name] = mask&syscall.IN_OPEN != 0
	}
	for name := range opened {
		if strings.HasSuffix(name, ".ko") {
			t.Errorf("%s was opened", name)
		}
	}
	if !opened["vmlinux"] || !opened["modules.order"] || !opened[".gobtfenc.tree"] {
		t.Errorf("opened were %v: are events missing?", opened)
	}
	is, err := wholeTree(modules)
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(is, was) {
		t.Errorf("was %v, is %v", was, is)
	}
}

// events returns what has happened to each file, "" for the folder.
func events(t *testing.T, fd int) map[string]uint32 {
	t.Helper()
	all := map[string]uint32{}
	buf := make([]byte, 1<<20)
	for {
		n, err := syscall.Read(fd, buf)
		if err == syscall.EAGAIN {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		for b := buf[:n]; len(b) > 0; {
			const head = syscall.SizeofInotifyEvent
			mask, size := binary.NativeEndian.Uint32(b[4:]), int(binary.NativeEndian.Uint32(b[12:]))
			all[strings.TrimRight(string(b[head:head+size]), "\x00")] |= mask
			b = b[head+size:]
		}
	}
}

// A signal ends a run over a tree after the modules in work. What it did is
// noted, and the next run does the rest only.
func TestTreeInterrupt(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			const n = 600
			tr := newTree(t, n, false)
			tr.asTree(t)
			changed, _ := tr.interrupt(t, tr.batch(), sig, n)
			if got := len(tr.manifest(t)); got != changed {
				t.Errorf("%d modules are noted, %d are done", got, changed)
			}
			out := runs(t, tr.batch())
			if want := fmt.Sprintf("%d modules, %d up to date: ", n, changed); !strings.HasPrefix(out, want) {
				t.Errorf("the next run: %q, want %q", out, want)
			}
			if changed := tr.check(t, false); changed != n {
				t.Errorf("%d of %d modules done", changed, n)
			}
		})
	}
}

// A process killed at any moment loses what it would have noted, and nothing
// else: the next run finds in its files the bytes that it makes.
func TestTreeKill(t *testing.T) {
	const n = 200
	killed := 0
	for round := range 4 {
		tr := newTree(t, n, false)
		tr.asTree(t)
		cmd := tr.batch()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		tr.waitForFirst(t)
		time.Sleep(time.Duration(round) * 5 * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
		changed := tr.check(t, false)
		if cmd.ProcessState.ExitCode() < 0 {
			killed++
			if m := tr.manifest(t); len(m) != 0 && len(m) != n {
				t.Errorf("%d modules are noted by a killed run", len(m))
			}
		}
		done := map[string]os.FileInfo{}
		for _, path := range tr.paths {
			if st, err := os.Stat(path); err == nil && st.Size() != int64(len(tr.old)) {
				done[path] = st
			}
		}
		runs(t, tr.batch())
		if now := tr.check(t, false); now != n {
			t.Errorf("the next run did %d of %d modules", now, n)
		}
		for path, st := range done {
			if now, err := os.Stat(path); err != nil || !os.SameFile(now, st) || !now.ModTime().Equal(st.ModTime()) {
				t.Errorf("%s was done, and was written again: %v", path, err)
			}
		}
		if len(done) != changed {
			t.Errorf("%d files, %d done", len(done), changed)
		}
		if m := tr.manifest(t); len(m) != n {
			t.Errorf("%d of %d modules are noted", len(m), n)
		}
	}
	if killed == 0 {
		t.Skip("every run was over before it was killed")
	}
}

// Two runs at once on one tree: the second one waits and finds all done, or
// does what the first one left.
func TestTreeTwice(t *testing.T) {
	const n = 200
	tr := newTree(t, n, false)
	tr.asTree(t)
	first, second := tr.batch(), tr.batch()
	var out1, out2, err1, err2 bytes.Buffer
	first.Stdout, first.Stderr, second.Stdout, second.Stderr = &out1, &err1, &out2, &err2
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	tr.waitForFirst(t)
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	e1, e2 := first.Wait(), second.Wait()
	if e1 != nil || e2 != nil {
		t.Errorf("%v: %s\n%v: %s", e1, err1.String(), e2, err2.String())
	}
	if changed := tr.check(t, false); changed != n || tr.strays(t) == nil {
		t.Errorf("%d of %d modules done", changed, n)
	}
	if !strings.HasPrefix(out1.String(), "200 modules: ") || !strings.HasPrefix(out2.String(), "200 modules, 200 up to date: ") {
		t.Errorf("%q, %q", out1.String(), out2.String())
	}
	wants := fmt.Sprintf("gobtfenc: %s: another gobtfenc is at work here, waiting for it\n", filepath.Join(tr.dir, "modules"))
	if got := err2.String(); got != wants && got != "" {
		t.Errorf("standard error has %q, want %q", got, wants)
	}
	if got := tr.strays(t); !slices.Equal(got, []string{".gobtfenc.tree", "vmlinux"}) {
		t.Errorf("left over: %q", got)
	}
}

// tokens is a make of version 4.4 to the process below it: a named pipe with
// tokens in it.
type tokens struct {
	f    *os.File
	path string
}

func newTokens(t *testing.T, bytes string) *tokens {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.WriteString(bytes); err != nil {
		t.Fatal(err)
	}
	return &tokens{f, path}
}

func (k *tokens) below(cmd *exec.Cmd) *exec.Cmd {
	cmd.Env = append(os.Environ(), "MAKEFLAGS=s -j3 --jobserver-auth=fifo:"+k.path+" -- A=b")
	return cmd
}

// left are the tokens in the pipe, in order.
func (k *tokens) left(t *testing.T) string {
	t.Helper()
	var b [16]byte
	k.f.WriteString("\n")
	n, err := k.f.Read(b[:])
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(b[:n]), "\n")
}

// Below make the command takes tokens, one less than -j, and gives them back,
// in whatever way it ends but by SIGKILL. That a token was taken shows in the
// order in which they are there afterwards.
func TestEncodeTokens(t *testing.T) {
	t.Run("the end", func(t *testing.T) {
		tr := newTree(t, 100, false)
		tr.asTree(t)
		k := newTokens(t, "ab")
		runs(t, k.below(tr.batch()))
		if left := k.left(t); left != "ba" {
			t.Errorf("tokens are %q, want ba", left)
		}
	})
	t.Run("pahole", func(t *testing.T) {
		tr := newTree(t, 100, false)
		k := newTokens(t, "ab")
		runs(t, k.below(exec.Command("gobtfenc", append([]string{"pahole", "-J", "-j2", "--btf_base", filepath.Join(tr.dir, "base.btf")}, tr.paths...)...)))
		if left := k.left(t); left != "ba" {
			t.Errorf("tokens are %q, want ba", left)
		}
	})
	t.Run("errors", func(t *testing.T) {
		tr := newTree(t, 100, false)
		for _, path := range tr.paths {
			if err := os.Truncate(path, 3000); err != nil {
				t.Fatal(err)
			}
		}
		k := newTokens(t, "ab")
		if err := k.below(tr.command()).Run(); err == nil {
			t.Error("no error")
		}
		if left := k.left(t); left != "ba" && left != "ab" {
			t.Errorf("tokens are %q", left)
		}
	})
	for times := 1; times <= 2; times++ {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[times-1:] {
			t.Run(fmt.Sprint(times, " ", sig), func(t *testing.T) {
				tr := newTree(t, 600, false)
				tr.asTree(t)
				k := newTokens(t, "ab")
				cmd := k.below(tr.batch())
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				tr.waitForFirst(t)
				if times == 1 {
					cmd.Process.Signal(sig)
				} else {
					// Both are there before it can end of the first one.
					cmd.Process.Signal(syscall.SIGSTOP)
					cmd.Process.Signal(syscall.SIGINT)
					cmd.Process.Signal(syscall.SIGTERM)
					cmd.Process.Signal(syscall.SIGCONT)
				}
				cmd.Wait()
				if died := cmd.ProcessState.ExitCode() < 0; died != (times == 2) {
					t.Errorf("%v", cmd.ProcessState)
				}
				tr.check(t, false)
				if left := k.left(t); left != "ba" && left != "ab" {
					t.Errorf("tokens are %q", left)
				}
			})
		}
	}
}

// Without a pipe there is one job, and a warning that says why. A number of
// jobs that another one than make left in MAKEFLAGS is one.
func TestEncodeWithoutTokens(t *testing.T) {
	tr := newTree(t, 3, false)
	for _, c := range []struct{ makeflags, want string }{
		{" -j3 --jobserver-auth=-2,-2", "gobtfenc: warning: make's jobserver is not available: it is closed for this recipe: one job only, unless the recipe begins with +\n"},
		{" -j3 --jobserver-auth=fifo:/none/x", "gobtfenc: warning: make's jobserver is not available: stat /none/x: no such file or directory: one job only, unless the recipe begins with +\n"},
		{" -j3", ""},
		{"", ""},
	} {
		cmd := tr.command()
		cmd.Env = append(os.Environ(), "MAKEFLAGS="+c.makeflags)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil || stderr.String() != c.want {
			t.Errorf("%q: %v, %q, want %q", c.makeflags, err, stderr.String(), c.want)
		}
	}
}

// vmlinux is linked again between the look at it and its being read: then what
// was up to date for the old one is not left alone.
func TestTreeBaseReplaced(t *testing.T) {
	tr := newTree(t, 5, false)
	tr.asTree(t)
	dir := filepath.Join(tr.dir, "modules")
	runs(t, tr.batch())
	if err := os.Truncate(tr.paths[2], 100); err != nil {
		t.Fatal(err)
	}
	write(t, tr.paths[2], tr.old)

	run := &treeRun{dir: dir, base: filepath.Join(dir, "vmlinux")}
	opts, err := (&encodeFlags{exclude: []string{"rust"}}).options()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.list(); err != nil {
		t.Fatal(err)
	}
	if err := run.choose(&opts); err != nil || len(run.todo) != 1 {
		t.Fatalf("%d modules to do, %v", len(run.todo), err)
	}
	other := filepath.Join(tr.dir, "other")
	write(t, other, tr.old)
	runs(t, exec.Command("gobtfenc", "encode", other))
	if err := os.Rename(other, run.base); err != nil {
		t.Fatal(err)
	}
	if err := run.encode(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	if len(run.todo) != 5 {
		t.Errorf("%d modules were done for the new base", len(run.todo))
	}
	for _, r := range run.results {
		if r.Err != nil || !r.Changed {
			t.Errorf("%s: changed %v, %v", r.Path, r.Changed, r.Err)
		}
	}
	run.note()
	if out := runs(t, tr.batch()); !strings.HasPrefix(out, "5 modules, 5 up to date: ") {
		t.Error(out)
	}
}
