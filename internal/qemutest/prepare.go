package main

import (
	"context"
	"debug/elf"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// Modules go the way that a distribution's go: they are encoded in place, with
// their DWARF in them, and stripped of that afterwards. Stripped, all of them
// are small enough for an initramfs. What gobtfenc wrote is read in between, so
// that the kernel's BTF is compared with that and not with what was left of it.

// variant is one way to encode modules. Each has a folder of its own, here and
// in the guest.
type variant struct {
	name    string
	modules []string
	base    string   // path
	flags   []string // of gobtfenc encode
}

// built is a module as it is put into the guest.
type built struct {
	path      string // here
	btf       []byte // what gobtfenc wrote
	distilled []byte // .BTF.base, nil if there is none
	relocated string // with .BTF.base: the types that a kernel is to make of it, as text
}

// guestPath is where the module of a variant lies in the guest.
func (v *variant) guestPath(name string) string { return "/" + v.name + "/" + name + ".ko" }

// build copies a variant's modules, encodes them in place, as a build of a
// kernel does, and takes their DWARF out.
func (h *host) build(v *variant) (map[string]built, error) {
	dir := filepath.Join(h.work, v.name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	made := make([]built, len(v.modules))
	sources := []string{"--reflink=auto", "--target-directory", dir}
	args := append([]string{"encode", "--base", v.base}, v.flags...)
	for i, name := range v.modules {
		m := h.modules[name]
		if m == nil {
			return nil, fmt.Errorf("no module %s", name)
		}
		made[i].path = filepath.Join(dir, filepath.Base(m.path))
		sources, args = append(sources, m.path), append(args, made[i].path)
	}
	if err := command(h.ctx, "cp", sources...); err != nil {
		return nil, err
	}
	start := time.Now()
	if err := command(h.ctx, h.tool, args...); err != nil {
		return nil, err
	}
	h.t.Note("%s: %d modules encoded in %v", v.name, len(made), since(start))

	var g errgroup.Group
	g.SetLimit(runtime.NumCPU())
	for i := range made {
		g.Go(func() error { return h.finish(&made[i]) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	all := map[string]built{}
	for i, name := range v.modules {
		all[name] = made[i]
	}
	return all, nil
}

// finish looks at what was written into a module and takes its DWARF out.
func (h *host) finish(b *built) (err error) {
	if b.btf, b.distilled, err = sections(b.path); err != nil {
		return err
	}
	if b.distilled != nil {
		r, err := encoder.ReadSplit(b.path, h.vmlinux)
		if err != nil {
			return err
		}
		b.relocated = btftest.Text(r)
	}
	return command(h.ctx, "objcopy", "--strip-debug", b.path)
}

func command(ctx context.Context, name string, args ...string) error {
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// sections returns a module's .BTF and .BTF.base. Go's own reader is asked, so
// that what gobtfenc wrote is not read by what wrote it.
func sections(path string) (own, distilled []byte, err error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	s := f.Section(".BTF")
	if s == nil {
		return nil, nil, fmt.Errorf("%s: no section .BTF", path)
	}
	if own, err = s.Data(); err != nil {
		return nil, nil, fmt.Errorf("%s: section .BTF: %w", path, err)
	}
	if s := f.Section(".BTF.base"); s != nil {
		distilled, err = s.Data()
	}
	return own, distilled, err
}

// shuffledBase writes the types of vmlinux in another order, for a kernel that
// is another but has the same types.
func (h *host) shuffledBase() (path string, err error) {
	other := btftest.Shuffle(h.base, rand.New(rand.NewPCG(6, 12)))
	path = filepath.Join(h.work, "other.btf")
	return path, os.WriteFile(path, btf.Append(nil, &other.Types, other.Strs, other.Order), 0o644)
}

// writeInitramfs puts this program, the steps and the modules into an archive.
func writeInitramfs(w io.Writer, steps []step, modules map[string]string) error {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	c := cpioWriter{w: w}
	for _, dir := range []string{"proc", "sys", "dev", "tmp"} {
		c.add(dir, cpioFolder, nil)
	}
	c.add("init", cpioProg, self)
	c.add(stepsFile[1:], cpioFile, formatSteps(steps))
	folders := map[string]bool{}
	for _, to := range slices.Sorted(maps.Keys(modules)) {
		if dir := filepath.Dir(to)[1:]; !folders[dir] {
			folders[dir] = true
			c.add(dir, cpioFolder, nil)
		}
		content, err := os.ReadFile(modules[to])
		if err != nil {
			return err
		}
		c.add(to[1:], cpioFile, content)
	}
	return c.close()
}
