// SPDX-License-Identifier: BSD-2-Clause

//go:build !(linux && amd64)

// Command faulttest is for Linux on amd64, whose system calls it looks at.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "faulttest: runs on Linux on amd64 only")
	os.Exit(1)
}
