// SPDX-License-Identifier: BSD-2-Clause

//go:build linux && amd64

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// killed is the exit status of limitRun where a signal ended the command.
const killed = -1

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

// afresh runs the command of the stage like limitRun, on the files of before, and says
// what has become of them.
func (st *stage) afresh(limit string, env ...string) (status int, said string, f *found, err error) {
	if err := st.before.put(st.dir); err != nil {
		return 0, "", nil, err
	}
	if status, said, err = st.limitRun(limit, env, st.argv...); err != nil {
		return 0, "", nil, err
	}
	now, err := look(st.dir)
	if err != nil {
		return 0, "", nil, err
	}
	return status, said, st.compare(now), nil
}

// noMemory says that a command has died of too little memory. The kernel kills a program
// that it has no memory to begin with. Go's runtime gives up with a fatal error, but for
// places in the collector (spanQueue of Go 1.26) that use the nil they got: there is no
// panic then, which a nil of ours makes, but a signal on the runtime's own stack.
func noMemory(status int, said string) bool {
	_, why, fatal := strings.Cut(said, "fatal error: ")
	why, _, _ = strings.Cut(why, "\n")
	return status == killed || status == 2 &&
		(fatal && (strings.Contains(why, "memory") || strings.Contains(why, "arena") || why == "newosproc") ||
			strings.Contains(said, "SIGSEGV: segmentation violation\n") && strings.Contains(said, "\ngoroutine 0 "))
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
		status, said, f, err := st.afresh(l[0], l[1])
		if err != nil {
			return 0, nil, err
		}
		runs++
		switch {
		case status == st.exit && (f.old > 0 || f.trailing > 0):
			f.fail("exit status %d, but %d files are old", status, f.old)
		case status != st.exit && !noMemory(status, said) && status != max(st.failed, 1):
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

// bound holds the memory of a shell down that does enter. It does so by a cgroup, in which
// the kernel kills at any place; where none can be made, in most containers and for most
// users, by the limit that any process can give itself, at which Go's runtime dies.
func (r *runner) bound(mib int) (enter string, remove func() error, err error) {
	if r.noGroup == nil {
		return memoryGroup(mib)
	}
	// The runtime maps the first 64 MiB of its heap at once, whatever it puts there.
	return fmt.Sprint("ulimit -d ", (64+mib)<<10), func() error { return nil }, nil
}

// memoryGroup makes a memory cgroup. enter takes a shell into it.
func memoryGroup(mib int) (enter string, remove func() error, err error) {
	root, limit := "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
	if _, err := os.Stat(filepath.Join(root, limit)); err != nil {
		root, limit = "/sys/fs/cgroup", "memory.max" // version 2
	}
	dir := filepath.Join(root, fmt.Sprint("faulttest-", os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", nil, err
	}
	remove = func() (err error) {
		for range 100 { // those in it may still be ending
			if err = syscall.Rmdir(dir); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		return err
	}
	// Without this file the version is 2 and the parent gives no memory to share out.
	if err := os.WriteFile(filepath.Join(dir, limit), []byte(strconv.Itoa(mib<<20)), 0o644); err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return "echo $$ >" + filepath.Join(dir, "cgroup.procs"), remove, nil
}

// bounded gives the command less and less, of which it dies at any place: the file is an
// old or a new one, and the next run does it.
func bounded(r *runner, st *stage) (runs int, wrong []string, err error) {
	for _, mib := range []int{256, 64, 32, 24, 16, 12, 10, 8, 6, 4, 2} {
		enter, remove, err := r.bound(mib)
		if err != nil {
			return 0, nil, err
		}
		status, said, f, err := st.afresh(enter)
		if err := errors.Join(err, remove()); err != nil {
			return 0, nil, err
		}
		runs++
		if noMemory(status, said) && mib < 256 {
			status, said = -int(syscall.SIGKILL), "" // as a traced run has it
		}
		st.judge(&ended{status: status, stderr: said}, f, &fault{kill: true, leaves: true})
		if status == st.exit && (f.old > 0 || f.trailing > 0) {
			f.fail("exit status %d, but %d files are old, %d have bytes behind their end", status, f.old, f.trailing)
		}
		end, err := st.run(&tracer{}, st.argv)
		if err != nil {
			return 0, nil, err
		}
		for _, w := range append(st.named(f.wrong), st.good(end)...) {
			wrong = append(wrong, fmt.Sprintf("%d MiB: %s", mib, w))
		}
	}
	return runs, wrong, nil
}

// manyFiles encodes thousands of modules with more jobs than there may be open files.
func manyFiles(r *runner, st *stage) (runs int, wrong []string, err error) {
	return st.many(r, "ulimit -n 64")
}

// manyBounded encodes them where there is little memory.
func manyBounded(r *runner, st *stage) (runs int, wrong []string, err error) {
	enter, remove, err := r.bound(256)
	if err != nil {
		return 0, nil, err
	}
	runs, wrong, err = st.many(r, enter+" && ulimit -n 64")
	return runs, wrong, errors.Join(err, remove())
}

func (st *stage) many(r *runner, limit string) (runs int, wrong []string, err error) {
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
	status, said, err := st.limitRun(limit, nil, argv...)
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
