package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/checks"
	"github.com/gobtfenc/gobtfenc/internal/kerneldir"
)

// totals sums a comparison over all modules.
type totals struct {
	missing, extra, dup, dupInBase int
	larger                         []string // modules that are larger than what they are compared with
	unequal                        []string // the first modules that differ, with what
	want, got                      uint64   // bytes
}

func (t *totals) zero() bool { return t.missing+t.extra+t.dup+t.dupInBase == 0 }

func (t *totals) String() string {
	return fmt.Sprintf("missing=%d extra=%d dup=%d dup_in_base=%d", t.missing, t.extra, t.dup, t.dupInBase)
}

// comparer compares results by meaning.
type comparer struct {
	*encoders
	base    *btf.BTF
	referee *btftest.Referee
}

// compareAll checks what measure left behind.
func compareAll(t *checks.Tally, e *encoders, corpus string) error {
	raw, err := section(e.Vmlinux, ".BTF")
	if err != nil {
		return err
	}
	base, err := btf.Parse(raw, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", e.Vmlinux, err)
	}
	c := &comparer{e, base, btftest.NewReferee()}

	shipped := func(module string) ([]byte, error) { return section(module, ".BTF") }
	if err := c.compare(t, "j2", "the BTF that the modules ship with", shipped); err != nil {
		return err
	}
	if err := c.samePahole(t, shipped); err != nil {
		return err
	}
	head, err := headResults(corpus, e.Kernel)
	switch {
	case errors.Is(err, os.ErrNotExist):
		t.Note("no results of pahole's head for %s to compare the default features with", e.Release)
	case err != nil:
		return err
	default:
		if err := c.compare(t, "default", "pahole's head", head); err != nil {
			return err
		}
	}
	if err := c.explained(t, "default"); err != nil {
		return err
	}
	if err := c.sameBytes(t); err != nil {
		return err
	}
	return c.splitting(t)
}

// compare checks the folder out against what want gives for each module.
func (c *comparer) compare(t *checks.Tally, out, what string, want func(module string) ([]byte, error)) error {
	var sum totals
	err := c.each(func(mu *sync.Mutex, module, name string) error {
		wantRaw, err := want(module)
		if err != nil {
			return err
		}
		gotRaw, err := os.ReadFile(filepath.Join(c.out(out), name+".btf"))
		if err != nil {
			return err
		}
		w, err := btf.Parse(wantRaw, c.base)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		g, err := btf.Parse(gotRaw, c.base)
		if err != nil {
			return err
		}
		d := c.referee.Compare(w, g)
		mu.Lock()
		defer mu.Unlock()
		sum.missing += len(d.Missing)
		sum.extra += len(d.Extra)
		sum.dup += len(d.Dup)
		sum.dupInBase += len(d.DupInBase)
		sum.want += uint64(len(wantRaw))
		sum.got += uint64(len(gotRaw))
		if len(gotRaw) > len(wantRaw) {
			sum.larger = append(sum.larger, fmt.Sprintf("%s: %d bytes, %d wanted", name, len(gotRaw), len(wantRaw)))
		}
		if !d.Empty() {
			sum.unequal = append(sum.unequal, name+": "+d.String())
		}
		return nil
	})
	if err != nil {
		return err
	}
	t.Check(sum.zero(), "%d modules against %s: %s", len(c.Modules), what, &sum)
	tell(t, sum.unequal)
	t.Check(len(sum.larger) == 0, "%d modules larger than %s", len(sum.larger), what)
	tell(t, sum.larger)
	t.Check(sum.got <= sum.want, "%d bytes, at most the %d of %s", sum.got, sum.want, what)
	return nil
}

// samePahole checks that the pahole of this machine makes the very bytes that
// the modules ship with: what the time is compared with does the same work.
func (c *comparer) samePahole(t *checks.Tally, shipped func(string) ([]byte, error)) error {
	same := 0
	err := c.each(func(mu *sync.Mutex, module, name string) error {
		want, err := shipped(module)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(filepath.Join(c.out("pahole"), name+".btf"))
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if bytes.Equal(want, got) {
			same++
		}
		return nil
	})
	if err != nil {
		return err
	}
	t.Note("pahole %s makes the bytes that %d of %d modules ship with", c.paholeVersion, same, len(c.Modules))
	return nil
}

// sameBytes checks that neither -j nor the order of arguments shows.
func (c *comparer) sameBytes(t *checks.Tally) error {
	want, err := c.hash("j2")
	if err != nil {
		return err
	}
	for _, out := range []string{"j1", "shuffled", "again"} {
		got, err := c.hash(out)
		if err != nil {
			return err
		}
		t.Check(got == want, "the bytes of -j2 and of %s are the same", map[string]string{
			"j1": "-j1", "shuffled": "a shuffled argument list", "again": "a second run"}[out])
	}
	return nil
}

func (c *comparer) hash(out string) ([sha256.Size]byte, error) {
	h := sha256.New()
	for _, m := range c.Modules {
		b, err := os.ReadFile(filepath.Join(c.out(out), moduleName(m)+".btf"))
		if err != nil {
			return [sha256.Size]byte{}, err
		}
		fmt.Fprintf(h, "%s %d\n", moduleName(m), len(b))
		h.Write(b)
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// splitting tells what it is all for.
func (c *comparer) splitting(t *checks.Tally) error {
	var alone, split int64
	for _, m := range c.Modules {
		for _, o := range []struct {
			out string
			sum *int64
		}{{"alone", &alone}, {"default", &split}} {
			st, err := os.Stat(filepath.Join(c.out(o.out), moduleName(m)+".btf"))
			if err != nil {
				return err
			}
			*o.sum += st.Size()
		}
	}
	t.Check(split*10 < alone, "%d modules: BTF without base %.1f MB, split %.1f MB, %.1f times less",
		len(c.Modules), float64(alone)/1e6, float64(split)/1e6, float64(alone)/float64(split))
	return nil
}

// each calls f for every module, several at once; f locks mu where it writes
// what is shared.
func (c *comparer) each(f func(mu *sync.Mutex, module, name string) error) error {
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(jobs)
	for _, m := range c.Modules {
		g.Go(func() error {
			name := moduleName(m)
			if err := f(&mu, m, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// tell shows the first of what is wrong, in an order of its own.
func tell(t *checks.Tally, lines []string) {
	slices.Sort(lines)
	for i, l := range lines {
		if i == 10 {
			t.Note("… and %d more", len(lines)-i)
			return
		}
		t.Note("%s", l)
	}
}

// headResults returns what pahole's head made of the modules of k. The error
// is os.ErrNotExist where that is not known.
func headResults(corpus string, k *kerneldir.Kernel) (func(module string) ([]byte, error), error) {
	if corpus == "" || k.Release != headRelease {
		return nil, os.ErrNotExist
	}
	f, err := os.Open(filepath.Join(corpus, "all-modules.head.tar.zst"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	results := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if filepath.Ext(h.Name) != ".btf" {
			continue
		}
		if results[filepath.Base(h.Name)], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
	return func(module string) ([]byte, error) {
		b := results[moduleName(module)+".btf"]
		if b == nil {
			return nil, errors.New("not among the results of pahole's head")
		}
		return b, nil
	}, nil
}

// headRelease is the kernel that the corpus has results of pahole's head for.
const headRelease = "6.12.111+deb12-cloud-amd64"
