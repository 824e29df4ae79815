//go:build !unix

package jobserver

import (
	"fmt"
	"os"
)

func open(auth string) (r, w *os.File, err error) {
	return nil, nil, fmt.Errorf("%q is of no kind known here", auth)
}
