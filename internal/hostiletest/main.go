// SPDX-License-Identifier: BSD-2-Clause

// Command hostiletest gives gobtfenc files that were made to do harm: small ones that
// ask for much, and real modules with damage in them. Each must be refused, or
// encoded, in bounded time and memory, without a panic, and one that fails is left as
// it was.
//
//	hostiletest bounds [-gobtfenc bin/gobtfenc] [-size 1] [-only WORDS]
//	hostiletest corrupt [-gobtfenc bin/gobtfenc] [-count 10000] [-seed 1] [-from 0] [-base FILE] MODULE...
//
// bounds prints a line for each file that it makes: bytes, processor time, peak
// memory, and what gobtfenc said. -size makes all files smaller. corrupt prints
// what became of copies of MODULE, which may be compressed by zstd; the same seed
// damages the same bytes. The exit status is 1 if a bound did not hold.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "hostiletest:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("bounds or corrupt?")
	}
	fs := flag.NewFlagSet(args[0], flag.ContinueOnError)
	tool := fs.String("gobtfenc", "bin/gobtfenc", "the command under test")
	size := fs.Float64("size", 1, "of the files of bounds, up to 1")
	only := fs.String("only", "", "the files of bounds whose names have this")
	count := fs.Int("count", 10000, "how many copies")
	seed := fs.Uint64("seed", 1, "of what is damaged")
	from := fs.Int("from", 0, "how many of them to leave out: to go on where a run stopped, a multiple of 100")
	base := fs.String("base", "", "base of the modules, may be compressed by zstd")
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	path, err := filepath.Abs(*tool)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "hostiletest")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	switch args[0] {
	case "bounds":
		return testBounds(out, path, dir, *only, *size)
	case "corrupt":
		c := &corruptor{tool: path, dir: dir, out: out, seed: *seed, count: *count, from: *from, base: *base, modules: fs.Args()}
		return c.run()
	case generateFlag: // a process of its own: its memory is not to count as that of the tool
		return generate(fs.Args(), *size)
	case damageFlag:
		return damage(fs.Args())
	}
	return fmt.Errorf("bounds or corrupt, not %q", args[0])
}

const (
	generateFlag = "generate"
	damageFlag   = "damage"

	// What is enough for each file of bounds: processor time, memory in MiB. A
	// limit beyond which the machine is protected is at three times the memory.
	maxTime   = 60 * time.Second
	maxMemory = 2048

	maxSaid = 64 << 10 // bytes that it has to say of one file
)

// self runs this program again.
func self(args ...string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := exec.Command(exe, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", args[0], err, out)
	}
	return nil
}

// outcome is what a run of the tool came to.
type outcome struct {
	status int // exit status, -1: killed
	cpu    time.Duration
	mem    int // MiB
	said   string
}

// measured runs the tool. A shell, which is small, starts it, so that the memory
// of this process does not count. It is killed when it has taken more processor time
// than limit, or waits for something that does not come.
func measured(dir string, mem int, limit time.Duration, argv ...string) (*outcome, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute+20*limit)
	defer cancel()
	sh := []string{"-c", fmt.Sprintf(`ulimit -d %d; ulimit -t %.0f; "$@"; exit $?`, 3*mem<<10, limit.Seconds()), "sh"}
	cmd := exec.CommandContext(ctx, "sh", append(sh, argv...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var said bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	o := &outcome{status: cmd.ProcessState.ExitCode(), said: said.String()}
	if ctx.Err() != nil {
		o.status = -1
	}
	o.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	o.mem = int(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10)
	return o, nil
}

func says(said, want string) bool {
	for w := range strings.SplitSeq(want, "|") {
		if strings.Contains(said, w) {
			return true
		}
	}
	return false
}

// panics says that the tool met a bug of its own.
func (o *outcome) panics() bool {
	return strings.Contains(o.said, "panic") || strings.Contains(o.said, "goroutine ") || strings.Contains(o.said, "internal error")
}

func (o *outcome) line() string {
	s, _, _ := strings.Cut(strings.TrimSpace(o.said), "\n")
	if len(s) > 160 {
		s = s[:160] + "…"
	}
	return s
}

// generate writes the file of a bomb: its name, and the path.
func generate(args []string, size float64) error {
	for i := range bombs {
		b := &bombs[i]
		if b.name != args[0] {
			continue
		}
		if b.make == nil {
			s := debug(".debug_info", []byte{0})
			s.size = 8 << 30
			if err := os.WriteFile(args[1], object(s, debug(".debug_abbrev", []byte{0})), 0o644); err != nil {
				return err
			}
			return os.Truncate(args[1], 16<<30) // a hole, which takes no place
		}
		return os.WriteFile(args[1], b.make(size), 0o644)
	}
	return fmt.Errorf("no file %q", args[0])
}

func testBounds(out io.Writer, tool, dir, only string, size float64) error {
	fmt.Fprintf(out, "%-52s %12s %8s %8s  %s\n", "file", "bytes", "CPU s", "MiB", "what it comes to")
	path := filepath.Join(dir, "file")
	outDir := filepath.Join(dir, "out")
	if err := os.Mkdir(outDir, 0o755); err != nil {
		return err
	}
	failed, tried := 0, 0
	for i := range bombs {
		b := &bombs[i]
		if !strings.Contains(b.name, only) {
			continue
		}
		if err := self(generateFlag, "-size", fmt.Sprint(size), b.name, path); err != nil {
			return err
		}
		argv := b.argv
		if argv == "" {
			argv = "encode -j1 --out-dir out FILE"
		}
		words := strings.Fields(strings.ReplaceAll(argv, "FILE", "file"))
		mem := b.mem
		if mem == 0 {
			mem = maxMemory
		}
		o, err := measured(dir, mem, 2*maxTime, append([]string{tool}, words...)...)
		if err != nil {
			return err
		}
		st, err := os.Stat(path)
		if err != nil {
			return err
		}
		what := o.line()
		if o.status == 0 {
			what = "is taken"
		}
		wrong := ""
		switch {
		case o.panics() || o.status < 0 || o.status > 1:
			wrong = fmt.Sprintf("WRONG: exit status %d: ", o.status)
		case o.cpu > maxTime:
			wrong = "WRONG: time: "
		case o.mem > mem:
			wrong = "WRONG: memory: "
		case len(o.said) > maxSaid:
			wrong = fmt.Sprintf("WRONG: %d bytes of messages: ", len(o.said))
		case size == 1 && (o.status == 0) != (b.want == "") || o.status != 0 && !says(o.said, b.want):
			wrong = fmt.Sprintf("WRONG: want %q: ", b.want)
		}
		fmt.Fprintf(out, "%-52s %12d %8.2f %8d  %s%s\n", b.name, st.Size(), o.cpu.Seconds(), o.mem, wrong, what)
		if wrong != "" {
			failed++
		}
		tried++
		os.Remove(path)
	}
	fmt.Fprintf(out, "%d files, %d wrong\n", tried, failed)
	if failed > 0 {
		return fmt.Errorf("%d of %d files did harm", failed, tried)
	}
	return nil
}
