package objtree

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// Lock keeps other runs from the tree in dir until unlock is called. While
// another one is at work it waits, and calls waiting once, until ctx is done.
//
// Without it, two runs would do no damage: files and manifest are replaced as a
// whole, and an entry counts only for the very file that it was written for. But
// each would find files changed under its hands that the other one was faster
// with, and call that an error. With it, the second one finds all done.
//
// The directory itself is locked (flock), so that no file is left or touched. A
// file system that cannot do that is used without a lock.
func Lock(ctx context.Context, dir string, waiting func()) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return func() {}, nil // who reads modules.order says what is wrong
	}
	for told := false; ; told = true {
		err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return func() { d.Close() }, nil
		}
		if !told {
			waiting()
		}
		select {
		case <-ctx.Done():
			d.Close()
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
