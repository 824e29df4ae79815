package check

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Result is what there is to say of one file.
type Result struct {
	Path     string    `json:"path"`
	Bytes    int       `json:"bytes"`           // of .BTF and .BTF.base
	NoBTF    bool      `json:"no_btf"`          // there is none, which no kernel minds
	Error    string    `json:"error,omitempty"` // why the file could not be read
	Findings []Finding `json:"findings"`
}

// Good reports whether nothing is wrong.
func (r *Result) Good() bool { return r.Error == "" && len(r.Findings) == 0 }

// Run checks the files at paths, as many at once as jobs says, and returns their
// results in the same order; for a file that has no BTF read returns nil. It
// ends early, with an error, when ctx is done.
func (c *Checker) Run(ctx context.Context, paths []string, jobs int, read func(path string) (*File, error)) ([]Result, error) {
	results := make([]Result, len(paths))
	var g errgroup.Group
	g.SetLimit(jobs)
	for i, path := range paths {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			results[i] = c.one(path, read)
			return nil
		})
	}
	return results, g.Wait()
}

func (c *Checker) one(path string, read func(path string) (*File, error)) (r Result) {
	r = Result{Path: path, Findings: []Finding{}}
	defer func() {
		if p := recover(); p != nil {
			r.Error = fmt.Sprintf("%s: this is a bug of ours: %v", path, p)
		}
	}()
	f, err := read(path)
	switch {
	case err != nil:
		r.Error = err.Error()
	case f == nil:
		r.NoBTF = true
	default:
		r.Bytes = len(f.BTF) + len(f.Distilled)
		r.Findings = append(r.Findings, c.Check(f)...)
	}
	return r
}
