package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/gobtfenc/gobtfenc/internal/cost"
)

// measure runs the programs of a row in turns. Before, all input is read, so
// that it is in memory, and gobtfenc runs once, or as often as it takes to have its
// caches filled where they are not emptied.
func (b *bench) measure(ctx context.Context, r *row) error {
	for _, path := range r.inputs {
		if err := read(path); err != nil {
			return err
		}
	}
	for range r.Ours.before {
		if _, err := r.Ours.run(ctx); err != nil {
			return err
		}
	}
	for i := range b.runs {
		for _, p := range r.programs() {
			if i >= p.runs {
				continue
			}
			c, err := p.run(ctx)
			if err != nil {
				return err
			}
			fmt.Fprintf(b.log, "%s: %s: %s\n", r.Work, p.Name, c)
			p.Samples = append(p.Samples, c)
		}
	}
	for _, p := range r.programs() {
		p.Median = cost.Median(p.Samples)
	}
	return nil
}

func read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(io.Discard, f)
	return err
}
