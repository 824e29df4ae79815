// SPDX-License-Identifier: BSD-2-Clause

//go:build !linux

package bigmem

func advise([]byte) {}
