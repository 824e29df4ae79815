// SPDX-License-Identifier: BSD-2-Clause

//go:build linux && amd64

// Command faulttest runs gobtfenc while everything goes wrong that can: it is
// killed, the disk is full, reads and writes fail or move less than was asked for,
// and other processes change its files. Whatever happens, a file is the old or the
// new one, nothing else is left behind, and the exit status says which.
//
//	faulttest -gobtfenc bin/gobtfenc [-points N] [-j N] [-only WORDS] [-scene WORDS] OBJECTS
//
// OBJECTS is testdata/kernel/obj. A line is printed for each fault, with the
// number of commands in which it can happen and of points at which it was tried:
// every one of the system calls at which it can happen, in every command that writes
// files, or N of them for each command. A second table has a line for each command.
// The exit status is 1 if something was lost.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

func main() {
	if len(os.Args) > 3 && os.Args[1] == filterFlag {
		fmt.Fprintln(os.Stderr, "faulttest:", become(os.Args[2], os.Args[3:]))
		os.Exit(126)
	}
	tool := flag.String("gobtfenc", "bin/gobtfenc", "the command under test")
	points := flag.Int("points", 0, "how many system calls of each command are tried, 0 for all")
	jobs := flag.Int("j", runtime.GOMAXPROCS(0), "how many commands at once")
	only := flag.String("only", "", "the faults whose names begin so")
	scene := flag.String("scene", "", "the commands whose names begin so")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	r := &runner{tool: *tool, objects: flag.Arg(0), points: *points, jobs: *jobs, only: *only, scene: *scene, out: os.Stdout}
	if err := r.run(); err != nil {
		fmt.Fprintln(os.Stderr, "faulttest:", err)
		os.Exit(1)
	}
}

// runner tries faults.
type runner struct {
	tool, objects string
	points, jobs  int
	only, scene   string
	out           io.Writer

	work    string
	noGroup error // why memory is not bounded by a cgroup
}

// row is a line of the table: what a fault has come to in all scenes.
type row struct {
	commands          int // in which it can happen
	points, possible  int // at which it was tried, and could have been
	old, new          int // files
	failed            int // runs that said so
	leftOver, cleared int // temporary files, and those that the next run took away
	trailing          int // files with bytes behind their end
	overwritten       int // changes of others that came between the last look and the change
	wrong             []string
}

// add adds what b came to.
func (a *row) add(b *row) {
	a.commands += b.commands
	a.points += b.points
	a.possible += b.possible
	a.old += b.old
	a.new += b.new
	a.failed += b.failed
	a.leftOver += b.leftOver
	a.cleared += b.cleared
	a.trailing += b.trailing
	a.overwritten += b.overwritten
	a.wrong = append(a.wrong, b.wrong...)
}

func (r *runner) run() error {
	var err error
	if r.work, err = os.MkdirTemp("", "faulttest"); err != nil {
		return err
	}
	defer os.RemoveAll(r.work)
	// What the kernel says of a file has no symbolic links.
	if r.work, err = filepath.EvalSymlinks(r.work); err != nil {
		return err
	}
	bin := filepath.Join(r.work, "bin")
	if err := r.link(bin); err != nil {
		return err
	}
	var stages []*stage
	for i := range scenes {
		if !strings.HasPrefix(scenes[i].name, r.scene) {
			continue
		}
		st, err := scenes[i].setUp(filepath.Join(r.work, fmt.Sprintf("scene%d", i)), bin, r.objects)
		if err != nil {
			return err
		}
		stages = append(stages, st)
	}
	fmt.Fprintf(r.out, "%-36s %8s %7s %7s %7s %7s %7s %9s %9s %s\n", "fault", "commands", "points", "of", "old", "new", "failed", "left over", "cleared", "lost")
	lost := 0
	commands := make([]row, len(stages))
	for i := range faults {
		if !strings.HasPrefix(faults[i].name, r.only) {
			continue
		}
		var sum row
		start := time.Now()
		rows := make([]row, len(stages))
		var g errgroup.Group
		g.SetLimit(r.jobs)
		for k, st := range stages {
			g.Go(func() error {
				if err := r.try(st, &faults[i], &rows[k]); err != nil {
					return fmt.Errorf("%s: %s: %w", st.name, faults[i].name, err)
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		for k := range rows {
			sum.add(&rows[k])
			commands[k].add(&rows[k])
		}
		r.print(faults[i].name, &sum, time.Since(start))
		lost += len(sum.wrong)
	}
	more, err := r.around(stages, commands)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.out, "\n%-36s %8s %7s %s\n", "command", "faults", "points", "lost")
	for k, st := range stages {
		fmt.Fprintf(r.out, "%-36s %8d %7d %d\n", st.name, commands[k].commands, commands[k].points, len(commands[k].wrong))
	}
	if lost += more; lost > 0 {
		return fmt.Errorf("%d runs went wrong", lost)
	}
	return nil
}

// link makes the names of gobtfenc in bin, and one of this program: where anybody
// may run them.
func (r *runner) link(bin string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(r.work, 0o755), os.Mkdir(bin, 0o755)); err != nil {
		return err
	}
	for name, from := range map[string]string{"gobtfenc": r.tool, helper: self} {
		data, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(bin, name), data, 0o755)
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(os.Symlink("gobtfenc", filepath.Join(bin, "pahole")), os.Symlink("gobtfenc", filepath.Join(bin, "resolve_btfids")))
}

func (r *runner) print(name string, sum *row, took time.Duration) {
	what := "nothing"
	if sum.points == 0 {
		what = "NOT TRIED" // no command that was asked for makes such calls
	}
	if n := len(sum.wrong); n > 0 {
		what = fmt.Sprintf("%d WRONG", n)
	}
	if sum.overwritten > 0 {
		what += fmt.Sprintf("; %d changes that came after the last look", sum.overwritten)
	}
	if sum.trailing > 0 {
		what += fmt.Sprintf("; %d files had bytes behind their end, until the next run", sum.trailing)
	}
	fmt.Fprintf(r.out, "%-36s %8d %7d %7d %7d %7d %7d %9d %9d %s (%.0f s)\n", name, sum.commands, sum.points, sum.possible, sum.old, sum.new, sum.failed, sum.leftOver, sum.cleared, what, took.Seconds())
	for i, w := range sum.wrong {
		if i == 20 {
			fmt.Fprintf(r.out, "\tand %d more\n", len(sum.wrong)-i)
			break
		}
		fmt.Fprintf(r.out, "\t%s\n", w)
	}
}

// try lets a command meet a fault at each call where it can.
func (r *runner) try(st *stage, fault *fault, sum *row) error {
	total, err := st.count(fault)
	if err != nil {
		return err
	}
	var m *meddled
	if fault.other != nil {
		m = &meddled{o: fault.other}
		if m.before, m.after, err = fault.other.settle(st); err != nil {
			return err
		}
	}
	if sum.possible = total; total > 0 {
		sum.commands = 1
	}
	step := 1
	if r.points > 0 {
		step = max(1, total/r.points)
	}
	// A run may make some more calls than the one before.
	for n := step / 2; n < total+total/10+1; n += step {
		if err := r.point(st, fault, n, m, sum); err != nil {
			return fmt.Errorf("call %d: %w", n, err)
		}
	}
	return nil
}

// count says at how many calls of a run a fault can happen.
func (st *stage) count(fault *fault) (total int, err error) {
	if err := st.before.put(st.dir); err != nil {
		return 0, err
	}
	t := &tracer{enter: func(c *call) verdict {
		if fault.at(c) {
			total++
		}
		return fault.others(c)
	}}
	_, err = st.run(t, st.argv)
	return total, err
}

func (f *fault) others(c *call) verdict {
	if f.always != nil {
		return f.always(c)
	}
	return verdict{}
}

// point lets a command meet a fault at the n'th call where it can.
func (r *runner) point(st *stage, fault *fault, n int, m *meddled, sum *row) error {
	if err := st.before.put(st.dir); err != nil {
		return err
	}
	seen, met := 0, ""
	var meddling error
	t := &tracer{enter: func(c *call) verdict {
		if !fault.at(c) {
			return fault.others(c)
		}
		if seen++; seen-1 > n && fault.onward {
			return fault.verdict
		}
		if seen-1 != n {
			return fault.others(c)
		}
		met = fmt.Sprintf("%s of %q", c.name(), c.path)
		if m != nil {
			m.was, m.left, meddling = m.o.act(st)
			m.late = st.links && !m.o.base && (c.name() == "pwrite64" || c.name() == "ftruncate")
		}
		if fault.verdict == (verdict{}) {
			return fault.others(c)
		}
		return fault.verdict
	}}
	end, err := st.run(t, st.argv)
	if err != nil {
		return err
	}
	if meddling != nil {
		return meddling
	}
	if met == "" {
		return nil // the run was over
	}
	now, err := look(st.dir)
	if err != nil {
		return err
	}
	sum.points++
	if end.status != st.exit {
		sum.failed++
	}
	wrong := func(all []string) {
		for _, w := range all {
			sum.wrong = append(sum.wrong, fmt.Sprintf("%s: call %d, %s: %s", st.name, n, met, w))
		}
	}
	if m != nil {
		f, lost := m.judge(st, end, now)
		if lost {
			sum.overwritten++
		}
		wrong(f.wrong)
		return nil
	}
	f := st.compare(now)
	st.judge(end, f, fault)
	sum.old, sum.new, sum.trailing, sum.leftOver = sum.old+f.old, sum.new+f.new, sum.trailing+f.trailing, sum.leftOver+len(f.extra)
	wrong(f.wrong)
	if !fault.leaves && f.trailing == 0 && n%5 != 0 {
		return nil
	}
	return r.again(st, len(f.extra), wrong, sum)
}

// again runs a command once more, without a fault: everything must be done then.
func (r *runner) again(st *stage, extra int, wrong func([]string), sum *row) error {
	end, err := st.run(&tracer{}, st.argv)
	if err != nil {
		return err
	}
	now, err := look(st.dir)
	if err != nil {
		return err
	}
	f := st.compare(now)
	switch {
	case end.status != st.exit:
		f.fail("exit status %d: %s", end.status, end.stderr)
	case f.old > 0 || f.trailing > 0:
		f.fail("%d files are old, %d have bytes behind their end", f.old, f.trailing)
	}
	sum.cleared += extra - len(f.extra)
	if len(f.extra) > 0 {
		f.fail("%q is left over", f.extra)
	}
	for i := range f.wrong {
		f.wrong[i] = "the next run: " + f.wrong[i]
	}
	wrong(f.wrong)
	return nil
}
