package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/cost"
	"github.com/gobtfenc/gobtfenc/internal/kerneldir"
)

// program is one of the commands that do the work of a row, and what it took.
type program struct {
	Name    string      `json:"name"`
	Command string      `json:"command"` // with the first file
	Median  cost.Cost   `json:"median"`
	Samples []cost.Cost `json:"samples"`

	runs    int
	before  int          // runs that do not count, ahead of all others
	prepare func() error // makes ready what it needs, is not measured
	argv    []string
	stdin   []byte
	env     []string // besides the environment of this process
}

// task is what is asked of every program of a row.
type task struct {
	kernel *kerneldir.Kernel
	files  []string
	tree   *tree // files are encoded in place in it; nil: results go to a folder
}

func (t *task) isVmlinux() bool { return t.files[0] == t.kernel.Vmlinux }

// many tells whether pahole has to be called more than once.
func (t *task) many() bool { return len(t.files) > 1 }

// inputs are the files that the programs read or change.
func (t *task) inputs() []string {
	if t.tree != nil {
		return t.tree.files()
	}
	return t.files
}

// cold and warm are folders for what gobtfenc keeps between runs: one is emptied
// before each run, the other is not.
const (
	cold = "cache-cold"
	warm = "cache-warm"
)

// ours is gobtfenc with n jobs and its caches in the folder.
func (b *bench) ours(t *task, n int, cache string) *program {
	argv := []string{b.tool, "encode"}
	if !t.isVmlinux() {
		argv = append(argv, "--base", t.kernel.Vmlinux)
	}
	argv = append(argv, b.paholeVersion.ourFlags()...)
	argv = append(argv, fmt.Sprintf("-j%d", n))
	if t.tree == nil {
		argv = append(argv, "--out-dir", b.out())
	}
	p := b.program(fmt.Sprintf("gobtfenc -j%d", n), t, argv, t.inputs())
	p.env = []string{"XDG_CACHE_HOME=" + filepath.Join(b.work, cache)}
	if p.before = 1; cache == warm {
		p.before = 2 // the second call for a base fills the cache
	}
	return p
}

// theirs is pahole as Kbuild calls it, once for each module, as many at once as
// the others work on. Where gobtfenc writes into a folder, pahole does.
func (b *bench) theirs(t *task) *program {
	argv := append([]string{b.pahole, "-J"}, b.paholeVersion.flags()...)
	if !t.isVmlinux() {
		argv = append(argv, "--btf_base", t.kernel.Vmlinux)
	}
	if !t.many() {
		argv = append(argv, fmt.Sprintf("-j%d", jobs))
	}
	var args []string
	for _, f := range t.inputs() {
		if t.tree == nil {
			args = append(args, "--btf_encode_detached="+filepath.Join(b.out(), filepath.Base(f)+".btf"))
		}
		args = append(args, f)
	}
	if !t.many() {
		return b.program(fmt.Sprintf("pahole -j%d", jobs), t, argv, args)
	}
	perCall := len(args) / len(t.files)
	argv = append([]string{"xargs", "-0", fmt.Sprintf("-n%d", perCall), fmt.Sprintf("-P%d", jobs)}, argv...)
	p := b.program(fmt.Sprintf("xargs -P%d pahole", jobs), t, argv, args)
	p.argv, p.stdin = argv, []byte(strings.Join(args, "\x00"))
	p.env = []string{"LLVM_OBJCOPY=objcopy"}
	p.runs = min(b.runs, b.longRuns)
	return p
}

// bareWalk is gobtfenc-walk.
func (b *bench) bareWalk(t *task) *program {
	return b.program("gobtfenc-walk", t, []string{b.walk, fmt.Sprintf("-j=%d", jobs)}, t.inputs())
}

// program runs argv with more arguments, of which the report has those for the
// first file.
func (b *bench) program(name string, t *task, argv, args []string) *program {
	p := &program{Name: name, argv: slices.Concat(argv, args), runs: b.runs, prepare: func() error { return b.prepare(t) }}
	p.Command = strings.Join(slices.Concat(argv, args[:len(args)/len(t.files)]), " ")
	if t.many() {
		p.Command += " ..."
	}
	return p
}

func (b *bench) out() string { return filepath.Join(b.work, "out") }

// prepare empties the folders that programs write to, and gives them new copies
// of what they change.
func (b *bench) prepare(t *task) error {
	for _, dir := range []string{b.out(), filepath.Join(b.work, cold)} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	if t.tree != nil {
		return t.tree.reset()
	}
	return nil
}

// run runs the program once.
func (p *program) run(ctx context.Context) (cost.Cost, error) {
	if err := p.prepare(); err != nil {
		return cost.Cost{}, err
	}
	cmd := exec.CommandContext(ctx, p.argv[0], p.argv[1:]...)
	cmd.Stdin = bytes.NewReader(p.stdin)
	cmd.Env = append(os.Environ(), p.env...)
	return cost.Run(cmd)
}
