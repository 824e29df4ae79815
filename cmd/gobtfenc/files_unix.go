// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package main

import "syscall"

// filesPerJob is how many files a job has open at most: the module twice to read and
// once to change it, the new one under two descriptors. filesBesides are those of
// the process.
const (
	filesPerJob  = 6
	filesBesides = 16
)

// jobsForFiles is how many jobs find enough descriptors (ulimit -n).
func jobsForFiles() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil || l.Cur > 1<<20 {
		return 1 << 20 / filesPerJob
	}
	return max(1, (int(l.Cur)-filesBesides)/filesPerJob)
}
