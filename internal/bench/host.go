package main

import (
	"os"
	"runtime"
	"strings"
)

// host is the machine that is measured on, as /proc tells; empty for what it does
// not.
type host struct {
	Kernel     string `json:"kernel"`
	CPU        string `json:"cpu"` // model
	CPUs       int    `json:"cpus"`
	Memory     string `json:"memory"`
	LoadBefore string `json:"load_before"` // of the last minute
	LoadAfter  string `json:"load_after"`
}

func readHost() host {
	return host{
		Kernel:     strings.TrimSpace(proc("sys/kernel/osrelease")),
		CPU:        field(proc("cpuinfo"), "model name"),
		CPUs:       runtime.NumCPU(),
		Memory:     field(proc("meminfo"), "MemTotal"),
		LoadBefore: load(),
	}
}

func load() string {
	one, _, _ := strings.Cut(proc("loadavg"), " ")
	return one
}

// proc returns what a file in /proc says, empty if it cannot be read.
func proc(name string) string {
	b, _ := os.ReadFile("/proc/" + name)
	return string(b)
}

// field returns the value of the first line "name : value".
func field(text, name string) string {
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
