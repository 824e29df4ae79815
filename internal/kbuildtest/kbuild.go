package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// timestamp asks for a reproducible build. Without it pahole before 1.29 is called with -j and takes
// now this, now that function of many that have one name.
const timestamp = "KBUILD_BUILD_TIMESTAMP=2026-01-01"

// objtree is a kernel's object tree (O=) and the pahole that Kbuild is told to call. All that is
// done to the tree is done by make.
type objtree struct {
	source string // the kernel's sources
	dir    string
	pahole string    // PAHOLE=
	llvm   string    // LLVM=, empty for gcc
	log    io.Writer // what make says
}

// built is what a run of make said and took.
type built struct {
	out  string
	wall time.Duration
	cpu  time.Duration // of make and all that it ran
	err  error
}

// make runs make in the tree and waits for it.
func (o *objtree) make(args ...string) built { return start(o.log, o.command(args...)) }

// command is make with what is the same for every run.
func (o *objtree) command(args ...string) *exec.Cmd {
	fixed := []string{"-C", o.source, "O=" + o.dir, "PAHOLE=" + o.pahole, fmt.Sprintf("-j%d", jobs), timestamp}
	ccache, err := exec.LookPath("ccache")
	switch {
	case o.llvm != "":
		fixed = append(fixed, "LLVM="+o.llvm)
	case err == nil:
		fixed = append(fixed, "CC="+ccache+" gcc")
	}
	return exec.Command("make", append(fixed, args...)...)
}

// start runs cmd in a process group of its own, so that what is sent to make alone reaches nothing else.
func start(log io.Writer, cmd *exec.Cmd) built {
	var out bytes.Buffer
	cmd.Stdout = io.MultiWriter(&out, log)
	cmd.Stderr = cmd.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	fmt.Fprintf(log, "$ %s\n", strings.Join(cmd.Args, " "))
	begin := time.Now()
	b := built{err: cmd.Run()}
	b.out, b.wall = out.String(), time.Since(begin)
	if s := cmd.ProcessState; s != nil {
		b.cpu = s.UserTime() + s.SystemTime()
	}
	return b
}

// targets returns what Kbuild announced under a short name: of "BTF [M]" the modules.
func (b built) targets(name string) []string {
	var all []string
	for line := range strings.Lines(b.out) {
		if rest, ok := strings.CutPrefix(strings.Join(strings.Fields(line), " "), name+" "); ok {
			all = append(all, rest)
		}
	}
	return all
}

// complaints returns the lines in which make, the compiler, pahole or resolve_btfids warn or fail.
func (b built) complaints() []string {
	return b.lines("WARN", "FAILED", "warning:", "error:", "***", "gobtfenc:", "pahole:")
}

// lines returns the lines with one of these words.
func (b built) lines(words ...string) []string {
	var all []string
	for line := range strings.Lines(b.out) {
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(line, w) }) {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

// modules returns the paths of the tree's modules below it, in the order of modules.order.
func (o *objtree) modules() ([]string, error) {
	order, err := os.ReadFile(filepath.Join(o.dir, "modules.order"))
	if err != nil {
		return nil, err
	}
	var all []string
	for _, object := range strings.Fields(string(order)) {
		all = append(all, strings.TrimSuffix(object, ".o")+".ko")
	}
	return all, nil
}

func (o *objtree) path(name string) string { return filepath.Join(o.dir, name) }

// config returns the value of a symbol in the tree's .config.
func (o *objtree) config(symbol string) (string, error) {
	b, err := os.ReadFile(o.path(".config"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), symbol+"="); ok {
			return value, nil
		}
	}
	return "", nil
}

// clone copies the tree to dir, for another pahole. Kbuild takes the objects as they are: its
// records name sources by absolute path and objects by a path below the tree.
func (o *objtree) clone(dir, pahole string) (*objtree, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if out, err := exec.Command("cp", "-a", "--reflink=auto", o.dir, dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cp: %w\n%s", err, out)
	}
	return &objtree{source: o.source, dir: dir, pahole: pahole, llvm: o.llvm, log: o.log}, nil
}

// kept is the folder of a copy that is to take the tree's place.
func (o *objtree) kept() string { return o.dir + ".kept" }

// restore puts the copy there, if there is one: a run that was interrupted leaves it.
func (o *objtree) restore() error {
	if _, err := os.Stat(o.kept()); err != nil {
		return nil
	}
	return errors.Join(os.RemoveAll(o.dir), os.Rename(o.kept(), o.dir))
}

// touch makes a file newer than everything built before.
func (o *objtree) touch(name string) error {
	now := time.Now()
	return os.Chtimes(o.path(name), now, now)
}

// removeModules removes all modules, so that make links them anew, and returns their paths.
func (o *objtree) removeModules() ([]string, error) {
	names, err := o.modules()
	if err != nil {
		return nil, err
	}
	return names, o.remove(names...)
}

// remove removes files of the tree, of which some may be gone already.
func (o *objtree) remove(names ...string) error {
	for _, n := range names {
		if err := os.Remove(o.path(n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
