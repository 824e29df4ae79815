//go:build unix

package jobserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		makeflags string
		want      flags
	}{
		{"", flags{}},
		{"ks", flags{}},
		{"-j", flags{}},
		{" -j3", flags{jobs: 3}},
		{"w -j1", flags{jobs: 1}},
		{"-j0", flags{}},
		{"-jx", flags{}},
		{"--jobs=4", flags{jobs: 4}},
		{"-j 4", flags{jobs: 4}},
		{"-k --jobs 4 -s", flags{jobs: 4}},
		{"-j -s", flags{}},
		{"-j --jobserver-auth=3,4", flags{auth: "3,4"}},
		{"-j2 -j5", flags{jobs: 5}},
		{" -j3 --jobserver-auth=3,4", flags{jobs: 3, auth: "3,4"}},
		{"rR -j8 --jobserver-auth=fifo:/tmp/GMfifo42", flags{jobs: 8, auth: "fifo:/tmp/GMfifo42"}},
		{`-j8 --jobserver-auth=fifo:/my\ tmp/GMfifo42`, flags{jobs: 8, auth: "fifo:/my tmp/GMfifo42"}},
		{" --jobserver-fds=5,6 -j", flags{auth: "5,6"}},
		{"--jobserver-auth=3,4 --jobserver-auth=fifo:x", flags{auth: "fifo:x"}},
		{"k -- CC=cc\\ -j7 X=--jobserver-auth=3,4 --jobserver-auth=3,4", flags{}},
		{`-j2 V=--\ --jobserver-auth=3,4`, flags{jobs: 2}},
	} {
		if got := parse(c.makeflags); got != c.want {
			t.Errorf("%q: %+v, want %+v", c.makeflags, got, c.want)
		}
	}
}

// server stands in for make: a pipe and the tokens in it.
type server struct {
	auth string
	r, w *os.File
}

func (s *server) put(t *testing.T, tokens string) {
	t.Helper()
	if _, err := s.w.WriteString(tokens); err != nil {
		t.Fatal(err)
	}
}

// take returns all tokens that are there, in order.
func (s *server) take(t *testing.T) string {
	t.Helper()
	s.put(t, "\n") // so that there is something to read
	var b [4096]byte
	n, err := s.r.Read(b[:])
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(b[:n]), "\n")
}

func sorted(s string) string {
	b := []byte(s)
	slices.Sort(b)
	return string(b)
}

// servers are those of each style. Reads from the server's own end block, as
// those of make before 4.3 do and those of many a client.
func servers(t *testing.T, test func(*testing.T, *server)) {
	t.Run("fifo", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "GM fifo")
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		f.Fd() // makes it block
		test(t, &server{"--jobserver-auth=fifo:" + strings.ReplaceAll(path, " ", `\ `), f, f})
	})
	for _, option := range []string{"--jobserver-auth", "--jobserver-fds"} {
		t.Run(option, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			auth := fmt.Sprintf("%s=%d,%d", option, r.Fd(), w.Fd())
			s := &server{auth, r, w}
			if _, _, err := Connect(auth); runtime.GOOS != "linux" && errors.Is(err, ErrUnavailable) {
				t.Skip(err)
			}
			test(t, s)
			if flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, r.Fd(), syscall.F_GETFL, 0); errno != 0 || flags&syscall.O_NONBLOCK != 0 {
				t.Errorf("the others' end of the pipe does not block any more: %#x, %v", flags, errno)
			}
		})
	}
}

func connect(t *testing.T, s *server) *Client {
	t.Helper()
	c, jobs, err := Connect("w -j3 " + s.auth)
	if err != nil || c == nil || jobs != 0 {
		t.Fatalf("Connect: %v, %d, %v", c, jobs, err)
	}
	return c
}

// soon is a context for what must end at once.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// past is a context for what would have to wait.
func past() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// There is leave for as many as there are tokens, and each token is given back
// as the byte it was.
func TestAcquire(t *testing.T) {
	servers(t, func(t *testing.T, s *server) {
		s.put(t, "ab")
		c := connect(t, s)
		first, ok := c.Acquire(soon(t))
		second, ok2 := c.Acquire(soon(t))
		if !ok || !ok2 {
			t.Fatal("no token")
		}
		if _, ok := c.Acquire(past()); ok {
			t.Fatal("a third token")
		}
		done := make(chan bool)
		go func() {
			release, ok := c.Acquire(soon(t))
			if ok {
				release()
			}
			done <- ok
		}()
		select {
		case <-done:
			t.Fatal("a third token")
		case <-time.After(20 * time.Millisecond):
		}
		second()
		if !<-done {
			t.Error("the second token did not come back")
		}
		first()
		first()
		second()
		if got := sorted(s.take(t)); got != "ab" {
			t.Errorf("the pipe has %q", got)
		}
	})
}

// Whoever waits without need stops waiting, and neither loses a token that came
// at that moment nor keeps one. Others take tokens from the same pipe all the
// time, so that what a poll saw is often gone.
func TestCancel(t *testing.T) {
	servers(t, func(t *testing.T, s *server) {
		const tokens = "abcd"
		s.put(t, tokens)
		quit := make(chan struct{})
		var others, workers sync.WaitGroup
		for range 2 {
			others.Go(func() { // a client that blocks
				var b [1]byte
				for {
					if _, err := io.ReadFull(s.r, b[:]); err != nil {
						t.Error(err)
						return
					}
					time.Sleep(time.Duration(rand.IntN(100)) * time.Microsecond)
					s.w.Write(b[:])
					select {
					case <-quit:
						return
					default:
					}
				}
			})
		}
		clients := []*Client{connect(t, s), connect(t, s)}
		var mu sync.Mutex
		got, missed := 0, 0
		for i := range 6 {
			workers.Go(func() {
				for range 300 {
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.IntN(200))*time.Microsecond)
					release, ok := clients[i%2].Acquire(ctx)
					if ok {
						time.Sleep(time.Duration(rand.IntN(50)) * time.Microsecond)
						release()
					}
					cancel()
					mu.Lock()
					if ok {
						got++
					} else {
						missed++
					}
					mu.Unlock()
				}
			})
		}
		workers.Wait()
		close(quit)
		others.Wait()
		if got == 0 || missed == 0 {
			t.Errorf("%d times a token, %d times none", got, missed)
		}
		if left := sorted(s.take(t)); left != tokens {
			t.Errorf("the pipe has %q", left)
		}
	})
}

// Close gives everything back, also what is still held, once.
func TestClose(t *testing.T) {
	servers(t, func(t *testing.T, s *server) {
		s.put(t, "xy")
		c := connect(t, s)
		release, ok := c.Acquire(soon(t))
		_, ok2 := c.Acquire(soon(t))
		if !ok || !ok2 {
			t.Fatal("no token")
		}
		c.Close()
		release()
		c.Close()
		if _, ok := c.Acquire(past()); ok {
			t.Error("a token from a closed client")
		}
		if got := sorted(s.take(t)); got != "xy" {
			t.Errorf("the pipe has %q", got)
		}
	})
}

func TestNone(t *testing.T) {
	for makeflags, want := range map[string]int{"": 0, "-j": 0, "k -j5": 5, "-j2 -- X=--jobserver-auth=fifo:y": 2} {
		if c, jobs, err := Connect(makeflags); c != nil || jobs != want || err != nil {
			t.Errorf("%q: %v, %d, %v", makeflags, c, jobs, err)
		}
	}
}

// What is named but cannot be used is an error, and is not touched.
func TestUnavailable(t *testing.T) {
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	pipe := func() (r, w int) {
		var p [2]int
		if err := syscall.Pipe(p[:]); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Close(p[0]); syscall.Close(p[1]) })
		return p[0], p[1]
	}
	r1, w1 := pipe()
	r2, w2 := pipe()
	for name, auth := range map[string]string{
		"make 4.4, no +":     "-2,-2",
		"closed":             "9998,9999",
		"half closed":        fmt.Sprintf("%d,9999", r1),
		"a file":             fmt.Sprintf("%d,%d", file.Fd(), file.Fd()),
		"two pipes":          fmt.Sprintf("%d,%d", r1, w2),
		"two read ends":      fmt.Sprintf("%d,%d", r2, r2),
		"two write ends":     fmt.Sprintf("%d,%d", w1, w1),
		"the wrong way":      fmt.Sprintf("%d,%d", w1, r1),
		"no fifo":            "fifo:" + filepath.Join(dir, "none"),
		"a file for a fifo":  "fifo:" + file.Name(),
		"a folder":           "fifo:" + dir,
		"a Windows name":     "gmake_semaphore_1",
		"a number":           "3",
		"not a number":       "3,x",
		"more than a number": "99999999999999999999,3",
	} {
		c, _, err := Connect("--jobserver-auth=" + auth)
		if !errors.Is(err, ErrUnavailable) || c != nil {
			t.Errorf("%s: %q: %v, %v", name, auth, c, err)
		}
	}
	if st, err := file.Stat(); err != nil || st.Size() != 0 {
		t.Errorf("the file was written to: %v, %v", st, err)
	}
}
