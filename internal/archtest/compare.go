package main

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// shippedBTF returns the .BTF of a module.
func shippedBTF(module string) ([]byte, error) {
	f, err := elf.Open(module)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := f.Section(".BTF")
	if s == nil {
		return nil, fmt.Errorf("%s: no .BTF", module)
	}
	return s.Data()
}

func parseFile(path string, base *btf.BTF) (*btf.BTF, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return btf.Parse(raw, base)
}

// compareVmlinux compares the file got with the BTF in want.
func (b *bench) compareVmlinux(gotFile string, wantRaw []byte, what string) error {
	want, err := btf.Parse(wantRaw, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	got, err := parseFile(gotFile, nil)
	if err != nil {
		return err
	}
	b.Check(got.Order == b.elf.ByteOrder, "vmlinux: BTF in the byte order of the file, %v", b.elf.ByteOrder)
	d := btftest.Compare(want, got)
	b.Check(d.Empty(), "vmlinux against %s: %s", what, d)
	ptr := 4
	if b.elf.Class == elf.ELFCLASS64 {
		ptr = 8
	}
	raw, err := os.ReadFile(gotFile)
	if err != nil {
		return err
	}
	said := "taken"
	if err = btf.Check(raw, nil, btf.Rules{Load: true, PtrSize: ptr}); err != nil {
		said = err.Error()
	}
	b.Check(err == nil, "vmlinux by the kernel's rules, %d types, %d bytes: %s", got.NumTypes(), len(raw), said)
	return nil
}

// totals sums a comparison over modules.
type totals struct {
	missing, extra, dup, dupInBase int
	types                          int
	want, got                      int
	unequal, known                 []string
}

// zero reports whether all of it is the same.
func (t *totals) zero() bool { return t.missing+t.extra+t.dup+t.dupInBase == 0 }

// compareModules compares what was made of the files with what want gives.
func (b *bench) compareModules(files []string, what string, want func(module string) ([]byte, error)) error {
	base, err := b.parseBase()
	if err != nil {
		return err
	}
	var sum totals
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(jobs)
	referee := btftest.NewReferee()
	known := &knowns{base: base, declared: map[string]*btf.BTF{}, referee: referee}
	for _, m := range files {
		g.Go(func() error {
			wantRaw, err := want(m)
			if err != nil {
				return err
			}
			w, err := btf.Parse(wantRaw, base)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", m, what, err)
			}
			gotRaw, err := os.ReadFile(b.result("modules", m))
			if err != nil {
				return err
			}
			got, err := btf.Parse(gotRaw, base)
			if err != nil {
				return fmt.Errorf("%s: %w", m, err)
			}
			d := referee.Compare(w, got)
			mu.Lock()
			defer mu.Unlock()
			sum.types += got.NumOwn()
			sum.want += len(wantRaw)
			sum.got += len(gotRaw)
			if !d.Empty() {
				sum.differs(m, d, known.explain(m, w, got, d))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	b.Check(sum.zero(), "%d modules against %s: missing=%d extra=%d dup=%d dup_in_base=%d but for %d known differences; %d types, %d bytes of %d",
		len(files), what, sum.missing, sum.extra, sum.dup, sum.dupInBase, len(sum.known), sum.types, sum.got, sum.want)
	b.tell(sum.unequal)
	b.tell(sum.known)
	return nil
}

// differs adds a module that is not the same, and what is wrong with it unless that is known.
func (t *totals) differs(module string, d btftest.Diff, wrong error) {
	if wrong == nil {
		t.known = append(t.known, fmt.Sprintf("%s: missing=%d extra=%d, as units that only declare struct %s may mean another one: known",
			module, len(d.Missing), len(d.Extra), disputed[filepath.Base(module)]))
		return
	}
	t.missing += len(d.Missing)
	t.extra += len(d.Extra)
	t.dup += len(d.Dup)
	t.dupInBase += len(d.DupInBase)
	t.unequal = append(t.unequal, fmt.Sprintf("%s: %v: %s", module, wrong, d))
}

// parseBase parses what the modules stand on.
func (b *bench) parseBase() (*btf.BTF, error) {
	if b.shipped != nil {
		return btf.Parse(b.shipped, nil)
	}
	return parseFile(b.base, nil)
}

// tell shows the first of what is wrong, in an order of its own.
func (b *bench) tell(lines []string) {
	slices.Sort(lines)
	for i, l := range lines {
		if i == 10 {
			b.Note("… and %d more", len(lines)-i)
			return
		}
		b.Note("%s", l)
	}
}
