package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/jobserver"
)

// jobs is the value of -j.
type jobs int

func (j *jobs) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return errors.New("not a number from 1")
	}
	*j = jobs(n)
	return nil
}

func (j *jobs) String() string { return strconv.Itoa(int(*j)) }

func (j *jobs) Type() string { return "N" }

// count is how many things may be done at once: j, or as many as there may be
// open files for.
func (j jobs) count() int { return min(int(j), jobsForFiles()) }

// limitJobs says how much opts may do at once: no more than j, and below a make
// with a jobserver no more than make gives leave for. A make of -jN that has no
// jobserver, as one that is not below another make, means N, unless j was given.
//
// A make without -j runs one recipe at a time, so that this one has the machine
// for itself: j it is. Where the jobserver is not to be had, make itself goes on
// with one job and a warning, and so do we.
func limitJobs(opts *encoder.Options, j jobs, given bool) (giveBack func(), warning error) {
	giveBack = func() {}
	opts.Jobs = j.count()
	if j <= 1 {
		return giveBack, nil
	}
	client, n, err := jobserver.Connect(os.Getenv("MAKEFLAGS"))
	switch {
	case err != nil:
		opts.Jobs = 1
		return giveBack, fmt.Errorf("warning: make's %w: one job only, unless the recipe begins with +", err)
	case client != nil:
		opts.Tokens = client
		return client.Close, nil
	case n > 0 && !given:
		opts.Jobs = jobs(n).count()
	}
	return giveBack, nil
}

// interruptible returns a context that is done at the first SIGINT or SIGTERM,
// so that a run ends behind the files in work. The second one does not wait for
// these: the process calls last and dies of it. A SIGINT that was ignored when
// the process began stays ignored: so a shell has it for what runs behind it.
func interruptible(last func()) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM)
	if !signal.Ignored(os.Interrupt) {
		signal.Notify(signals, os.Interrupt)
	}
	var over atomic.Bool
	go func() {
		cancel(interruption{<-signals})
		if s := <-signals; !over.Load() {
			last()
			dieOf(s)
		}
	}()
	return ctx, func() {
		over.Store(true)
		signal.Stop(signals)
		cancel(nil)
	}
}

// interruption is the signal that has ended a context of interruptible, as its
// cause.
type interruption struct{ os.Signal }

func (i interruption) Error() string { return "interrupted" }

// status returns the exit status that a shell gives to who died of i.
func (i interruption) status() exitStatus {
	if s, ok := i.Signal.(syscall.Signal); ok {
		return exitStatus(128 + int(s))
	}
	return exitFailed
}

// dieOf ends the process as the signal would have done without us.
func dieOf(s os.Signal) {
	signal.Reset(s)
	if p, err := os.FindProcess(os.Getpid()); err != nil || p.Signal(s) != nil {
		os.Exit(exitFailed)
	}
	select {}
}
