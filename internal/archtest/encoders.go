package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gobtfenc/gobtfenc/internal/cost"
)

// encode runs gobtfenc with results in the folder called out.
func (b *bench) encode(out string, files []string, flags ...string) (cost.Cost, error) {
	if err := os.Mkdir(b.out(out), 0o755); err != nil {
		return cost.Cost{}, err
	}
	args := append([]string{"encode", fmt.Sprintf("-j%d", jobs), "--out-dir", b.out(out)}, flags...)
	return cost.Run(exec.Command(b.tool, append(args, files...)...))
}

// runPahole runs pahole as Kbuild does, once for each file, but has it write the BTF into the folder
// called out, or into that of the flag -keep: what is there already of an earlier run is not made
// again, and how many files that is is returned. base is empty for vmlinux.
func (b *bench) runPahole(out, base string, files []string) (spent cost.Cost, kept int, err error) {
	if err := os.MkdirAll(b.out(out), 0o755); err != nil {
		return spent, 0, err
	}
	flags := strings.Fields(b.paholeFlags)
	if base != "" {
		flags = append(flags, "--btf_base", base)
		if err := b.keepBase(base); err != nil {
			return spent, 0, err
		}
	}
	var g errgroup.Group
	g.SetLimit(jobs)
	var mu sync.Mutex
	start := time.Now()
	for _, f := range files {
		result := b.result(out, f)
		if _, err := os.Stat(result); err == nil {
			kept++
			continue
		}
		g.Go(func() error {
			// A name of its own until it is whole: a run may be killed.
			c, err := cost.Run(exec.Command(b.pahole, append(slices.Clone(flags), "--btf_encode_detached="+result+".new", f)...))
			if err == nil {
				err = os.Rename(result+".new", result)
			}
			mu.Lock()
			defer mu.Unlock()
			spent.CPU += c.CPU
			spent.RSS = max(spent.RSS, c.RSS)
			return err
		})
	}
	err = g.Wait()
	spent.Wall = time.Since(start)
	return spent, kept, err
}

// keepBase puts the base beside the results that are kept, as they mean nothing without it. It is an
// error if those that are there stand on another one.
func (b *bench) keepBase(base string) error {
	if b.keep == "" {
		return nil
	}
	now, err := os.ReadFile(base)
	if err != nil {
		return err
	}
	path := filepath.Join(b.keep, "base.btf")
	before, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return os.WriteFile(path, now, 0o644)
	}
	if err == nil && !bytes.Equal(before, now) {
		err = fmt.Errorf("%s is another base than this run's: remove the folder", path)
	}
	return err
}

// checkPahole asks pahole for its version. It is an error if there is none, or if it is not the one
// whose features gobtfenc is told to have: that would be found after hours, as functions that differ.
func (b *bench) checkPahole() error {
	out, err := exec.Command(b.pahole, "--version").Output()
	if err != nil {
		return fmt.Errorf("%s has no BTF to compare with, so pahole is needed: %w", b.Vmlinux, err)
	}
	b.version = strings.TrimSpace(string(out))
	if want, ok := strings.CutPrefix(b.features, "pahole-"); ok && b.version != "v"+want {
		return fmt.Errorf("%s is %s, which cannot be compared with the features %s: name one that is v%s", b.pahole, b.version, b.features, want)
	}
	return nil
}
