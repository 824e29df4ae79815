// SPDX-License-Identifier: BSD-2-Clause

//go:build !unix

package basecache

import (
	"errors"
	"io/fs"
	"os"
)

const nonBlocking = 0

// isUsers is false: whose something is cannot be told, and there is no cache.
func isUsers(fs.FileInfo) bool { return false }

func mapFile(*os.File, int64, int64) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmap([]byte) {}

func guarded(f func() bool) bool { return f() }
