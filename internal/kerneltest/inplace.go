package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gobtfenc/gobtfenc/internal/checks"
	"github.com/gobtfenc/gobtfenc/internal/cost"
)

// encodeInPlace encodes a copy of all modules in place, twice.
func encodeInPlace(t *checks.Tally, e *encoders, tree string) error {
	if err := os.Mkdir(tree, 0o755); err != nil {
		return err
	}
	copies := make([]string, len(e.Modules))
	for i, m := range e.Modules {
		copies[i] = filepath.Join(tree, filepath.Base(m))
	}
	args := append([]string{"--reflink=auto", "--preserve=mode,timestamps", "--target-directory", tree}, e.Modules...)
	if _, err := e.run("cp", nil, args...); err != nil {
		return err
	}
	encode := func() (cost.Cost, error) {
		args := []string{"encode", "--base", e.Vmlinux, "--features", compat, "-j2"}
		return e.run(e.tool, nil, append(args, copies...)...)
	}
	first, err := encode()
	if err != nil {
		return err
	}
	before, err := times(copies)
	if err != nil {
		return err
	}
	second, err := encode()
	if err != nil {
		return err
	}
	after, err := times(copies)
	if err != nil {
		return err
	}
	t.Note("in place: %s", first)
	t.Note("in place again: %s", second)
	t.Check(slices.Equal(before, after), "a second run in place touches no file")
	names, err := os.ReadDir(tree)
	if err != nil {
		return err
	}
	t.Check(len(names) == len(copies), "%d files in the folder of %d modules", len(names), len(copies))
	t.Check(max(first.RSS, second.RSS) < maxRSS, "peak memory in place %s, below %s", cost.MiB(max(first.RSS, second.RSS)), cost.MiB(maxRSS))
	return nil
}

// times returns when each file's content last changed.
func times(paths []string) ([]time.Time, error) {
	var all []time.Time
	for _, p := range paths {
		st, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		all = append(all, st.ModTime())
	}
	return all, nil
}

// compareInPlace checks the copy that encodeInPlace made.
func compareInPlace(t *checks.Tally, e *encoders, tree string) error {
	c := &comparer{encoders: e}
	var changed, other []string
	err := c.each(func(mu *sync.Mutex, module, name string) error {
		path := filepath.Join(tree, filepath.Base(module))
		got, err := section(path, ".BTF")
		if err != nil {
			return err
		}
		want, err := os.ReadFile(filepath.Join(e.out("j2"), name+".btf"))
		if err != nil {
			return err
		}
		diff, err := otherSections(module, path)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if !bytes.Equal(got, want) {
			changed = append(changed, name)
		}
		if diff != "" {
			other = append(other, name+": "+diff)
		}
		return nil
	})
	if err != nil {
		return err
	}
	t.Check(len(changed) == 0, "%d modules encoded in place have another .BTF than --out-dir gives", len(changed))
	tell(t, changed)
	t.Check(len(other) == 0, "%d modules encoded in place differ in another section", len(other))
	tell(t, other)
	return nil
}

// otherSections says in which section two ELF files differ: in content, or in
// what its header says but for the offset in the file. .BTF is to, and the
// content of .BTF_ids goes with it (btfids.go).
func otherSections(before, after string) (string, error) {
	a, err := elf.Open(before)
	if err != nil {
		return "", err
	}
	defer a.Close()
	b, err := elf.Open(after)
	if err != nil {
		return "", err
	}
	defer b.Close()
	if a.FileHeader != b.FileHeader {
		return "ELF header", nil
	}
	if len(a.Sections) != len(b.Sections) {
		return fmt.Sprintf("%d sections, then %d", len(a.Sections), len(b.Sections)), nil
	}
	for i, x := range a.Sections {
		y := b.Sections[i]
		if x.Name == ".BTF" && y.Name == ".BTF" {
			continue
		}
		xh, yh := x.SectionHeader, y.SectionHeader
		xh.Offset, yh.Offset = 0, 0
		if xh != yh {
			return fmt.Sprintf("section %d: header of %s", i, strings.TrimSpace(x.Name)), nil
		}
		if x.Name == ".BTF_ids" {
			continue
		}
		same, err := sameContent(x, y)
		if err != nil || !same {
			return fmt.Sprintf("section %d: %s", i, x.Name), err
		}
	}
	return "", nil
}

func sameContent(x, y *elf.Section) (bool, error) {
	if x.Type == elf.SHT_NOBITS {
		return true, nil
	}
	// Raw bytes: a compressed section stays as it was compressed.
	p, q := make([]byte, 1<<16), make([]byte, 1<<16)
	for off := int64(0); off < int64(x.FileSize); {
		n := min(int64(len(p)), int64(x.FileSize)-off)
		if _, err := x.ReaderAt.ReadAt(p[:n], off); err != nil && err != io.EOF {
			return false, err
		}
		if _, err := y.ReaderAt.ReadAt(q[:n], off); err != nil && err != io.EOF {
			return false, err
		}
		if !bytes.Equal(p[:n], q[:n]) {
			return false, nil
		}
		off += n
	}
	return true, nil
}
