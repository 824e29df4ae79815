package main

import (
	"os"
	"runtime"
	"syscall"
)

var keep []byte

func hugeHeap() {
	if os.Getenv("NOHUGE") != "" {
		return
	}
	keep = make([]byte, 32<<20)
	if os.Getenv("POP") != "" {
	syscall.Madvise(keep, 23)
	} else {
	syscall.Madvise(keep, syscall.MADV_HUGEPAGE)
	}
	keep = nil
	runtime.GC()
}
