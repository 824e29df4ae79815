package elfio

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"
)

// createTemp creates the temporary file that is to replace path. It has no
// name where the file system can do that (O_TMPFILE), so that a killed process
// leaves nothing behind.
func createTemp(path string, perm os.FileMode) (*tempFile, error) {
	const tmpfile = 0o20000000 | syscall.O_DIRECTORY // O_TMPFILE
	if _, err := os.Lstat("/proc/self/fd"); err != nil {
		return createNamed(path, perm) // giveName would fail
	}
	fd, err := syscall.Open(filepath.Dir(path), tmpfile|syscall.O_RDWR|syscall.O_CLOEXEC, uint32(perm.Perm()))
	if err != nil {
		return createNamed(path, perm)
	}
	return &tempFile{File: os.NewFile(uintptr(fd), "temporary file")}, nil
}

// giveName gives a nameless file a temporary name beside path.
func (t *tempFile) giveName(path string) error {
	from, err := syscall.BytePtrFromString(t.procPath())
	if err != nil {
		return err
	}
	tryLock(t.File)
	for try := 0; ; try++ {
		name := tempName(path, try)
		to, err := syscall.BytePtrFromString(name)
		if err != nil {
			return err
		}
		cwd, follow := -100, 0x400 // AT_FDCWD, AT_SYMLINK_FOLLOW
		_, _, errno := syscall.Syscall6(syscall.SYS_LINKAT, uintptr(cwd), uintptr(unsafe.Pointer(from)),
			uintptr(cwd), uintptr(unsafe.Pointer(to)), uintptr(follow), 0)
		switch {
		case errno == 0:
			t.name = name
			return nil
		case errno != syscall.EEXIST || try >= maxTries:
			return &os.PathError{Op: "link", Path: name, Err: errno}
		case removeStale(name):
			try--
		}
	}
}

func (t *tempFile) procPath() string { return fmt.Sprintf("/proc/self/fd/%d", t.Fd()) }

// copyMetadata gives f the owner, mode and extended attributes of old. The
// error is errOwner where the owner or group cannot be given.
func copyMetadata(f, old *os.File, st os.FileInfo) error {
	want, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return f.Chmod(st.Mode())
	}
	var have syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &have); err != nil {
		return &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	if have.Uid != want.Uid || have.Gid != want.Gid {
		if err := f.Chown(int(want.Uid), int(want.Gid)); err != nil {
			return fmt.Errorf("%w: %w", errOwner, err)
		}
	}
	// chown takes set-user-id away, so the mode comes second.
	if err := syscall.Fchmod(int(f.Fd()), want.Mode&0o7777); err != nil {
		return &os.PathError{Op: "chmod", Path: f.Name(), Err: err}
	}
	return copyXattrs(f, old)
}

// copyXattrs copies the extended attributes, ACLs and labels among them. What
// the system will not let us set beyond user.* is left to its defaults, as cp
// does. Hashes and signatures of the contents are not valid any more.
func copyXattrs(f, old *os.File) error {
	from, to := fmt.Sprintf("/proc/self/fd/%d", old.Fd()), fmt.Sprintf("/proc/self/fd/%d", f.Fd())
	names := make([]byte, 64<<10) // the limit of the kernel, XATTR_LIST_MAX
	n, err := syscall.Listxattr(from, names)
	if err != nil || n == 0 {
		return nil // not supported, or /proc is not there
	}
	value := make([]byte, 64<<10) // XATTR_SIZE_MAX
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names[:n]), "\x00"), "\x00") {
		if name == "security.ima" || name == "security.evm" {
			continue
		}
		n, err := syscall.Getxattr(from, name, value)
		if err == nil {
			err = syscall.Setxattr(to, name, value[:n], 0)
		}
		if err != nil && strings.HasPrefix(name, "user.") && !errors.Is(err, syscall.ENODATA) {
			return fmt.Errorf("extended attribute %s: %w", name, err)
		}
	}
	return nil
}

// lockFile keeps other gobtfenc processes from changing the same file in
// place. The lock ends with the file descriptor.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }

// What tryLock has come to.
type lockState int

const (
	lockGot lockState = iota
	lockTaken
	lockNone // the file system has no locks
)

// tryLock locks a temporary file without waiting.
func tryLock(f *os.File) lockState {
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err {
	case nil:
		return lockGot
	case syscall.EWOULDBLOCK:
		return lockTaken
	}
	return lockNone
}

// keepLock keeps what tryLock has got when f is closed, until release is called.
func (t *tempFile) keepLock() (release func()) {
	const dupfdCloexec = 1030 // F_DUPFD_CLOEXEC
	fd, _, errno := syscall.Syscall(syscall.SYS_FCNTL, t.Fd(), dupfdCloexec, 0)
	if errno != 0 {
		return func() {}
	}
	return func() { syscall.Close(int(fd)) }
}

// copyStart makes dst, a new file, begin with the first n bytes of src, whose
// offset is 0. size is what dst will have in the end.
//
// Where the file system can share blocks, nothing is copied. Elsewhere the
// blocks are allocated first: ext4 otherwise allocates and begins to write
// them when the file is renamed over another one: 45 ms instead of 17 for the
// 49 MB of xfs.ko.
func copyStart(dst, src *os.File, n, size uint64) error {
	const ficlone = 0x40049409 // FICLONE, linux/fs.h
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, dst.Fd(), ficlone, src.Fd()); errno == 0 {
		return dst.Truncate(int64(n))
	}
	if err := syscall.Fallocate(int(dst.Fd()), 0, 0, int64(size)); err == syscall.ENOSPC || err == syscall.EDQUOT || err == syscall.EFBIG {
		return &os.PathError{Op: "allocate", Path: dst.Name(), Err: err}
	}
	_, err := io.Copy(dst, io.LimitReader(src, int64(n))) // copy_file_range
	return err
}
