package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/gobtfenc/gobtfenc/internal/cost"
)

// tree is a folder of modules that are encoded in place, without .BTF before
// each run.
type tree struct {
	dir      string
	stripped string // the folder that it is a copy of
	modules  []string
}

// files are the paths of the modules in the tree.
func (t *tree) files() []string { return t.in(t.dir) }

func (t *tree) in(dir string) []string {
	var all []string
	for _, m := range t.modules {
		all = append(all, filepath.Join(dir, filepath.Base(m)))
	}
	return all
}

// reset makes the tree anew and waits until it is on the disk, so that no
// program pays for that.
func (t *tree) reset() error {
	if _, err := os.Stat(t.stripped); err != nil {
		if err := t.strip(); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(t.dir); err != nil {
		return err
	}
	if _, err := cost.Run(exec.Command("cp", "-r", "--reflink=auto", t.stripped, t.dir)); err != nil {
		return err
	}
	syscall.Sync()
	return nil
}

func (t *tree) strip() error {
	if err := os.Mkdir(t.stripped, 0o755); err != nil {
		return err
	}
	var pairs bytes.Buffer
	for i, to := range t.in(t.stripped) {
		fmt.Fprintf(&pairs, "%s\x00%s\x00", t.modules[i], to)
	}
	cmd := exec.Command("xargs", "-0", "-n2", fmt.Sprintf("-P%d", jobs), "objcopy", "-R", ".BTF")
	cmd.Stdin = &pairs
	_, err := cost.Run(cmd)
	return err
}
