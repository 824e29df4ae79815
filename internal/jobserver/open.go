//go:build unix

package jobserver

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// open opens the jobserver that the value of --jobserver-auth names.
func open(auth string) (r, w *os.File, err error) {
	if path, ok := strings.CutPrefix(auth, "fifo:"); ok {
		f, err := openPipe(path, os.O_RDWR)
		return f, f, err
	}
	a, b, ok := strings.Cut(auth, ",")
	in, err1 := strconv.Atoi(a)
	out, err2 := strconv.Atoi(b)
	switch {
	case !ok || err1 != nil || err2 != nil:
		return nil, nil, fmt.Errorf("%q is of no known kind", auth)
	case in < 0 || out < 0:
		return nil, nil, errClosed // make 4.4 says -2,-2 where there is no +
	}
	return openEnds(in, out)
}

var errClosed = errors.New("it is closed for this recipe")

// openPipe opens a pipe so that reads do not block.
func openPipe(path string, mode int) (*os.File, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.Mode().Type() != os.ModeNamedPipe {
		return nil, fmt.Errorf("%s: not a pipe", path)
	}
	return os.OpenFile(path, mode|syscall.O_NONBLOCK, 0)
}
