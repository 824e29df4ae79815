// SPDX-License-Identifier: BSD-2-Clause

//go:build linux && amd64

package main

import (
	"slices"
	"syscall"
)

// fault is something that goes wrong at one system call.
type fault struct {
	name   string
	kill   bool
	leaves bool // a temporary file may be left

	// at says whether the fault is possible at a call; the n'th call for which
	// it is so meets it.
	at func(*call) bool

	// verdict is what the call meets, and with onward every later one for which it is
	// possible.
	verdict verdict
	onward  bool

	// always is what all other calls meet.
	always func(*call) verdict

	// other is what another process does at the call, nil for nothing.
	other *other
}

// below is a call about a file of the scene, one of names; of none: any.
func below(names ...string) func(*call) bool {
	return func(c *call) bool {
		return c.path != "" && (len(names) == 0 || slices.Contains(names, c.name()))
	}
}

// changes is a call that a file system mounted read-only refuses.
func changes(c *call) bool {
	if c.name() == "openat" {
		return c.path != "" && (isTmpfile(c) || c.args[2]&(syscall.O_CREAT|syscall.O_TRUNC|syscall.O_ACCMODE) != 0)
	}
	return below(writing...)(c) || below("linkat", "renameat", "unlinkat", "mkdirat", "fchmod", "fchmodat", "fchown", "setxattr", "utimensat")(c)
}

const tmpfile = 0o20000000 // O_TMPFILE, without O_DIRECTORY

func isTmpfile(c *call) bool { return c.name() == "openat" && c.args[2]&tmpfile != 0 }

// creates is a call that takes place on the disk, or a new name.
func creates(c *call) bool {
	if c.name() == "openat" {
		return c.path != "" && (isTmpfile(c) || c.args[2]&syscall.O_CREAT != 0)
	}
	return below(writing...)(c) || below("linkat", "renameat", "fsync")(c)
}

var (
	reading = []string{"read", "pread64"}
	writing = []string{"write", "pwrite64", "ftruncate", "fallocate", "copy_file_range", "sendfile", "splice"}
	moving  = []string{"read", "pread64", "write", "pwrite64", "copy_file_range"}
)

// noTmpfile makes the file system one that has no files without names (O_TMPFILE),
// such as NFS.
func noTmpfile(c *call) verdict {
	if isTmpfile(c) {
		return verdict{errno: syscall.EOPNOTSUPP}
	}
	return verdict{}
}

// noRange makes it one that can neither share blocks nor copy by itself.
func noRange(c *call) verdict {
	switch c.name() {
	case "copy_file_range":
		return verdict{errno: syscall.EXDEV}
	case "fallocate", "ioctl":
		return verdict{errno: syscall.EOPNOTSUPP}
	}
	return noTmpfile(c)
}

// allShort never moves more than some hundred bytes at once.
func allShort(c *call) verdict {
	if slices.Contains(moving, c.name()) && c.path != "" {
		return verdict{limit: 509}
	}
	return verdict{}
}

var faults = []fault{
	{name: "kill -9", kill: true, leaves: true, at: func(*call) bool { return true }, verdict: verdict{kill: true}},
	{name: "kill -9, no O_TMPFILE", kill: true, leaves: true, at: below(), verdict: verdict{kill: true}, always: noTmpfile},
	{name: "ENOSPC", at: creates, verdict: verdict{errno: syscall.ENOSPC}},
	{name: "ENOSPC, no O_TMPFILE, no reflink", at: creates, verdict: verdict{errno: syscall.ENOSPC}, always: noRange},
	{name: "ENOSPC from then on", leaves: true, onward: true, at: creates, verdict: verdict{errno: syscall.ENOSPC}},
	{name: "EROFS", at: changes, verdict: verdict{errno: syscall.EROFS}},
	{name: "EROFS from then on", leaves: true, onward: true, at: changes, verdict: verdict{errno: syscall.EROFS}},
	{name: "EROFS from then on, no O_TMPFILE", leaves: true, onward: true, at: changes, verdict: verdict{errno: syscall.EROFS}, always: noTmpfile},
	{name: "EDQUOT", at: creates, verdict: verdict{errno: syscall.EDQUOT}},
	{name: "EIO when reading", at: below(append([]string{"openat", "fstat", "newfstatat", "getdents64", "readlinkat", "lseek"}, reading...)...), verdict: verdict{errno: syscall.EIO}},
	{name: "EIO when writing", at: func(c *call) bool { return creates(c) || below("fchmod", "fchown", "flock", "ioctl")(c) }, verdict: verdict{errno: syscall.EIO}},
	{name: "EIO on close", at: below("close"), verdict: verdict{errno: syscall.EIO}},
	{name: "EACCES", at: below("openat", "linkat", "renameat", "newfstatat"), verdict: verdict{errno: syscall.EACCES}},
	{name: "EMFILE", at: below("openat"), verdict: verdict{errno: syscall.EMFILE}},
	{name: "EINTR", at: below(append([]string{"openat", "flock", "fallocate", "ftruncate"}, moving...)...), verdict: verdict{errno: syscall.EINTR}},
	{name: "no lock (ENOLCK)", at: below("flock"), verdict: verdict{errno: syscall.ENOLCK}},
	{name: "short by one read or write", at: below(moving...), verdict: verdict{limit: 1}},
	{name: "all reads and writes short", at: below("openat"), always: allShort},
	{name: "input truncated meanwhile", at: below(), other: &other{change: half}},
	{name: "input grows meanwhile", at: below(), other: &other{change: grown}},
	{name: "input rewritten meanwhile", at: below(), other: &other{change: rewritten}},
	{name: "input replaced meanwhile", at: below(), other: &other{change: rewritten, rename: true}},
	{name: "base truncated meanwhile", at: below(), other: &other{change: half, base: true}},
	{name: "base replaced meanwhile", at: below(), other: &other{change: grown, base: true, rename: true}},
}
