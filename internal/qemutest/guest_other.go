//go:build !(linux && amd64)

package main

// guestMain is for the kernels that are booted: the programs of probe.go are for
// one machine.
func guestMain() {}
