// Command gobtfenc-walk steps over every DIE of the files that it is given and
// prints their number: the floor that make bench measures gobtfenc against. It
// is not installed.
//
//	gobtfenc-walk [-j N] FILE...
package main

import (
	"flag"
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/gobtfenc/gobtfenc/internal/diewalk"
)

func main() {
	jobs := flag.Int("j", 1, "files at once, or units where there are fewer files")
	flag.Parse()
	if flag.NArg() == 0 || *jobs < 1 {
		flag.Usage()
		os.Exit(2)
	}
	n, err := walk(flag.Args(), *jobs)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gobtfenc-walk:", err)
		os.Exit(1)
	}
	fmt.Println(n)
}

// walk returns the number of DIEs in all files.
func walk(files []string, jobs int) (int, error) {
	var next, dies atomic.Int64
	var g errgroup.Group
	workers := min(jobs, len(files))
	for range workers {
		g.Go(func() error {
			w := diewalk.New(jobs / workers)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(files) {
					return nil
				}
				n, err := w.Count(files[i])
				if err != nil {
					return err
				}
				dies.Add(int64(n))
			}
		})
	}
	err := g.Wait()
	return int(dies.Load()), err
}
