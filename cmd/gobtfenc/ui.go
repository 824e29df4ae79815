package main

// All text for people that is not a result goes through this file: to standard
// error, behind the program's name, without capital and full stop. Results go
// to standard output.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/gobtfenc/gobtfenc/internal/escape"
)

// report tells an error.
func report(err error) { printLine("gobtfenc", err) }

// reportPahole tells an error of gobtfenc pahole, by whatever name that was
// called: a build's log is to show whose message it is.
func reportPahole(err error) { printLine("gobtfenc pahole", err) }

// printLine writes one line.
func printLine(who string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %s\n", who, line(err))
}

// maxLine is how many bytes of an error are shown. A type's name is as long as the file
// likes; the stack of an internal error has room.
const maxLine = 16 << 10

// line is an error in one line. What it has from outside (names of files and types)
// neither ends the line, nor steers the terminal, nor fills a build's log.
func line(err error) string {
	s := err.Error()
	if more := len(s) - maxLine; more > 0 {
		s = fmt.Sprintf("%s[%d bytes more]%s", s[:maxLine/2], more, s[len(s)-maxLine/2:])
	}
	return escape.Terminal(s)
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
// shows nothing, so that a build's log stays clean. It is safe for concurrent use.
type progress struct {
	w     io.Writer // nil for nobody
	total int
	start time.Time

	mu   sync.Mutex
	done int
	next time.Time // when it is drawn again
}

const (
	barWidth  = 30
	barPeriod = 100 * time.Millisecond
)

func newProgress(total int) *progress {
	if total < 2 || !term.IsTerminal(int(os.Stderr.Fd())) {
		return &progress{}
	}
	return &progress{w: os.Stderr, total: total, start: time.Now()}
}

// step counts a file that is done.
func (p *progress) step() {
	if p.w == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(barPeriod)
	full := strings.Repeat("=", barWidth*p.done/p.total)
	fmt.Fprintf(p.w, "\rmodules %d/%d [%-*s] %v ", p.done, p.total, barWidth, full, now.Sub(p.start).Round(time.Second))
}

// stop removes the bar, whether or not all is done.
func (p *progress) stop() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K") // ECMA-48: erase in line
	}
}

// seconds writes a duration as 1.84 s.
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
