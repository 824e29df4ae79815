package objtree

import (
	"context"
	"runtime"
	"testing"
	"time"
)

// One run at a time: the second one waits, says so once, and can be called off.
func TestLock(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("locks are for Linux")
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	never := func() { t.Error("waits for nobody") }
	unlock, err := Lock(ctx, dir, never)
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan struct{}, 10)
	short, cancelShort := context.WithCancel(ctx)
	if _, err := Lock(short, dir, func() { waits <- struct{}{}; cancelShort() }); err != context.Canceled {
		t.Errorf("error %v", err)
	}
	done := make(chan error)
	go func() {
		unlock, err := Lock(ctx, dir, func() { waits <- struct{}{} })
		if err == nil {
			unlock()
		}
		done <- err
	}()
	<-waits
	<-waits
	select {
	case <-done:
		t.Fatal("two have the lock")
	case <-time.After(120 * time.Millisecond):
	}
	unlock()
	if err := <-done; err != nil || len(waits) != 0 {
		t.Errorf("error %v, said %d times more that it waits", err, len(waits))
	}
	unlock, err = Lock(ctx, dir, never)
	if err != nil {
		t.Fatal(err)
	}
	unlock()

	// What is not there is for others to complain about.
	if unlock, err = Lock(ctx, dir+"/none", never); err != nil {
		t.Fatal(err)
	}
	unlock()
}
