// SPDX-License-Identifier: BSD-2-Clause

//go:build linux && amd64

package main

// What goes wrong around a run, and not at one system call.

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// condition is something in which a command runs. It returns what went wrong, and at
// how many runs it looked.
type condition struct {
	name string
	try  func(r *runner, st *stage) (runs int, wrong []string, err error)
	only string // the one scene for which it is tried; empty: all
}

var conditions = []condition{
	{name: "clock jumps a year ahead", try: jumps(365 * 24 * time.Hour)},
	{name: "clock jumps a year back", try: jumps(-365 * 24 * time.Hour)},
	{name: "files of next year", try: dated(365 * 24 * time.Hour)},
	{name: "files of 1901", try: dated(-125 * 365 * 24 * time.Hour)},
	{name: "locale, time zone", try: locales},
	{name: "umask", try: umasks},
	{name: "folder without write permission", try: readOnly},
	{name: "four runs at once", try: atOnce},
	{name: "another run is killed meanwhile", try: atOnceKilled},
	{name: "too little memory", try: memory},
	{name: "memory of 256 MiB down to 2", try: bounded},
	{name: "5,000 modules, 64 open files", try: manyFiles, only: scenes[0].name},
	{name: "5,000 modules, the same in 256 MiB", try: manyBounded, only: scenes[0].name},
}

// jumps lets the clock jump at some of the moments at which it is read.
func jumps(by time.Duration) func(*runner, *stage) (int, []string, error) {
	return func(r *runner, st *stage) (runs int, wrong []string, err error) {
		reads := 0
		count := &tracer{clock: func(t time.Time) time.Time { reads++; return t }}
		if _, err := st.fresh(count); err != nil {
			return 0, nil, err
		}
		if reads == 0 {
			return 0, []string{st.name + ": does not read the clock: is the vDSO still there?"}, nil
		}
		for _, from := range []int{0, reads / 3, reads * 2 / 3, reads - 1} {
			n := 0
			jump := &tracer{clock: func(t time.Time) time.Time {
				if n++; n > from {
					t = t.Add(by)
				}
				return t
			}}
			end, err := st.fresh(jump)
			if err != nil {
				return 0, nil, err
			}
			runs++
			wrong = append(wrong, st.good(end)...)
			// The next run does not believe what it should not.
			if end, err = st.run(&tracer{}, st.argv); err != nil {
				return 0, nil, err
			}
			wrong = append(wrong, st.good(end)...)
		}
		return runs, wrong, nil
	}
}

// dated gives all files a time far from now.
func dated(by time.Duration) func(*runner, *stage) (int, []string, error) {
	return func(r *runner, st *stage) (runs int, wrong []string, err error) {
		if err := st.before.put(st.dir); err != nil {
			return 0, nil, err
		}
		then := time.Now().Add(by)
		for name := range st.before {
			if err := os.Chtimes(filepath.Join(st.dir, name), then, then); err != nil {
				return 0, nil, err
			}
		}
		for range 2 {
			end, err := st.run(&tracer{}, st.argv)
			if err != nil {
				return 0, nil, err
			}
			runs++
			wrong = append(wrong, st.good(end)...)
		}
		return runs, wrong, nil
	}
}

// fresh runs the command in the folder as it was before.
func (st *stage) fresh(t *tracer) (*ended, error) {
	if err := st.before.put(st.dir); err != nil {
		return nil, err
	}
	return st.run(t, st.argv)
}

// good says what is wrong with a run that should have done all.
func (st *stage) good(end *ended) (wrong []string) {
	now, err := look(st.dir)
	if err != nil {
		return []string{err.Error()}
	}
	f := st.compare(now)
	if end.status != st.exit {
		f.fail("exit status %d: %s", end.status, end.stderr)
	}
	if f.old > 0 || f.trailing > 0 || len(f.extra) > 0 {
		f.fail("%d files are old, %d have bytes behind their end, %q are left over", f.old, f.trailing, f.extra)
	}
	return st.named(f.wrong)
}

func (st *stage) named(wrong []string) (all []string) {
	for _, w := range wrong {
		all = append(all, st.name+": "+w)
	}
	return all
}

// locales runs the command with messages and numbers of other countries.
func locales(r *runner, st *stage) (runs int, wrong []string, err error) {
	env := st.env
	defer func() { st.env = env }()
	for _, l := range []string{"", "C.UTF-8", "tr_TR.UTF-8", "de_DE.UTF-8", "ja_JP.SJIS", "\xff/../x"} {
		st.env = append(env[:len(env):len(env)], "LC_ALL="+l, "LANG="+l, "LANGUAGE="+l, "TZ=Asia/Kathmandu", "COLUMNS=7", "TERM=vt52")
		end, err := st.fresh(&tracer{})
		if err != nil {
			return 0, nil, err
		}
		runs++
		wrong = append(wrong, st.good(end)...)
	}
	return runs, wrong, nil
}

// umasks runs the command with others: a file that was there keeps its mode, a new
// one has 0644 without the umask.
func umasks(r *runner, st *stage) (runs int, wrong []string, err error) {
	for _, mask := range []int{0, 0o27, 0o77, 0o777} {
		old := syscall.Umask(mask)
		syscall.Umask(old)
		if err := st.before.put(st.dir); err != nil {
			return 0, nil, err
		}
		syscall.Umask(mask)
		end, err := st.run(&tracer{}, st.argv)
		syscall.Umask(old)
		if err != nil {
			return 0, nil, err
		}
		runs++
		now, err := look(st.dir)
		if err != nil {
			return 0, nil, err
		}
		var f found
		if end.status != st.exit {
			f.fail("umask %#o: exit status %d: %s", mask, end.status, end.stderr)
		}
		for name, is := range now {
			if isCache(name) {
				continue
			}
			want := st.after[name]
			if isManifest(name) {
				want.data = is.data
			}
			if st.replaced(name) {
				want.mode = 0o644 &^ os.FileMode(mask)
			}
			if !bytes.Equal(is.data, want.data) || is.mode != want.mode {
				f.fail("umask %#o: %s: mode %v, want %v; same bytes %v", mask, name, is.mode, want.mode, bytes.Equal(is.data, want.data))
			}
		}
		wrong = append(wrong, st.named(f.wrong)...)
	}
	return runs, wrong, nil
}

// replaced says that a file is new, or takes the place of an old one without
// what that one had besides its bytes: it is not a module.
func (st *stage) replaced(name string) bool {
	_, was := st.before[name]
	return !was || filepath.Ext(name) != ".ko" && !st.before[name].mode.IsDir() && !bytes.Equal(st.before[name].data, st.after[name].data)
}

// nobody is a user that owns no file here.
const nobody = 65533

// readOnly runs the command as a user who may read all and write nothing.
func readOnly(r *runner, st *stage) (runs int, wrong []string, err error) {
	if os.Getuid() != 0 {
		return 0, []string{"needs root to become another user"}, nil
	}
	for _, mode := range []os.FileMode{0o444, 0o666} {
		if err := st.before.put(st.dir); err != nil {
			return 0, nil, err
		}
		err := filepath.Walk(st.dir, func(path string, info os.FileInfo, err error) error {
			switch {
			case err != nil:
				return err
			case info.IsDir():
				return os.Chmod(path, 0o555)
			}
			return os.Chmod(path, mode)
		})
		if err != nil {
			return 0, nil, err
		}
		was, err := look(st.dir)
		if err != nil {
			return 0, nil, err
		}
		end, err := st.run(&tracer{user: nobody}, st.argv)
		if err != nil {
			return 0, nil, err
		}
		runs++
		now, err := look(st.dir)
		if err != nil {
			return 0, nil, err
		}
		var f found
		changed := 0
		for name, is := range now {
			w, ok := was[name]
			if !ok {
				f.fail("%s is left over", name)
			} else if !bytes.Equal(w.data, is.data) {
				changed++
				if !bytes.Equal(is.data, st.after[name].data) || mode == 0o444 {
					f.fail("%s was changed", name)
				}
			}
		}
		switch {
		case changed == 0 && (end.status == st.exit || end.stderr == ""):
			f.fail("exit status %d, nothing was written: %s", end.status, end.stderr)
		case strings.Contains(end.stderr, "panic"):
			f.fail("panics: %s", end.stderr)
		}
		wrong = append(wrong, st.named(f.wrong)...)
	}
	return runs, wrong, nil
}

// atOnce runs the command four times at once. One of them may be told that another
// one was faster; but the files are done.
func atOnce(r *runner, st *stage) (runs int, wrong []string, err error) {
	return r.race(st, func([]*exec.Cmd) {})
}

// atOnceKilled kills three of four.
func atOnceKilled(r *runner, st *stage) (runs int, wrong []string, err error) {
	wait := time.Duration(0)
	return r.race(st, func(cmds []*exec.Cmd) {
		wait += 700 * time.Microsecond
		for _, cmd := range cmds[1:] {
			time.Sleep(wait)
			cmd.Process.Kill()
		}
	})
}

func (r *runner) race(st *stage, meanwhile func([]*exec.Cmd)) (runs int, wrong []string, err error) {
	rounds := 10
	if r.points > 0 {
		rounds = 3
	}
	for range rounds {
		if err := st.before.put(st.dir); err != nil {
			return 0, nil, err
		}
		var cmds []*exec.Cmd
		var said [4]bytes.Buffer
		for i := range said {
			cmd := exec.Command(filepath.Join(st.bin, st.argv[0]), st.argv[1:]...)
			cmd.Dir, cmd.Env, cmd.Stderr = st.dir, st.env, &said[i]
			if err := cmd.Start(); err != nil {
				return 0, nil, err
			}
			cmds = append(cmds, cmd)
		}
		meanwhile(cmds)
		var f found
		done := 0
		for i, cmd := range cmds {
			err := cmd.Wait()
			var exit *exec.ExitError
			switch {
			case err != nil && !errors.As(err, &exit):
				return 0, nil, err
			case cmd.ProcessState.ExitCode() == st.exit:
				done++
			case cmd.ProcessState.ExitCode() == max(st.failed, 1):
				if s := said[i].String(); !strings.Contains(s, "changed by another process") && !strings.Contains(s, "was changed while it was being read") {
					f.fail("fails with %q", s)
				}
			case cmd.ProcessState.ExitCode() >= 0:
				f.fail("exit status %d: %s", cmd.ProcessState.ExitCode(), said[i].String())
			}
		}
		runs += len(cmds)
		wrong = append(wrong, st.named(f.wrong)...)
		end, err := st.run(&tracer{}, st.argv)
		if err != nil {
			return 0, nil, err
		}
		wrong = append(wrong, st.good(end)...)
	}
	return runs, wrong, nil
}

// around tries the conditions.
func (r *runner) around(stages []*stage, commands []row) (lost int, err error) {
	if r.noGroup == nil {
		_, remove, err := memoryGroup(256)
		if err == nil {
			err = remove()
		}
		r.noGroup = err
	}
	how := "a cgroup"
	if r.noGroup != nil {
		how = fmt.Sprintf("ulimit -d, for there can be no cgroup: %v", r.noGroup)
	}
	fmt.Fprintf(r.out, "from here on, a memory of N MiB is by %s\n", how)
	for _, c := range conditions {
		if !strings.HasPrefix(c.name, r.only) {
			continue
		}
		var sum row
		start := time.Now()
		for i, st := range stages {
			if r.points > 0 && i%5 != 0 {
				continue // a sample
			}
			if c.only != "" && c.only != st.name {
				continue
			}
			n, w, err := c.try(r, st)
			if err != nil {
				return 0, fmt.Errorf("%s: %s: %w", st.name, c.name, err)
			}
			one := row{commands: 1, points: n, possible: n, wrong: w}
			sum.add(&one)
			commands[i].add(&one)
		}
		r.print(c.name, &sum, time.Since(start))
		lost += len(sum.wrong)
	}
	return lost, nil
}
