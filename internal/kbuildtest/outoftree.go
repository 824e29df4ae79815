package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// What a kernel developer and what DKMS does: modules of their own, built against an object tree
// or a headers package. The base is what lies there under the name of vmlinux: the kernel itself,
// its raw BTF as the running kernel shows it, or nothing.

// extmod is a folder of modules and the kernel that they are built against.
type extmod struct {
	*bench
	headers string // the kernel's build directory, or one that looks like it
	dir     string // M=
}

// make builds the modules, of which only the last link and what follows is done again.
func (x *extmod) make(pahole string, args ...string) built {
	old, _ := filepath.Glob(filepath.Join(x.dir, "*.ko"))
	for _, ko := range old {
		os.Remove(ko) //nolint:errcheck // make tells
	}
	fixed := []string{"-C", x.headers, "M=" + x.dir, "PAHOLE=" + pahole, fmt.Sprintf("-j%d", jobs), timestamp}
	if x.llvm != "" {
		fixed = append(fixed, "LLVM="+x.llvm)
	}
	return start(x.log, exec.Command("make", append(append(fixed, args...), "modules")...))
}

// outOfTree builds modules of our own against headers in all these ways.
func (b *bench) outOfTree(headers string) error {
	v, err := paholeVersion(b.reference)
	if err != nil {
		return err
	}
	x := &extmod{b, headers, filepath.Join(b.work, "extmod")}
	if err := os.RemoveAll(x.dir); err != nil {
		return err
	}
	if err := os.CopyFS(x.dir, os.DirFS(b.modules)); err != nil {
		return err
	}
	base, err := section(filepath.Join(headers, "vmlinux"), ".BTF")
	if err != nil {
		return err
	}
	for _, step := range []struct {
		what    string
		vmlinux []byte // nil: as it is
	}{
		{"vmlinux", nil},
		{"raw BTF named vmlinux", base},
	} {
		if step.vmlinux != nil {
			if x.headers, err = b.lookalike(headers, "raw", step.vmlinux); err != nil {
				return err
			}
		}
		if err := x.against(step.what, base, v); err != nil {
			return err
		}
	}
	if err := x.distilled(base); err != nil {
		return err
	}
	return x.bases(headers, base)
}

// against builds with pahole and with the shim, and wants the same.
func (x *extmod) against(what string, base []byte, v version) error {
	asked := fmt.Sprintf("CONFIG_PAHOLE_VERSION=%d", v.number)
	m := x.make(x.reference, asked)
	if m.err != nil {
		return fmt.Errorf("make M= with pahole: %w", m.err)
	}
	want, err := x.read(base)
	if err != nil {
		return err
	}
	m = x.make(x.shim, asked)
	x.Check(m.err == nil && len(m.complaints()) == 0, "%s: make M= PAHOLE=shim, %s%s", what, asked, because(m.err))
	tell(x.bench, m.complaints())
	if m.err != nil {
		return nil
	}
	got, err := x.read(base)
	if err != nil {
		return err
	}
	d, err := compareModules(btftest.NewReferee(), want, got)
	if err != nil {
		return err
	}
	x.Check(d.none() && len(d.ids) == 0, "%s: %d modules against pahole's: %s, %d of %d with other .BTF_ids",
		what, len(want.modules), d, len(d.ids), want.withIDs())
	tell(x.bench, append(d.files, d.ids...))
	x.Check(got.bytes <= want.bytes, "%s: .BTF of %d modules: %d bytes, at most the %d of pahole", what, len(want.modules), got.bytes, want.bytes)
	return nil
}

// distilled has Kbuild ask for a base of the module's own, as it does since pahole 1.26.
func (x *extmod) distilled(base []byte) error {
	plain := x.make(x.shim, "CONFIG_PAHOLE_VERSION=131", "MODULE_PAHOLE_FLAGS=")
	if plain.err != nil {
		return fmt.Errorf("make M= PAHOLE=shim: %w", plain.err)
	}
	want, err := x.read(base)
	if err != nil {
		return err
	}
	m := x.make(x.shim, "CONFIG_PAHOLE_VERSION=131")
	x.Check(m.err == nil && len(m.complaints()) == 0, "distilled: make M= PAHOLE=shim%s", because(m.err))
	tell(x.bench, m.complaints())
	if m.err != nil {
		return nil
	}
	got, err := x.read(base)
	if err != nil {
		return err
	}
	var bad []string
	size := 0
	for name, g := range got.modules {
		distilled, err := section(filepath.Join(x.dir, name), ".BTF.base")
		switch {
		case err != nil:
			bad = append(bad, err.Error())
			continue
		case g.ids != want.modules[name].ids:
			bad = append(bad, fmt.Sprintf("%s: %s, wanted %s", name, g.ids, want.modules[name].ids))
		case !slices.Equal(names(g.btf), names(want.modules[name].btf)):
			bad = append(bad, name+": other functions and variables")
		}
		if err := btf.CheckDistilled(g.btf.Base); err != nil {
			bad = append(bad, fmt.Sprintf("%s: .BTF.base: %v", name, err))
		}
		size += len(distilled)
	}
	x.Check(len(bad) == 0, "distilled: %d modules with .BTF.base (%d bytes), the same functions, variables and .BTF_ids as without", len(got.modules), size)
	tell(x.bench, bad)
	return nil
}

// names returns the functions and variables of a module.
func names(b *btf.BTF) []string {
	var all []string
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		switch k := b.Row(id).Info.Kind(); k {
		case btf.KindFunc, btf.KindVar, btf.KindDatasec:
			all = append(all, fmt.Sprintf("%s %s", k, b.Name(id)))
		}
	}
	slices.Sort(all)
	return all
}

// bases builds where vmlinux is not there or is none.
func (x *extmod) bases(headers string, base []byte) error {
	var err error
	if x.headers, err = x.lookalike(headers, "none", nil); err != nil {
		return err
	}
	m := x.make(x.shim)
	skipped := strings.Count(m.out, "Skipping BTF generation for ")
	kos, _ := filepath.Glob(filepath.Join(x.dir, "*.ko"))
	x.Check(m.err == nil && skipped == len(kos) && skipped > 0, "no vmlinux: make says %d times \"Skipping BTF generation\" and succeeds%s", skipped, because(m.err))

	for _, c := range []struct {
		what    string
		vmlinux []byte
	}{
		{"half a BTF", base[:len(base)/2]},
		{"an empty file", []byte{}},
		{"text", []byte("not a kernel\n")},
	} {
		if x.headers, err = x.lookalike(headers, "bad", c.vmlinux); err != nil {
			return err
		}
		m := x.make(x.shim)
		said := slices.DeleteFunc(m.complaints(), func(l string) bool {
			return strings.Contains(l, "***") || !strings.Contains(l, "vmlinux") || !strings.Contains(l, "gobtfenc") && !strings.Contains(l, "pahole:")
		})
		x.Check(m.err != nil && len(said) > 0, "%s named vmlinux: make fails and says why", c.what)
		for _, l := range said[:min(1, len(said))] {
			x.Note("%s", l)
		}
	}
	return nil
}

// lookalike makes a folder like headers with another vmlinux: nil is none.
func (b *bench) lookalike(headers, name string, vmlinux []byte) (string, error) {
	dir := filepath.Join(b.work, "headers-"+name)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(headers)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if e.Name() == "vmlinux" {
			continue
		}
		if err := os.Symlink(filepath.Join(headers, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return "", err
		}
	}
	if vmlinux == nil {
		return dir, nil
	}
	return dir, os.WriteFile(filepath.Join(dir, "vmlinux"), vmlinux, 0o644)
}

// read reads the modules that were built.
func (x *extmod) read(raw []byte) (*kernelBTF, error) {
	k := &kernelBTF{modules: map[string]*moduleBTF{}, baseBytes: len(raw)}
	var err error
	if k.base, err = btf.Parse(raw, nil); err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(x.dir, "*.ko"))
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		m, err := readModule(p, k.base)
		if err != nil {
			return nil, err
		}
		k.modules[filepath.Base(p)] = m
		k.bytes += len(m.raw)
	}
	if len(k.modules) == 0 {
		return nil, fmt.Errorf("%s: no modules", x.dir)
	}
	return k, nil
}
