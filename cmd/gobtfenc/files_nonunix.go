// SPDX-License-Identifier: BSD-2-Clause

//go:build !unix

package main

// jobsForFiles is how many jobs find enough descriptors.
func jobsForFiles() int { return 1 << 16 }
