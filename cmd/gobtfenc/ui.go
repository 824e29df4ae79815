package main

// All text for people that is not a result goes through this file: to standard
// error, behind the program's name, without capital and full stop. Results go
// to standard output.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/gobtfenc/gobtfenc/internal/escape"
)

// report tells an error.
func report(err error) { printLine("gobtfenc", err) }

// reportPahole tells an error of gobtfenc pahole, by whatever name that was
// called: a build's log is to show whose message it is.
func reportPahole(err error) { printLine("gobtfenc pahole", err) }

// printLine writes one line. What an error has from outside (names of files and types)
// neither ends it nor steers the terminal.
func printLine(who string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %s\n", who, escape.Terminal(err.Error()))
}

// outputError is a result that could not be written.
func outputError(err error) error {
	return fmt.Errorf("standard output: %w", withoutPath(err))
}

// withoutPath takes off what the file system says of a path, which is told
// otherwise.
func withoutPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// progress shows how many of total files are done, on a terminal; elsewhere it
// shows nothing, so that a build's log stays clean.
type progress struct {
	p   *mpb.Progress
	bar *mpb.Bar
}

func newProgress(total int) *progress {
	if total < 2 || !term.IsTerminal(int(os.Stderr.Fd())) {
		return &progress{}
	}
	p := mpb.New(mpb.WithOutput(os.Stderr), mpb.WithWidth(48), mpb.WithRefreshRate(100*time.Millisecond))
	bar := p.AddBar(int64(total),
		mpb.PrependDecorators(decor.Name("modules "), decor.CountersNoUnit("%d/%d")),
		mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO)),
		mpb.BarRemoveOnComplete())
	return &progress{p, bar}
}

func (g *progress) step() {
	if g.bar != nil {
		g.bar.Increment()
	}
}

// stop removes the bar, whether or not all is done.
func (g *progress) stop() {
	if g.p == nil {
		return
	}
	g.bar.Abort(true)
	g.p.Wait()
}

// seconds writes a duration as 1.84 s.
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
