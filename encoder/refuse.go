package encoder

// What files are refused for, said in the words that help. The path stands in
// front of every message, once; whoever returns an error to a user puts it there.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/gobtfenc/gobtfenc/elfio"
)

var errEmpty = errors.New("empty file")

// errBitcode says what an object of clang's -flto is.
var errBitcode = errors.New("LLVM bitcode, made for link-time optimisation: link it first")

// isBitcode knows bitcode by its magic, and by that of its wrapper
// (https://llvm.org/docs/BitCodeFormat.html).
func isBitcode(head string) bool {
	return strings.HasPrefix(head, "BC\xc0\xde") || strings.HasPrefix(head, "\xde\xc0\x17\x0b")
}

func errCompressed(head string) error {
	return fmt.Errorf("compressed (%s): decompress first", elfio.Compression(head))
}

// errNotRegular says what a file is that has no bytes of its own.
func errNotRegular(st fs.FileInfo) error {
	if st.IsDir() {
		return errors.New("is a directory")
	}
	return errors.New("not a regular file")
}

// refusal says why a file could not be opened as ELF, better than the reader of
// ELF can.
func refusal(path string, err error) error {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return errNotRegular(st)
	}
	if !errors.Is(err, elfio.ErrNotELF) {
		return plain(err)
	}
	head := readHead(path)
	switch {
	case head == "":
		return errEmpty
	case elfio.Compression(head) != "":
		return errCompressed(head)
	case isBitcode(head):
		return errBitcode
	}
	return elfio.ErrNotELF
}

// readHead returns the first bytes of a file, empty where it has none.
func readHead(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	var head [8]byte
	n, _ := f.ReadAt(head[:], 0)
	return string(head[:n])
}

// plain takes paths off an error of the file system, and the operations that
// say nothing: "open x.ko: no such file or directory" becomes "no such file or
// directory". What is done with a temporary file is said by who does it.
func plain(err error) error {
	var le *os.LinkError
	if errors.As(err, &le) {
		return fmt.Errorf("%s: %w", le.Op, le.Err)
	}
	var pe *fs.PathError
	if !errors.As(err, &pe) {
		return err
	}
	var inner *fs.PathError
	if errors.As(pe.Err, &inner) {
		// A second one, about a file that has no name for users.
		if words := firstWords(pe.Err, inner); words != "" {
			return fmt.Errorf("%s: %w", words, inner.Err)
		}
		return inner.Err
	}
	var errno syscall.Errno
	switch {
	case !errors.As(pe.Err, &errno), pe.Op == "open", pe.Op == "read", pe.Op == "stat", pe.Op == "lstat":
		return pe.Err
	}
	return fmt.Errorf("%s: %w", pe.Op, pe.Err)
}

// firstWords returns what err says before it comes to inner.
func firstWords(err, inner error) string {
	before, _, _ := strings.Cut(err.Error(), inner.Error())
	return strings.TrimSuffix(before, ": ")
}
