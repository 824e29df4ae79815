package jobserver

import (
	"fmt"
	"os"
	"syscall"
)

// openEnds opens the pipe whose ends are open files. In a recipe without + they
// are closed, and the numbers may have become those of something else: that is
// not read from, let alone written to.
func openEnds(in, out int) (r, w *os.File, err error) {
	var a, b syscall.Stat_t
	if syscall.Fstat(in, &a) != nil || syscall.Fstat(out, &b) != nil ||
		a.Mode&syscall.S_IFMT != syscall.S_IFIFO || a.Dev != b.Dev || a.Ino != b.Ino ||
		access(in) == syscall.O_WRONLY || access(out) == syscall.O_RDONLY {
		return nil, nil, errClosed
	}
	if r, err = openPipe(fmt.Sprintf("/proc/self/fd/%d", in), os.O_RDONLY); err != nil {
		return nil, nil, err
	}
	if w, err = openPipe(fmt.Sprintf("/proc/self/fd/%d", out), os.O_WRONLY); err != nil {
		r.Close()
		return nil, nil, err
	}
	return r, w, nil
}

// access says for what an open file is open.
func access(fd int) int {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
	if errno != 0 {
		return -1
	}
	return int(flags) & syscall.O_ACCMODE
}
