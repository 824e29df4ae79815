// Package jobserver is a client of GNU make's jobserver, so that what runs below
// make -jN adds no job to its N.
//
// Every process that make starts may do one job. For each further one it needs a
// token, which is a byte: it is read from a pipe that all processes below one
// make share, and the same byte is written back when the job is done. MAKEFLAGS
// names the pipe (GNU make's manual, "POSIX Jobserver Interaction"):
//
//	--jobserver-auth=fifo:PATH    make 4.4 and later: a pipe with a name
//	--jobserver-auth=R,W          make 4.2 and later: numbers of open files
//	--jobserver-fds=R,W           before
//
// The ends R and W are open only in recipes that begin with + or name $(MAKE).
//
// A read must neither block where it cannot be called off, nor may it be
// preceded by a poll that another client makes worthless. So it does not block.
// But O_NONBLOCK belongs to what all processes share, not to the number that
// one has, and setting it there would break those that expect a read to block.
// Therefore the pipe is opened once more, through /proc/self/fd, which makes the
// flag our own. Systems without that have no client for R,W.
//
// What is not done: the semaphores of make on Windows.
package jobserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// ErrUnavailable says that MAKEFLAGS names a jobserver that cannot be used,
// mostly because the recipe does not begin with +. Make itself goes on with one
// job then.
var ErrUnavailable = errors.New("jobserver is not available")

// Connect returns the jobserver that makeflags, the value of MAKEFLAGS, names.
// Without one the Client is nil, and jobs is the N of -jN, 0 for no limit or
// none given. The error is [ErrUnavailable], with the reason.
func Connect(makeflags string) (c *Client, jobs int, err error) {
	f := parse(makeflags)
	if f.auth == "" {
		return nil, f.jobs, nil
	}
	r, w, err := open(f.auth)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return newClient(r, w), 0, nil
}

// A Client takes tokens and gives them back. It is safe for concurrent use.
type Client struct {
	r, w *os.File      // do not block; one file for a pipe with a name
	turn chan struct{} // has room for the one goroutine that reads

	mu     sync.Mutex
	held   []byte // tokens that were taken and not given back
	closed bool
}

func newClient(r, w *os.File) *Client {
	return &Client{r: r, w: w, turn: make(chan struct{}, 1)}
}

// Acquire waits for a token until ctx is done. If it has one, ok is true, and
// release, which may be called several times, gives it back. It is also false
// when the jobserver is gone.
func (c *Client) Acquire(ctx context.Context) (release func(), ok bool) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, false
	}
	if ctx.Err() != nil {
		return nil, false
	}
	token, ok := c.read(ctx)
	if !ok || !c.keep(token) {
		return nil, false
	}
	var once sync.Once
	release = func() { once.Do(func() { c.giveBack(token) }) }
	if ctx.Err() != nil {
		release()
		return nil, false
	}
	return release, true
}

// read takes a token from the pipe. A deadline in the past ends the wait.
func (c *Client) read(ctx context.Context) (token byte, ok bool) {
	called := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		c.r.SetReadDeadline(time.Unix(1, 0))
		close(called)
	})
	var b [1]byte
	n, _ := c.r.Read(b[:])
	if !stop() {
		<-called
		c.r.SetReadDeadline(time.Time{})
	}
	return b[0], n == 1
}

// keep notes a token that was read. After Close there is nobody who would give
// it back, so that is done here.
func (c *Client) keep(token byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		c.w.Write([]byte{token})
		return false
	}
	c.held = append(c.held, token)
	return true
}

func (c *Client) giveBack(token byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.held, token); i >= 0 {
		c.held = slices.Delete(c.held, i, i+1)
		c.w.Write([]byte{token}) // an error means that make is gone
	}
}

// Close gives all tokens back, those too whose holders have not released them:
// it is what a process calls that is about to end.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if len(c.held) > 0 {
		c.w.Write(c.held)
		c.held = nil
	}
}
