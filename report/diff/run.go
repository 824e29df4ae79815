package diff

import (
	"sync"

	"golang.org/x/sync/errgroup"
)

// Pair is the files of a module on both sides, of which one may be empty.
type Pair struct {
	Name     string // of the module, the same in any order of files
	Old, New string
}

// Run compares pairs, at most jobs of them at once, and returns a Report in
// their order. read reads a file of the new or the old side; what it says of a
// file that it cannot read is in the Report, and other pairs are compared. done
// is called behind each pair, one call at a time.
func Run(c *Comparer, pairs []Pair, jobs int, read func(path string, isNew bool) (*Input, error), done func()) *Report {
	modules := make([]Module, len(pairs))
	var one sync.Mutex
	var g errgroup.Group
	g.SetLimit(max(jobs, 1))
	for i, p := range pairs {
		g.Go(func() error {
			modules[i] = c.runOne(p, read)
			one.Lock()
			defer one.Unlock()
			done()
			return nil
		})
	}
	_ = g.Wait() // none returns an error
	return newReport(modules)
}

func (c *Comparer) runOne(p Pair, read func(path string, isNew bool) (*Input, error)) Module {
	var sides [2]*Input
	var errs []string
	for i, path := range []string{p.Old, p.New} {
		if path == "" {
			continue
		}
		in, err := read(path, i == 1)
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		sides[i] = in
	}
	if len(errs) > 0 {
		return Module{Name: p.Name, Errors: errs}
	}
	return c.Compare(p.Name, sides[0], sides[1])
}
