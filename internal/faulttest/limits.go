// SPDX-License-Identifier: BSD-2-Clause

//go:build linux && amd64

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// limitRun runs a command below limits of the shell, and with more environment.
func (st *stage) limitRun(limit string, env []string, argv ...string) (status int, said string, err error) {
	cmd := exec.Command("sh", append([]string{"-c", limit + ` && exec "$@"`, "sh", filepath.Join(st.bin, argv[0])}, argv[1:]...)...)
	cmd.Dir, cmd.Env = st.dir, append(st.env[:len(st.env):len(st.env)], env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		return 0, "", err
	}
	return cmd.ProcessState.ExitCode(), errs.String(), nil
}

// memory gives the command less and less. It does its work, or dies of it, which the
// runtime of Go does with exit status 2; every file is an old or a new one then, too.
func memory(r *runner, st *stage) (runs int, wrong []string, err error) {
	var limits [][2]string
	for _, kib := range []int{256 << 10, 128 << 10, 64 << 10, 32 << 10, 24 << 10, 16 << 10, 12 << 10, 8 << 10, 4 << 10} {
		limits = append(limits, [2]string{fmt.Sprint("ulimit -d ", kib), ""})
	}
	for _, kib := range []int{2 << 20, 1400 << 10, 1300 << 10, 1200 << 10, 1 << 20, 800 << 10, 600 << 10, 256 << 10} {
		limits = append(limits, [2]string{fmt.Sprint("ulimit -v ", kib), ""})
	}
	limits = append(limits, [2]string{"true", "GOMEMLIMIT=256MiB"}, [2]string{"true", "GOMEMLIMIT=1MiB"})
	for _, l := range limits {
		if err := st.before.put(st.dir); err != nil {
			return 0, nil, err
		}
		status, said, err := st.limitRun(l[0], []string{l[1]}, st.argv...)
		if err != nil {
			return 0, nil, err
		}
		now, err := look(st.dir)
		if err != nil {
			return 0, nil, err
		}
		runs++
		f := st.compare(now)
		// The kernel kills a program that it has no memory to begin with.
		noMemory := status == -1 || status == 2 && (strings.Contains(said, "memory") || strings.Contains(said, "runtime"))
		switch {
		case status == st.exit && (f.old > 0 || f.trailing > 0):
			f.fail("exit status %d, but %d files are old", status, f.old)
		case status != st.exit && !noMemory && status != max(st.failed, 1):
			f.fail("exit status %d: %s", status, said)
		case status > 0 && status != st.exit && said == "":
			f.fail("fails without a word")
		}
		if len(f.extra) > 0 {
			f.fail("%q is left over", f.extra)
		}
		for _, w := range f.wrong {
			wrong = append(wrong, fmt.Sprintf("%s: %s %s: %s", st.name, l[0], l[1], w))
		}
	}
	return runs, wrong, nil
}

// manyFiles encodes thousands of modules with more jobs than there may be open files.
func manyFiles(r *runner, st *stage) (runs int, wrong []string, err error) {
	n := 5000
	if r.points > 0 {
		n = 200
	}
	before := snapshot{}
	for name, f := range st.before {
		before[name] = f
	}
	argv := strings.Fields("gobtfenc encode -j64 --base vmlinux.btf")
	for i := range n {
		name := fmt.Sprintf("m%d.ko", i)
		before[name] = st.before["kinds.ko"]
		argv = append(argv, name)
	}
	if err := before.put(st.dir); err != nil {
		return 0, nil, err
	}
	status, said, err := st.limitRun("ulimit -n 64", nil, argv...)
	if err != nil {
		return 0, nil, err
	}
	now, err := look(st.dir)
	if err != nil {
		return 0, nil, err
	}
	if status != 0 || said != "" {
		wrong = append(wrong, fmt.Sprintf("exit status %d: %s", status, said))
	}
	done := 0
	for i := range n {
		if bytes.Equal(now[fmt.Sprintf("m%d.ko", i)].data, st.after["kinds.ko"].data) {
			done++
		}
	}
	if done != n || len(now) != len(before) {
		wrong = append(wrong, fmt.Sprintf("%d of %d modules are done, %d files where there were %d", done, n, len(now), len(before)))
	}
	return n, wrong, os.RemoveAll(st.dir)
}
