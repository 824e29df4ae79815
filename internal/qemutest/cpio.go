package main

import (
	"fmt"
	"io"
)

// An initramfs is a cpio archive of the "new ASCII" form: for each file a
// header of thirteen numbers of eight hex digits, the name, and the content,
// both padded to four bytes (Linux Documentation/driver-api/early-userspace/
// buffer-format.rst). Links, owners and times are not needed here and are 0.

// Modes of what is in an initramfs.
const (
	cpioFile   = 0o100644
	cpioProg   = 0o100755
	cpioFolder = 0o040755
)

// cpioWriter writes an archive. The first error stays and is returned by close.
type cpioWriter struct {
	w   io.Writer
	ino uint32
	off int64
	err error
}

func (c *cpioWriter) write(b []byte) {
	if c.err != nil {
		return
	}
	n, err := c.w.Write(b)
	c.off += int64(n)
	c.err = err
}

func (c *cpioWriter) pad() {
	if rest := c.off % 4; rest != 0 {
		c.write(make([]byte, 4-rest))
	}
}

// add writes a file or folder. Folders come before what is in them.
func (c *cpioWriter) add(name string, mode uint32, content []byte) {
	if c.err == nil && uint64(len(content)) > 0xffffffff {
		c.err = fmt.Errorf("%s: %d bytes are too many for an initramfs", name, len(content))
	}
	c.ino++
	nlink := 1
	if mode == cpioFolder {
		nlink = 2
	}
	// magic, inode, mode, uid, gid, nlink, mtime, size, device (2), rdev (2),
	// length of the name with its NUL, checksum
	c.write(fmt.Appendf(nil, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		c.ino, mode, 0, 0, nlink, 0, len(content), 0, 0, 0, 0, len(name)+1, 0))
	c.write(append([]byte(name), 0))
	c.pad()
	c.write(content)
	c.pad()
}

// close writes the entry that ends the archive.
func (c *cpioWriter) close() error {
	c.add("TRAILER!!!", 0, nil)
	return c.err
}
