package encoder_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/gobtfenc/gobtfenc/encoder"
)

// counter counts goroutines that work at once.
type counter struct {
	mu       sync.Mutex
	now, max int
}

func (c *counter) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += n
	c.max = max(c.max, c.now)
}

// purse has so many tokens.
type purse struct {
	tokens chan struct{}
	taken  counter
}

func newPurse(n int) *purse {
	p := &purse{tokens: make(chan struct{}, n)}
	for range n {
		p.tokens <- struct{}{}
	}
	return p
}

func (p *purse) Acquire(ctx context.Context) (release func(), ok bool) {
	select {
	case <-p.tokens:
		p.taken.add(1)
		return func() { p.taken.add(-1); p.tokens <- struct{}{} }, true
	case <-ctx.Done():
		return nil, false
	}
}

// copiesOf makes n copies of a module.
func copiesOf(t testing.TB, name string, n int) []string {
	t.Helper()
	data := readFile(t, filepath.Join(kernelTree, "obj", name))
	dir := t.TempDir()
	files := make([]string, n)
	for i := range files {
		files[i] = filepath.Join(dir, fmt.Sprintf("m%d.ko", i))
		if err := os.WriteFile(files[i], data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// sourceOf names an object to make n copies of. Few must have many units.
func sourceOf(n int) string {
	if n < 8 {
		return "vmlinux"
	}
	return "kinds.ko"
}

// TestTokens: no more goroutines work than there are tokens, and one; be they
// of many files or of one with many units. All tokens come back.
func TestTokens(t *testing.T) {
	encoder.ManyJobs(t)
	for _, c := range []struct {
		files, jobs, tokens int
		busy                int // most that may work
	}{
		{40, 8, 0, 1}, {40, 8, 2, 3}, {40, 2, 7, 2}, {40, 1, 7, 1},
		{1, 8, 0, 1}, {1, 8, 2, 3}, {1, 3, 7, 3}, {2, 8, 3, 4}, {3, 8, 3, 4},
	} {
		t.Run(fmt.Sprintf("%d files, -j%d, %d tokens", c.files, c.jobs, c.tokens), func(t *testing.T) {
			files := copiesOf(t, sourceOf(c.files), c.files)
			opts := options(t)
			opts.Base, opts.Jobs = treeBase(t), c.jobs
			want := encode(t, opts, files[0])

			var busy counter
			opts.OnBusy(busy.add)
			p := newPurse(c.tokens)
			opts.Tokens = p
			for round := 0; round < 100 && busy.max < c.busy; round++ {
				for _, got := range encodeAll(t, opts, files...) {
					if !bytes.Equal(got, want) {
						t.Fatal("other bytes than without tokens")
					}
				}
			}
			if busy.max != c.busy {
				t.Errorf("%d at once, want %d", busy.max, c.busy)
			}
			if busy.now != 0 || p.taken.now != 0 || len(p.tokens) != c.tokens {
				t.Errorf("%d busy, %d tokens taken, %d of %d there", busy.now, p.taken.now, len(p.tokens), c.tokens)
			}
		})
	}
}

// An interrupted run gives its tokens back too.
func TestTokensInterrupted(t *testing.T) {
	files := copiesOf(t, "kinds.ko", 40)
	opts := options(t)
	opts.Base, opts.Jobs, opts.OutDir = treeBase(t), 4, t.TempDir()
	p := newPurse(3)
	opts.Tokens = p
	ctx, cancel := context.WithCancel(context.Background())
	opts.Done = func(*encoder.Result) { cancel() }
	if _, err := encoder.Run(ctx, files, opts); err != nil {
		t.Fatal(err)
	}
	if p.taken.now != 0 || len(p.tokens) != 3 {
		t.Errorf("%d tokens taken, %d of 3 there", p.taken.now, len(p.tokens))
	}
}
