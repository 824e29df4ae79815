package main

import (
	"path/filepath"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/checks"
)

// checkGood has gobtfenc check look at BTF that is good: what the modules ship
// with, and what was made of them here, on top of the base and without one.
func checkGood(t *checks.Tally, e *encoders) error {
	base := []string{"check", "-j2", "--base", e.Vmlinux}
	made := func(out string) []string {
		files, err := filepath.Glob(filepath.Join(e.out(out), "*.btf"))
		if err != nil {
			panic(err) // of the pattern
		}
		return files
	}
	for _, r := range []struct {
		what  string
		args  []string
		files []string
	}{
		{"the BTF of modules as they ship", base, e.Modules},
		{"the BTF made with default features", base, made("default")},
		{"the BTF made with " + compat, base, made("j2")},
		{"the BTF made without a base", []string{"check", "-j2"}, made("alone")},
	} {
		u, err := e.run(e.tool, nil, append(r.args, r.files...)...)
		t.Check(err == nil && len(r.files) == len(e.Modules), "check finds nothing in %s: %d files, %s", r.what, len(r.files), u)
		if err != nil {
			tell(t, strings.Split(err.Error(), "\n"))
		}
	}
	return nil
}
