// SPDX-License-Identifier: BSD-2-Clause

package main

// A tracer of our own, and not strace's fault injection, because that counts the
// calls of each thread apart, and the Go runtime moves work between threads as it
// likes: "the 40th call" would be another one in each run, and calls that a thread
// makes late would never be reached. It also fakes what a call returns, while here
// a short write has written what it says, and another process can change a file
// between two calls. A preloaded library would not do: the program is static.
//
// Only calls that read or change files, and those about the clock, stop the program
// (a seccomp filter, which needs a program of its own between this one and that to
// take it on): a stop at each of the others, ten times as many, would change nothing.
// What is on the disk is the same between two calls that change it, so that to be
// killed at each of these is to be killed anywhere.
//
// The clock is read without a system call (vDSO). The tracer hides the vDSO from
// the program where the clock is to jump, so that there is one.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// call is a system call that is about to be made, or has been.
type call struct {
	n    int // of all that stop the process, from 0
	nr   uint64
	args [6]uint64
	pid  int // of the thread

	path string // what it is about below the folder of the scene, "" for nothing there
}

// name is that of the call, its number where nobody cares about it.
func (c *call) name() string {
	if f, ok := fileCalls[c.nr]; ok {
		return f.name
	}
	return fmt.Sprint(c.nr)
}

// verdict is what becomes of a call.
type verdict struct {
	kill  bool
	errno syscall.Errno // the call is not made, and returns this
	limit uint64        // of bytes that it reads or writes; 0: none
}

// tracer runs a program and is asked about every system call of it.
type tracer struct {
	dir   string // what is of interest
	enter func(*call) verdict

	// user, if not 0, is who runs the program.
	user uint32

	// clock changes what the clock says; nil leaves it alone.
	clock func(time.Time) time.Time
}

// ended is how a program ended, and what it said.
type ended struct {
	status         int // exit status, or minus the signal
	calls          int
	stdout, stderr string
}

const timeLimit = time.Minute

var errTimeLimit = errors.New("has not ended in a minute")

// thread is one of the program's, at the end of whose call something is left to do.
type thread struct {
	begun bool
	call  *call // not nil: in a call
}

const (
	traceSysgood  = 1
	traceClone    = 8
	traceExec     = 0x10
	traceSeccomp  = 0x80
	traceExitkill = 0x100000

	eventExec    = 4
	eventSeccomp = 7

	waitOptions = syscall.WALL | 0x20000000 // __WNOTHREAD: not what other goroutines started
)

// run runs a program in t.dir.
func (t *tracer) run(program string, argv, env []string) (*ended, error) {
	// A thread can trace only what it started itself.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out, err := os.CreateTemp("", "faulttest")
	if err != nil {
		return nil, err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	errs, err := os.CreateTemp("", "faulttest")
	if err != nil {
		return nil, err
	}
	defer os.Remove(errs.Name())
	defer errs.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	sys := &syscall.SysProcAttr{Ptrace: true}
	if t.user != 0 {
		sys.Credential = &syscall.Credential{Uid: t.user, Gid: t.user}
	}
	self := filepath.Join(filepath.Dir(program), helper)
	argv = append([]string{self, filterFlag, program}, argv...)
	p, err := os.StartProcess(self, argv, &os.ProcAttr{Dir: t.dir, Env: env, Files: []*os.File{null, out, errs}, Sys: sys})
	if err != nil {
		return nil, err
	}
	stop := time.AfterFunc(timeLimit, func() { syscall.Kill(p.Pid, syscall.SIGKILL) })
	status, calls, err := t.follow(p.Pid)
	if err != nil {
		syscall.Kill(p.Pid, syscall.SIGKILL)
		return nil, err
	}
	if !stop.Stop() {
		return nil, errTimeLimit
	}
	e := &ended{status: status, calls: calls}
	var said [2][]byte
	for i, f := range []*os.File{out, errs} {
		if said[i], err = os.ReadFile(f.Name()); err != nil {
			return nil, err
		}
	}
	e.stdout, e.stderr = string(said[0]), string(said[1])
	return e, nil
}

// follow is asked by the kernel about whatever happens to the process and its
// threads, until the process is gone.
func (t *tracer) follow(pid int) (status, calls int, err error) {
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &ws, waitOptions, nil); err != nil {
		return 0, 0, err
	}
	if err := syscall.PtraceSetOptions(pid, traceSysgood|traceClone|traceExec|traceSeccomp|traceExitkill); err != nil {
		return 0, 0, fmt.Errorf("ptrace: %w", err)
	}
	threads := map[int]*thread{pid: {begun: true}}
	next, sig := pid, 0
	for {
		resume := syscall.PtraceCont
		if threads[next].call != nil {
			resume = syscall.PtraceSyscall
		}
		if err := resume(next, sig); err != nil && err != syscall.ESRCH {
			return 0, 0, fmt.Errorf("ptrace: %w", err)
		}
	wait:
		if next, err = syscall.Wait4(-1, &ws, waitOptions, nil); err == syscall.EINTR {
			goto wait
		} else if err != nil {
			return 0, 0, err
		}
		switch {
		case next == pid && ws.Exited():
			return ws.ExitStatus(), calls, nil
		case next == pid && ws.Signaled():
			return -int(ws.Signal()), calls, nil
		case !ws.Stopped():
			goto wait
		}
		th := threads[next]
		if th == nil {
			th = &thread{}
			threads[next] = th
		}
		sig, err = 0, nil
		switch s := ws.StopSignal(); {
		case s == syscall.SIGTRAP|0x80:
			err = t.left(next, th)
		case s == syscall.SIGTRAP && ws.TrapCause() == eventSeccomp:
			err = t.stopped(pid, next, th, &calls)
		case s == syscall.SIGTRAP && ws.TrapCause() == eventExec && t.clock != nil:
			err = hideVDSO(pid)
		case s == syscall.SIGSTOP && !th.begun: // how a thread begins
			th.begun = true
		case s != syscall.SIGTRAP:
			sig = int(s)
		}
		if err != nil && err != syscall.ESRCH {
			return 0, 0, err
		}
	}
}

// stopped is at the beginning of a system call.
func (t *tracer) stopped(pid, tid int, th *thread, calls *int) error {
	var r syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &r); err != nil {
		return err
	}
	c := &call{n: *calls, nr: r.Orig_rax, args: [6]uint64{r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9}, pid: tid}
	*calls++
	if c.nr == syscall.SYS_CLOCK_GETTIME {
		if t.clock != nil {
			th.call = c // its end is of interest
		}
		return nil
	}
	c.path = t.about(pid, c)
	if t.enter == nil {
		return nil
	}
	switch v := t.enter(c); {
	case v.kill:
		return syscall.Kill(pid, syscall.SIGKILL)
	case v.errno != 0:
		// A call without a number is not made, and returns what is there.
		r.Orig_rax, r.Rax = ^uint64(0), uint64(-int64(v.errno))
	case v.limit > 0:
		n := &r.Rdx
		if c.nr == sysCopyFileRange {
			n = &r.R8
		}
		*n = min(*n, v.limit)
	default:
		return nil
	}
	return syscall.PtraceSetRegs(tid, &r)
}

// left is at the end of a call that was of interest: the clock has been read.
func (t *tracer) left(tid int, th *thread) error {
	var r syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &r); err != nil {
		return err
	}
	c := th.call
	if th.call = nil; c == nil || c.args[0] != 0 || r.Rax != 0 { // not CLOCK_REALTIME
		return nil
	}
	var b [16]byte
	if _, err := syscall.PtracePeekData(tid, uintptr(c.args[1]), b[:]); err != nil {
		return err
	}
	now := t.clock(time.Unix(int64(binary.NativeEndian.Uint64(b[:])), int64(binary.NativeEndian.Uint64(b[8:]))))
	binary.NativeEndian.PutUint64(b[:], uint64(now.Unix()))
	binary.NativeEndian.PutUint64(b[8:], uint64(now.Nanosecond()))
	_, err := syscall.PtracePokeData(tid, uintptr(c.args[1]), b[:])
	return err
}

// about returns the path below t.dir that a call is about.
func (t *tracer) about(pid int, c *call) string {
	how, ok := fileCalls[c.nr]
	if !ok {
		return ""
	}
	if how.fd >= 0 {
		if p, ok := t.below(fmt.Sprintf("/proc/%d/fd/%d", pid, int32(c.args[how.fd]))); ok {
			return p
		}
	}
	if how.path < 0 {
		return ""
	}
	name := readString(c.pid, uintptr(c.args[how.path]))
	if strings.HasPrefix(name, "/proc/self/fd/") {
		p, _ := t.below(strings.Replace(name, "self", fmt.Sprint(pid), 1))
		return p
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(t.dir, name)
	}
	rel, err := filepath.Rel(t.dir, name)
	if err != nil || strings.HasPrefix(rel, "..") {
		return ""
	}
	return rel
}

func (t *tracer) below(link string) (string, bool) {
	name, err := os.Readlink(link)
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(t.dir, name)
	return rel, err == nil && !strings.HasPrefix(rel, "..")
}

// readString reads a string of the program.
func readString(pid int, addr uintptr) string {
	var all []byte
	for len(all) < 4096 {
		var b [64]byte
		n, err := syscall.PtracePeekData(pid, addr, b[:])
		if i := bytes.IndexByte(b[:n], 0); i >= 0 {
			return string(append(all, b[:i]...))
		}
		if err != nil || n == 0 {
			break
		}
		all, addr = append(all, b[:n]...), addr+uintptr(n)
	}
	return string(all)
}

// hideVDSO makes the program that is about to begin believe that there is none:
// its address in the auxiliary vector, behind arguments and environment, becomes
// an entry to be ignored.
func hideVDSO(pid int) error {
	var r syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(pid, &r); err != nil {
		return err
	}
	var b [8]byte
	word := func(at uint64) uint64 {
		syscall.PtracePeekData(pid, uintptr(at), b[:])
		return binary.NativeEndian.Uint64(b[:])
	}
	at := r.Rsp
	at += 8 * (word(at) + 2) // argc, arguments, zero
	for word(at) != 0 {
		at += 8
	}
	const sysinfoEhdr, ignore = 33, 1
	for at += 8; word(at) != 0; at += 16 {
		if word(at) == sysinfoEhdr {
			binary.NativeEndian.PutUint64(b[:], ignore)
			_, err := syscall.PtracePokeData(pid, uintptr(at), b[:])
			return err
		}
	}
	return errors.New("no vDSO to hide")
}

// fileCall says what a call is named, and which of its arguments are a file, -1
// for none.
type fileCall struct {
	name     string
	fd, path int
}

// Numbers that package syscall has not.
const (
	sysCopyFileRange = 326
	sysRenameat2     = 316
	sysFaccessat2    = 439
)

// fileCalls are the calls that read or change files.
var fileCalls = map[uint64]fileCall{
	syscall.SYS_READ:       {"read", 0, -1},
	syscall.SYS_PREAD64:    {"pread64", 0, -1},
	syscall.SYS_WRITE:      {"write", 0, -1},
	syscall.SYS_PWRITE64:   {"pwrite64", 0, -1},
	syscall.SYS_OPENAT:     {"openat", -1, 1},
	syscall.SYS_OPEN:       {"open", -1, 0},
	syscall.SYS_CLOSE:      {"close", 0, -1},
	syscall.SYS_FSTAT:      {"fstat", 0, -1},
	syscall.SYS_NEWFSTATAT: {"newfstatat", -1, 1},
	syscall.SYS_LSEEK:      {"lseek", 0, -1},
	syscall.SYS_IOCTL:      {"ioctl", 0, -1},
	syscall.SYS_FLOCK:      {"flock", 0, -1},
	syscall.SYS_FSYNC:      {"fsync", 0, -1},
	syscall.SYS_FDATASYNC:  {"fdatasync", 0, -1},
	syscall.SYS_FTRUNCATE:  {"ftruncate", 0, -1},
	syscall.SYS_FALLOCATE:  {"fallocate", 0, -1},
	sysCopyFileRange:       {"copy_file_range", 2, -1},
	syscall.SYS_SENDFILE:   {"sendfile", 0, -1},
	syscall.SYS_SPLICE:     {"splice", 2, -1},
	syscall.SYS_GETDENTS64: {"getdents64", 0, -1},
	syscall.SYS_READLINKAT: {"readlinkat", -1, 1},
	syscall.SYS_LINKAT:     {"linkat", -1, 3},
	syscall.SYS_RENAMEAT:   {"renameat", -1, 1},
	sysRenameat2:           {"renameat2", -1, 1},
	syscall.SYS_UNLINKAT:   {"unlinkat", -1, 1},
	syscall.SYS_MKDIRAT:    {"mkdirat", -1, 1},
	syscall.SYS_FCHMOD:     {"fchmod", 0, -1},
	syscall.SYS_FCHMODAT:   {"fchmodat", -1, 1},
	syscall.SYS_FCHOWN:     {"fchown", 0, -1},
	syscall.SYS_FACCESSAT:  {"faccessat", -1, 1},
	sysFaccessat2:          {"faccessat2", -1, 1},
	syscall.SYS_LISTXATTR:  {"listxattr", -1, 0},
	syscall.SYS_GETXATTR:   {"getxattr", -1, 0},
	syscall.SYS_SETXATTR:   {"setxattr", -1, 0},
	syscall.SYS_MMAP:       {"mmap", 4, -1},
	syscall.SYS_STATFS:     {"statfs", -1, 0},
	syscall.SYS_UTIMENSAT:  {"utimensat", -1, 1},
}

// helper is the name of this program beside the one that is traced.
const helper = "faulttest"

// filterFlag makes this program take a filter on and become another one.
const filterFlag = "-become"

// become is what is run with filterFlag: program, and its arguments from 0.
func become(program string, argv []string) error {
	runtime.LockOSThread()
	const (
		load, jumpEqual, ret = 0x20, 0x15, 0x06
		trace, allow         = 0x7ff00000, 0x7fff0000
		noNewPrivs           = 38
		setSeccomp, filter   = 22, 2
	)
	nrs := slices.Sorted(maps.Keys(fileCalls))
	nrs = append(nrs, syscall.SYS_CLOCK_GETTIME, syscall.SYS_EXIT_GROUP)
	prog := []syscall.SockFilter{{Code: load}} // the number of the call
	for i, nr := range nrs {
		prog = append(prog, syscall.SockFilter{Code: jumpEqual, Jt: uint8(len(nrs) - i), K: uint32(nr)})
	}
	prog = append(prog, syscall.SockFilter{Code: ret, K: allow}, syscall.SockFilter{Code: ret, K: trace})
	fprog := syscall.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, noNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, setSeccomp, filter, uintptr(unsafe.Pointer(&fprog))); errno != 0 {
		return errno
	}
	return syscall.Exec(program, argv, os.Environ())
}
