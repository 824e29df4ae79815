//go:build unix

package encoder_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gobtfenc/gobtfenc/internal/jobserver"
)

const recipes = 6

// The + is part of the text, for make 4.4 tells a recipe that has it from a variable of no pipe.
const makefile = `
recipes := 1 2 3 4 5 6
all: batch $(recipes)
batch: ; +"$(TEST)" $(BATCH)
$(recipes): ; @echo "+ recipe $@" >>log; sleep 0.04; echo "- recipe $@" >>log
`

// logged returns how many worked at once, from the log, and how many of these
// were the batch's.
func logged(t *testing.T, log string) (all, batch int) {
	t.Helper()
	var both, own counter
	finished := 0
	for line := range strings.Lines(string(readFile(t, log))) {
		n := 1
		if strings.HasPrefix(line, "-") {
			n = -1
		}
		both.add(n)
		if strings.HasSuffix(line, "batch\n") {
			own.add(n)
		} else if n < 0 {
			finished++
		}
	}
	if both.now != 0 || finished != recipes {
		t.Errorf("%d did not end, %d recipes did", both.now, finished)
	}
	return both.max, own.max
}

// TestJobserver runs batch beside other recipes under make -j3, with each kind
// of jobserver that make has, and one of our own: never do more than 3 work,
// recipes and goroutines together, all 3 are the batch's in the end, and make
// has its tokens back, which it checks itself.
func TestJobserver(t *testing.T) {
	for _, style := range []string{"pipe", "fifo", "our fifo", "pipe without +"} {
		for _, files := range []int{30, 1} {
			t.Run(fmt.Sprintf("%s, %d files", style, files), func(t *testing.T) {
				dir := t.TempDir()
				log := filepath.Join(dir, "log")
				if err := os.WriteFile(log, nil, 0o644); err != nil {
					t.Fatal(err)
				}
				jobs := 3
				if style == "pipe without +" {
					jobs = 1
				}
				base, err := filepath.Abs(filepath.Join(kernelTree, "obj/vmlinux.btf"))
				if err != nil {
					t.Fatal(err)
				}
				args := []string{batchArg, log, strconv.Itoa(jobs), t.TempDir(), base}
				args = append(args, copiesOf(t, sourceOf(files), files)...)

				var out string
				if style == "our fifo" {
					out = ourMake(t, args, log)
				} else {
					out = gnuMake(t, style, args, dir)
				}
				all, batch := logged(t, log)
				if all > 3 || batch != jobs {
					t.Errorf("%d at once, %d of them in the batch, want 3 and %d\n%s", all, batch, jobs, out)
				}
				if strings.Contains(out, "INTERNAL") || strings.Contains(out, "token") {
					t.Errorf("make complains:\n%s", out)
				}
				if got := strings.Contains(out, jobserver.ErrUnavailable.Error()); got != (jobs == 1) {
					t.Errorf("the jobserver is not available: %v\n%s", got, out)
				}
			})
		}
	}
}

// gnuMake runs the makefile above under make -j3.
func gnuMake(t *testing.T, style string, args []string, dir string) string {
	t.Helper()
	path, err := exec.LookPath("make")
	if err != nil {
		t.Skip("no make")
	}
	style, without, _ := strings.Cut(style, " ")
	call := []string{"-j3", "-f-"}
	help, err := exec.Command(path, "--help").Output()
	switch knows := strings.Contains(string(help), "--jobserver-style"); {
	case err != nil:
		t.Fatal(err)
	case knows:
		call = append(call, "--jobserver-style="+style)
	case style == "fifo":
		// Debian 12 has 4.3: this is no lack that CI could mend.
		t.Skip("this make has no fifo")
	}
	text := makefile
	if without != "" {
		text = strings.Replace(makefile, "+", "", 1)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append(call, "TEST="+self, "BATCH="+strings.Join(args, " "))...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(text)
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// ourMake does what make 4.4 does: it has 3 tokens, of which the batch has one
// and a fifo the others.
func ourMake(t *testing.T, args []string, log string) string {
	t.Helper()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	io.WriteString(f, "+-")

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "MAKEFLAGS= -j3 --jobserver-auth=fifo:"+fifo)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var wg sync.WaitGroup
	for range recipes {
		wg.Go(func() {
			var token [1]byte
			if _, err := f.Read(token[:]); err != nil {
				t.Error(err)
			}
			fmt.Fprintln(l, "+ recipe")
			time.Sleep(40 * time.Millisecond)
			fmt.Fprintln(l, "- recipe")
			f.Write(token[:])
		})
	}
	wg.Wait()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, out.Bytes())
	}
	f.SetReadDeadline(time.Now().Add(time.Second))
	var tokens [8]byte
	n, err := f.Read(tokens[:])
	if err != nil || !regexp.MustCompile(`^(\+-|-\+)$`).Match(tokens[:n]) {
		t.Errorf("the fifo has %q, %v", tokens[:n], err)
	}
	return out.String()
}
