package encoder

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/internal/phase"
)

// Options say what is encoded and where it goes. The zero value encodes
// everything that the zero Features name, without base, in place, one file at a
// time.
type Options struct {
	Base     *Base // nil: every file stands alone
	Features Features
	Jobs     int    // workers; below 1 means 1
	OutDir   string // raw BTF goes to OutDir/NAME.btf; empty: into the file

	// Exclude holds the languages whose units are left out.
	Exclude []dwarf.Lang

	// Done is called for every file when it is finished, in the order of
	// finishing, one call at a time; nil for none.
	Done func(*Result)

	// Clock gathers the time of the passes over all workers; nil for none.
	Clock *phase.Clock
}

// Run encodes files and returns one result for each, in the order of files.
// What happens to one file does not stop the others; each Result has its own
// error. The largest file is started first, so that no worker is left with it
// at the end. Run's error is about the call as a whole, and then no file has
// been touched.
func Run(ctx context.Context, files []string, opts Options) ([]Result, error) {
	if err := checkNames(files, opts.OutDir); err != nil {
		return nil, err
	}
	results := make([]Result, len(files))
	for i, path := range files {
		results[i].Path = path
	}
	jobs := max(opts.Jobs, 1)
	next := make(chan int)
	var done sync.Mutex

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(next)
		for _, i := range largestFirst(files) {
			select {
			case next <- i:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range min(jobs, len(files)) {
		g.Go(func() error {
			w := newWorker(&opts)
			defer w.close()
			for i := range next {
				r := &results[i]
				w.protect(r)
				done.Lock()
				if opts.Done != nil {
					opts.Done(r)
				}
				done.Unlock()
			}
			done.Lock()
			defer done.Unlock()
			opts.Clock.Add(w.clock)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		for i := range results {
			if !results[i].finished && results[i].Err == nil {
				results[i].Err = fmt.Errorf("%s: %w", results[i].Path, err)
			}
		}
	}
	return results, nil
}

// protect encodes one file. A panic there is a bug of ours; it becomes the
// file's error, so that the other files do not suffer from it.
func (w *worker) protect(r *Result) {
	defer func() {
		if p := recover(); p != nil {
			r.Err = fmt.Errorf("%s: internal error: %v\n%s", r.Path, p, debug.Stack())
		}
		r.finished = true
	}()
	if err := w.encodeModule(r); err != nil {
		r.Err = fmt.Errorf("%s: %w", r.Path, err)
	}
}

// largestFirst returns the indexes of files by falling size; files of one size
// in input order. A file that cannot be looked at comes last, where its error
// is found.
func largestFirst(files []string) []int {
	sizes := make([]int64, len(files))
	order := make([]int, len(files))
	for i, path := range files {
		order[i] = i
		if st, err := os.Stat(path); err == nil {
			sizes[i] = st.Size()
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sizes[b], sizes[a]) })
	return order
}

// OutName returns the name of the raw BTF of a file: x.btf for a/b/x.ko,
// vmlinux.btf for vmlinux.
func OutName(path string) string {
	return strings.TrimSuffix(filepath.Base(path), ".ko") + ".btf"
}

// checkNames refuses files whose results would have one name, and in place one
// file given twice.
func checkNames(files []string, outDir string) error {
	seen := make(map[string]string, len(files))
	for _, path := range files {
		key := filepath.Clean(path)
		if outDir != "" {
			key = OutName(path)
		}
		if other, ok := seen[key]; ok {
			if outDir != "" {
				return fmt.Errorf("%s and %s would both be written to %s", other, path, filepath.Join(outDir, key))
			}
			return fmt.Errorf("%s is given twice", path)
		}
		seen[key] = path
	}
	return nil
}
