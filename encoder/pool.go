package encoder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	Base     *Base // nil: every file stands alone; it may be one of StartBase
	Features Features
	Jobs     int    // files at once, and units where there are fewer files; below 1 means 1
	OutDir   string // raw BTF goes to OutDir/NAME.btf; empty: into the file

	// Detached and Object, where they are not empty, are the paths of files
	// that get the BTF of the one file encoded, which is left alone: raw, and
	// as an object of its machine ready to be linked (elfio.AppendObject).
	Detached, Object string

	// Take, where it is not nil, is called for every file that has BTF, which is
	// in Result.BTF until it returns, and nothing is written (take.go). Several
	// goroutines may call it at once.
	Take func(*Result)

	// Shipped gives Take the BTF that is in a file also where it could be made
	// of DWARF.
	Shipped bool

	// Exclude holds the languages whose units are left out.
	Exclude []dwarf.Lang

	// Only holds the languages whose units are taken; empty for all.
	Only []dwarf.Lang

	// NamePrefix, where it is not empty, is the whole of every name that begins
	// with it.
	NamePrefix string

	// Sort puts the types in order of their names, as kernels since 7.0
	// expect them.
	Sort bool

	// Target is the kernel that is to load the BTF: a type that it cannot load
	// is the file's error. Features are to be fit for it (Target.Fit).
	Target Target

	// AllowMismatch encodes modules that are not of the base's kernel, too.
	AllowMismatch bool

	// Verify is given what every file is about to get, and its error is the
	// file's, which is then left alone; nil for none. Several goroutines may
	// call it at once, and it must not keep what it is given.
	Verify func(*Sections) error

	// ResolveIDs fills in .BTF_ids of files that have one, in place only. Without
	// it, or EmptyIDs, ids that the BTF makes wrong are taken out, with the warning
	// ErrStaleIDs.
	ResolveIDs bool

	// EmptyIDs, without ResolveIDs, takes out of .BTF_ids in place what was filled
	// in for earlier BTF: resolve_btfids of kernels before 7.0, which comes next,
	// would give flags to other functions.
	EmptyIDs bool

	// FatalWarnings makes warnings about .BTF_ids the file's error.
	FatalWarnings bool

	// Tokens give leave to work on more than one thing at once, within Jobs;
	// nil: Jobs alone says how much.
	Tokens Tokens

	// Done is called for every file when it is finished, in the order of
	// finishing, one call at a time; nil for none.
	Done func(*Result)

	// Clock gathers the time of the passes over all workers; nil for none.
	Clock *phase.Clock

	// busy is called with 1 when a goroutine begins to work and with -1 when
	// it ends; nil for none. Tests count with it.
	busy func(int)
}

// Tokens are what goroutines but the first need to work, one each. A run has
// the leave for the first, so that it always goes on. The client of a
// jobserver (internal/jobserver) is one.
type Tokens interface {
	// Acquire waits for a token until ctx is done; ok says that there is one,
	// which release gives back. It is safe for concurrent use.
	Acquire(ctx context.Context) (release func(), ok bool)
}

// asHelper runs work, for which a token is needed where there are any. It does
// not run if ctx is done before there is one.
func (o *Options) asHelper(ctx context.Context, work func()) {
	if o.Tokens != nil {
		release, ok := o.Tokens.Acquire(ctx)
		if !ok {
			return
		}
		defer release()
	}
	o.asBusy(work)
}

func (o *Options) asBusy(work func()) {
	if o.busy != nil {
		o.busy(1)
		defer o.busy(-1)
	}
	work()
}

// ErrInterrupted is the error of a file that was not come to before the context
// of Run was done. It is as it was.
var ErrInterrupted = errors.New("interrupted")

// ErrIDsOnly is Run's error for Options.ResolveIDs with an output beside the file.
var ErrIDsOnly = errors.New("ids go into the file, and so has its BTF to")

// maxJobs bounds how much is worked on at once: each worker takes memory before
// it knows whether there is work for it.
const maxJobs = 1024

// Run encodes files and returns one result for each, in the order of files.
// What happens to one file does not stop the others; each Result has its own
// error. Large files are started first, so that no worker is left with one
// at the end (queue.go). When ctx is done, files in work are finished and the others get
// [ErrInterrupted]. Run's error is about the call as a whole, and then no file
// has been touched.
func Run(ctx context.Context, files []string, opts Options) ([]Result, error) {
	infos := statAll(files)
	if err := checkNames(files, infos, &opts); err != nil {
		return nil, err
	}
	if opts.Shipped && opts.Take == nil {
		return nil, errors.New("the BTF that files have is not to be written")
	}
	if opts.distills() && opts.Base == nil {
		return nil, errors.New("feature distilled_base: there is no base to distil")
	}
	if opts.ResolveIDs && !opts.inPlace() {
		return nil, ErrIDsOnly
	}
	if err := checkOutDir(opts.OutDir); err != nil {
		return nil, err
	}
	if err := opts.checkDetached(files, infos); err != nil {
		return nil, err
	}
	if opts.Base != nil && !opts.beside(files) {
		if err := opts.Base.Wait(); err != nil {
			return nil, err
		}
		if err := opts.Target.CheckBase(opts.Base); err != nil {
			return nil, err
		}
	}
	results := make([]Result, len(files))
	for i, path := range files {
		results[i] = Result{Path: path, Err: ErrInterrupted}
	}
	more, noMore := context.WithCancel(ctx) // done when no file is left to be taken
	defer noMore()
	waiting := newQueue(infos, noMore)
	var done sync.Mutex

	var g errgroup.Group
	jobs := min(max(opts.Jobs, 1), maxJobs)
	workers := min(jobs, len(files))
	for i := range workers {
		work := func() {
			share := (jobs + i) / workers
			w := newWorker(&opts, share)
			defer func() { w.close() }()
			for ctx.Err() == nil {
				i, ok := waiting.take()
				if !ok {
					break
				}
				r := &results[i]
				if !w.protect(r) || waiting.isHuge(i) {
					w.close()
					next := newWorker(&opts, share)
					w, next.clock = next, w.clock
				}
				waiting.done(i)
				done.Lock()
				if opts.Done != nil {
					opts.Done(r)
				}
				done.Unlock()
			}
			done.Lock()
			defer done.Unlock()
			opts.Clock.Add(w.clock)
		}
		g.Go(func() error {
			if i == 0 {
				opts.asBusy(work)
			} else {
				opts.asHelper(more, work)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if err := opts.Base.Wait(); err != nil {
		return nil, err
	}
	opts.Base.finish(opts.Clock)
	return results, nil
}

// beside tells whether the base may still be being loaded when the files are begun
// with. It is no gain where there are several, and some ask for it first.
func (o *Options) beside(files []string) bool {
	return len(files) == 1 && o.Take == nil && o.Target == Target{}
}

// protect encodes one file. A panic there is a bug of ours; it becomes the
// file's error, so that the other files do not suffer from it, and the worker,
// in whatever state it was left, must not be used again.
func (w *worker) protect(r *Result) (usable bool) {
	defer func() {
		if p := recover(); p != nil {
			r.Err = fmt.Errorf("%s: %w", r.Path, panicked(p))
		}
	}()
	r.Err = w.encodeModule(r)
	if r.Err != nil {
		r.Err = fmt.Errorf("%s: %w", r.Path, r.Err)
	}
	var bug *internalError // of another goroutine
	return !errors.As(r.Err, &bug)
}

// statAll looks at files; nil for one that cannot be looked at.
func statAll(files []string) []os.FileInfo {
	infos := make([]os.FileInfo, len(files))
	for i, path := range files {
		infos[i], _ = os.Stat(path)
	}
	return infos
}

// OutName returns the name of the raw BTF of a file: x.btf for a/b/x.ko,
// vmlinux.btf for vmlinux.
func OutName(path string) string {
	return strings.TrimSuffix(filepath.Base(path), ".ko") + ".btf"
}

// checkNames refuses files whose results would have one name, and in place one
// file given twice, by whatever names.
func checkNames(files []string, infos []os.FileInfo, opts *Options) error {
	if opts.OutDir != "" {
		seen := make(map[string]string, len(files))
		for _, path := range files {
			names := []string{OutName(path), OutBaseName(path)}
			if !opts.distills() {
				names = names[:1]
			}
			for _, name := range names {
				if other, ok := seen[name]; ok {
					return fmt.Errorf("%s and %s would both be written to %s", other, path, filepath.Join(opts.OutDir, name))
				}
				seen[name] = path
			}
		}
		return nil
	}
	if opts.Take != nil { // nothing is written
		return nil
	}
	seen := make(map[any]string, len(files))
	for i, path := range files {
		key := fileKey(path, infos[i])
		other, ok := seen[key]
		switch {
		case ok && other == path:
			return fmt.Errorf("%s is given twice", path)
		case ok:
			return fmt.Errorf("%s and %s are one file", other, path)
		}
		seen[key] = path
	}
	return nil
}

// checkOutDir refuses a directory that cannot be written to once, instead of
// for every file.
func checkOutDir(dir string) error {
	if dir == "" {
		return nil
	}
	st, err := os.Stat(dir)
	switch {
	case err != nil:
		err = plain(err)
	case !st.IsDir():
		err = errors.New("not a directory")
	default:
		err = writable(dir)
	}
	if err != nil {
		return &OutputError{OutDir, dir, err}
	}
	return nil
}
