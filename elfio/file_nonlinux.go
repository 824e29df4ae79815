//go:build !linux

package elfio

import (
	"errors"
	"io"
	"os"
)

func createTemp(path string, perm os.FileMode) (*tempFile, error) { return createNamed(path, perm) }

func (t *tempFile) giveName(string) error { return errors.New("temporary file without a name") }

func copyMetadata(f, old *os.File, st os.FileInfo) error { return f.Chmod(st.Mode()) }

func lockFile(*os.File) error { return nil }

type lockState int

const (
	lockGot lockState = iota
	lockTaken
	lockNone
)

func tryLock(*os.File) lockState { return lockNone }

func (t *tempFile) keepLock() (release func()) { return func() {} }

func copyStart(dst, src *os.File, n, size uint64) error {
	_, err := io.Copy(dst, io.LimitReader(src, int64(n)))
	return err
}
