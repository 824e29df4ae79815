//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tree is a folder of many copies of one module, and what each is before and
// after.
type tree struct {
	dir      string
	old, new []byte
	paths    []string
}

func newTree(t *testing.T, n int, links bool) *tree {
	tr := &tree{dir: t.TempDir(), old: object(t, "kinds.ko")}
	base := filepath.Join(tr.dir, "base.btf")
	write(t, base, object(t, "vmlinux.btf"))

	done := filepath.Join(tr.dir, "done.ko")
	write(t, done, tr.old)
	if out, err := exec.Command("gobtfenc", "encode", "--base", base, done).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var err error
	if tr.new, err = os.ReadFile(done); err != nil {
		t.Fatal(err)
	}
	os.Remove(done)

	modules := filepath.Join(tr.dir, "modules")
	other := filepath.Join(tr.dir, "links")
	os.Mkdir(modules, 0o777)
	os.Mkdir(other, 0o777)
	for i := range n {
		name := fmt.Sprintf("m%04d.ko", i)
		path := filepath.Join(modules, name)
		write(t, path, tr.old)
		if links {
			if err := os.Link(path, filepath.Join(other, name)); err != nil {
				t.Fatal(err)
			}
		}
		tr.paths = append(tr.paths, path)
	}
	return tr
}

func (tr *tree) command() *exec.Cmd {
	args := []string{"encode", "-j2", "--base", filepath.Join(tr.dir, "base.btf")}
	return exec.Command("gobtfenc", append(args, tr.paths...)...)
}

// waitForFirst waits until cmd has changed a file.
func (tr *tree) waitForFirst(t *testing.T) {
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		if st, err := os.Stat(tr.paths[0]); err == nil && st.Size() != int64(len(tr.old)) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("no file was changed in a minute")
}

// check says which files are new; any that is neither old nor new is an error.
// A changed one may have more bytes behind its end where trailing allows it.
func (tr *tree) check(t *testing.T, trailing bool) (changed int) {
	t.Helper()
	for _, path := range tr.paths {
		data, err := os.ReadFile(path)
		switch {
		case err != nil:
			t.Fatal(err)
		case bytes.Equal(data, tr.old):
		case bytes.Equal(data, tr.new):
			changed++
		case trailing && len(data) > len(tr.old):
		default:
			t.Errorf("%s: neither the old nor the new file: %d bytes", path, len(data))
		}
	}
	return changed
}

// strays are files that were not there.
func (tr *tree) strays(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(tr.dir, "modules"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "m") {
			out = append(out, e.Name())
		}
	}
	return out
}

// interrupt runs cmd over n modules and sends sig when the first is done. It
// returns how many were done and what cmd said on standard output.
func (tr *tree) interrupt(t *testing.T, cmd *exec.Cmd, sig os.Signal, n int) (changed int, stdout string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tr.waitForFirst(t)
	cmd.Process.Signal(sig)
	cmd.Wait()
	changed = tr.check(t, false)
	if changed == n {
		t.Skip("the run was over before the signal came")
	}
	if code := cmd.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("exit status %d, want %d", code, exitFailed)
	}
	want := fmt.Sprintf("gobtfenc: interrupted: %d of %d modules not done\n", n-changed, n)
	if got := errs.String(); got != want {
		t.Errorf("standard error has %q, want %q", got, want)
	}
	return changed, out.String()
}

// A signal ends the run after the modules in work, with one line for all that
// were not come to.
func TestInterrupt(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			const n = 600
			tr := newTree(t, n, false)
			_, stdout := tr.interrupt(t, tr.command(), sig, n)
			if !regexp.MustCompile(`^600 modules, [0-9]+ failed: .*\n$`).MatchString(stdout) {
				t.Errorf("standard output has %q", stdout)
			}
			if s := tr.strays(t); s != nil {
				t.Errorf("left over: %q", s)
			}

			// The next run does the rest.
			if out, err := tr.command().CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if changed := tr.check(t, false); changed != n {
				t.Errorf("%d of %d modules done", changed, n)
			}
		})
	}
}

// An interrupted measure writes no report, and has the exit status of who was
// killed, so that a job's controller tries again.
func TestInterruptMeasure(t *testing.T) {
	tr := newTree(t, 1000, false)
	report := filepath.Join(tr.dir, "report.json")
	cmd := exec.Command("gobtfenc", "measure", "-j1", "--cost", "global_var,decl_tag", "-o", report, filepath.Join(tr.dir, "modules"))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	switch code := cmd.ProcessState.ExitCode(); code {
	case exitOK, -1:
		t.Skip("the signal came before the run had begun, or when it was over")
	case 128 + int(syscall.SIGTERM):
	default:
		t.Errorf("exit status %d", code)
	}
	if got := errs.String(); got != "gobtfenc: interrupted: no report is written\n" {
		t.Errorf("standard error has %q", got)
	}
	if _, err := os.Stat(report); !os.IsNotExist(err) {
		t.Errorf("report: %v", err)
	}
}

// A SIGINT that the run was told to ignore does not end it.
func TestInterruptIgnored(t *testing.T) {
	const n = 300
	tr := newTree(t, n, false)
	cmd := exec.Command("sh", append([]string{"-c", `trap "" INT; exec "$@"`, "sh"}, tr.command().Args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tr.waitForFirst(t)
	cmd.Process.Signal(syscall.SIGINT)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if changed := tr.check(t, false); changed != n {
		t.Errorf("%d of %d modules done", changed, n)
	}
}

// A process killed at any moment leaves every file old or new. What it may
// leave besides is one hidden file of each worker, in the instant between the
// name and the rename, and behind a file with several links bytes that nothing
// refers to. The next run takes both away.
func TestKill(t *testing.T) {
	for _, c := range []struct {
		name  string
		links bool
	}{{"renamed", false}, {"changed in place", true}} {
		t.Run(c.name, func(t *testing.T) {
			const n = 200
			rounds := 6
			if testing.Short() {
				rounds = 3
			}
			killed := 0
			for round := range rounds {
				tr := newTree(t, n, c.links)
				cmd := tr.command()
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				tr.waitForFirst(t)
				time.Sleep(time.Duration(round) * 5 * time.Millisecond)
				cmd.Process.Kill()
				cmd.Wait()
				if cmd.ProcessState.ExitCode() < 0 {
					killed++
				}
				tr.check(t, c.links)
				strays := tr.strays(t)
				if len(strays) > 2 {
					t.Errorf("left over: %q", strays)
				}
				for _, name := range strays {
					if !strings.Contains(name, ".gobtfenc-") {
						t.Errorf("left over: %q", name)
					}
				}
				if out, err := tr.command().CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				if changed := tr.check(t, false); changed != n {
					t.Errorf("the next run did %d of %d modules", changed, n)
				}
				if strays := tr.strays(t); strays != nil {
					t.Errorf("left over after the next run: %q", strays)
				}
			}
			t.Logf("%d of %d runs were killed in the middle", killed, rounds)
		})
	}
}
