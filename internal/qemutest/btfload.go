//go:build linux && amd64

package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// The system call is made here and not by a library, because the end of the
// kernel's log is wanted and thousands of loads should not each read all of it.

// btfLoadAttr is the part of union bpf_attr for BPF_BTF_LOAD.
type btfLoadAttr struct {
	btf, log uintptr
	btfSize  uint32
	logSize  uint32
	logLevel uint32
	_        uint32 // btf_log_true_size
	_, _     uint32 // btf_flags, btf_token_fd
}

// loadBTF gives data to the kernel.
func loadBTF(data []byte) error { return btfLoad(data, nil) }

// btfLog gives data, which the kernel refuses, to it once more and returns the
// end of its log.
func btfLog(data []byte) string {
	buf := make([]byte, 256<<10) // the kernel keeps the end of what does not fit
	btfLoad(data, buf)
	text, _, _ := bytes.Cut(buf, []byte{0})
	return endOfLog(string(text))
}

// flips answers what the kernel says of the BTF in a file with one bit changed,
// of as many bits as count says.
func flips(count, file string) (string, error) {
	n, err := strconv.Atoi(count)
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	all := verdicts(data, n, func(data []byte) string {
		switch {
		case loadBTF(data) == nil:
			return accepted
		case len(data) > logged:
			return refused
		}
		return refused + "\n" + btfLog(data)
	})
	return pack([]byte(strings.Join(all, "\x00")))
}

func btfLoad(data, log []byte) error {
	const sysBPF, cmdBTFLoad = 321, 18
	a := btfLoadAttr{btf: uintptr(unsafe.Pointer(unsafe.SliceData(data))), btfSize: uint32(len(data))}
	if log != nil {
		a.log, a.logSize, a.logLevel = uintptr(unsafe.Pointer(unsafe.SliceData(log))), uint32(len(log)), 1
	}
	fd, _, errno := syscall.Syscall(sysBPF, cmdBTFLoad, uintptr(unsafe.Pointer(&a)), unsafe.Sizeof(a))
	runtime.KeepAlive(data)
	runtime.KeepAlive(log)
	if errno != 0 {
		return errno
	}
	return syscall.Close(int(fd))
}
