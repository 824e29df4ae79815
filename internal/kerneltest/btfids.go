package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/checks"
	"github.com/gobtfenc/gobtfenc/internal/idstest"
)

// The .BTF_ids of a kernel were filled in with the ids of its own BTF by
// resolve_btfids. Emptied and filled in again they have to be the same bytes;
// with ids of BTF made here they have to mean the same.

// idFile is a file with .BTF_ids.
type idFile struct {
	path    string // of the copy that is worked on
	from    string
	base    *btf.BTF // nil for vmlinux
	section *idstest.Section
	meaning []string
	empty   []byte
}

// idFiles returns the files that have .BTF_ids, and the paths of the others.
func idFiles(e *encoders) (files []*idFile, others []string, err error) {
	raw, err := section(e.Vmlinux, ".BTF")
	if err != nil {
		return nil, nil, err
	}
	base, err := btf.Parse(raw, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, path := range append([]string{e.Vmlinux}, e.Modules...) {
		s, err := idstest.Read(path)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		if s == nil {
			others = append(others, path)
			continue
		}
		f := &idFile{from: path, section: s}
		shipped := base
		if path != e.Vmlinux {
			f.base = base
			if shipped, err = parseSection(path, base); err != nil {
				return nil, nil, err
			}
		}
		f.meaning = s.Meaning(shipped)
		if f.empty, err = s.Empty(shipped); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		files = append(files, f)
	}
	return files, others, nil
}

func parseSection(path string, base *btf.BTF) (*btf.BTF, error) {
	raw, err := section(path, ".BTF")
	if err != nil {
		return nil, err
	}
	return btf.Parse(raw, base)
}

// reset makes the copy what the compiler left.
func (f *idFile) reset(e *encoders) error {
	dir := e.out("ids")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f.path = filepath.Join(dir, filepath.Base(f.from))
	if _, err := e.run("cp", nil, "--reflink=auto", f.from, f.path); err != nil {
		return err
	}
	return f.section.Write(f.path, f.empty)
}

// withBase puts the base in front of a command's arguments.
func (f *idFile) withBase(e *encoders, flag string, args ...string) []string {
	if f.base == nil {
		return args
	}
	return append([]string{flag, e.Vmlinux}, args...)
}

// data returns .BTF_ids of the copy.
func (f *idFile) data() ([]byte, error) {
	s, err := idstest.Read(f.path)
	if err != nil {
		return nil, err
	}
	return s.Data, nil
}

// means reports whether ids mean by b what they meant.
func (f *idFile) means(ids []byte, b *btf.BTF) bool {
	s := *f.section
	s.Data = ids
	return slices.Equal(s.Meaning(b), f.meaning)
}

func resolveIDs(t *checks.Tally, e *encoders) error {
	files, others, err := idFiles(e)
	if err != nil {
		return err
	}
	// What encode makes of vmlinux does not go into it, but through a linker.
	modules := slices.DeleteFunc(slices.Clone(files), func(f *idFile) bool { return f.base == nil })
	for _, c := range []struct {
		what string
		do   func(*idFile, *encoders) (bool, error)
		of   []*idFile
	}{
		{"filled in again are the same bytes", (*idFile).sameAgain, files},
		{"filled in by encode mean the same", (*idFile).byEncode, modules},
		{"of distilled BTF, in order of names, mean the same", (*idFile).byDistilled, modules},
		{"made in the steps of Linux 7.0 mean the same", (*idFile).bySteps, files},
		{"encoded three times, in two orders, are as encoded once", (*idFile).twice, modules},
	} {
		var bad []string
		for _, f := range c.of {
			if err := f.reset(e); err != nil {
				return err
			}
			good, err := c.do(f, e)
			if err != nil {
				return err
			}
			if !good {
				bad = append(bad, filepath.Base(f.from))
			}
		}
		t.Check(len(bad) == 0, "%d of %d .BTF_ids %s", len(c.of)-len(bad), len(c.of), c.what)
		tell(t, bad)
	}
	for _, path := range others {
		if _, err := e.run(e.tool, nil, "resolve-btfids", "-b", "no-such-file", path); err != nil {
			t.Check(false, "a module without .BTF_ids needs its base: %v", err)
			return nil
		}
	}
	t.Check(true, "%d modules without .BTF_ids need no base", len(others))
	return nil
}

func (f *idFile) sameAgain(e *encoders) (bool, error) {
	if _, err := e.run(e.tool, nil, append([]string{"resolve-btfids"}, f.withBase(e, "-b", f.path)...)...); err != nil {
		return false, err
	}
	got, err := f.data()
	return bytes.Equal(got, f.section.Data), err
}

// byEncode has encode do it.
func (f *idFile) byEncode(e *encoders) (bool, error) {
	if err := f.encode(e); err != nil {
		return false, err
	}
	return f.good(f.base)
}

func (f *idFile) encode(e *encoders, flags ...string) error {
	args := append([]string{"encode", "--resolve-btfids", "--fatal-warnings", "--base", e.Vmlinux}, flags...)
	_, err := e.run(e.tool, nil, append(args, f.path)...)
	return err
}

// good reports whether the ids of the copy mean by its own BTF what they meant.
func (f *idFile) good(base *btf.BTF) (bool, error) {
	b, err := parseSection(f.path, base)
	if err != nil {
		return false, err
	}
	ids, err := f.data()
	return err == nil && f.means(ids, b), err
}

func (f *idFile) byDistilled(e *encoders) (bool, error) {
	if err := f.encode(e, "--features", "+distilled_base", "--target-kernel", "7.0"); err != nil {
		return false, err
	}
	raw, err := section(f.path, ".BTF.base")
	if err != nil {
		return false, err
	}
	own, err := btf.Parse(raw, nil)
	if err != nil {
		return false, err
	}
	return f.good(own)
}

func (f *idFile) twice(e *encoders) (bool, error) {
	if err := f.encode(e); err != nil {
		return false, err
	}
	once, err := f.data()
	if err != nil {
		return false, err
	}
	for _, flags := range [][]string{{"--sort"}, nil} {
		if err := f.encode(e, flags...); err != nil {
			return false, err
		}
	}
	again, err := f.data()
	return bytes.Equal(once, again), err
}

// bySteps goes the way of scripts/gen-btf.sh.
func (f *idFile) bySteps(e *encoders) (bool, error) {
	if _, err := e.run(e.tool, nil, append([]string{"encode", "--detached", f.path + ".BTF.1"}, f.withBase(e, "--base", f.path)...)...); err != nil {
		return false, err
	}
	args := f.withBase(e, "--btf_base", "--fatal_warnings", "--btf", f.path+".BTF.1", f.path)
	if _, err := e.run(e.tool, nil, append([]string{"resolve-btfids"}, args...)...); err != nil {
		return false, err
	}
	if _, err := e.run(e.tool, nil, "resolve-btfids", "--patch_btfids", f.path+".BTF_ids", f.path); err != nil {
		return false, err
	}
	made, err := parseFile(f.path+".BTF", f.base)
	if err != nil {
		return false, err
	}
	ids, err := f.data()
	return err == nil && inOrder(made) && f.means(ids, made), err
}
