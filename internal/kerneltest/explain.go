package main

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/checks"
	"github.com/gobtfenc/gobtfenc/report/explain"
)

// explained checks what gobtfenc explain says of the folder out: that the base has none of
// a module's types in the same shape, and that all that hangs on causes hangs on one of those
// that are named.
func (c *comparer) explained(t *checks.Tally, out string) error {
	explainer := explain.New(c.base)
	copies, causes := 0, 0
	var hanging explain.Sum
	var wrong []string
	err := c.each(func(mu *sync.Mutex, _, name string) error {
		data, err := os.ReadFile(filepath.Join(c.out(out), name+".btf"))
		if err != nil {
			return err
		}
		b, err := btf.Parse(data, c.base)
		if err != nil {
			return err
		}
		r := explainer.Module(&explain.Input{Path: name, Source: explain.SourceBTF, BTF: b, Bytes: uint64(len(data))})
		var sum explain.Sum
		for i := range r.Causes {
			sum.Types += r.Causes[i].Types
			sum.Bytes += r.Causes[i].Bytes
		}
		mu.Lock()
		defer mu.Unlock()
		copies += len(r.Copies)
		causes += len(r.Causes)
		hanging.Types += r.Hanging.Types
		hanging.Bytes += r.Hanging.Bytes
		if len(r.Copies) > 0 {
			wrong = append(wrong, name+": "+r.Copies[0].What+" is in the base")
		}
		if sum != r.Hanging {
			wrong = append(wrong, name+": what hangs on causes is not the sum of them")
		}
		return nil
	})
	if err != nil {
		return err
	}
	t.Check(len(wrong) == 0, "explain: %d types of %d modules are in the base in the same shape; %d types with %d bytes are not for %d causes",
		copies, len(c.Modules), hanging.Types, hanging.Bytes, causes)
	tell(t, wrong)
	return nil
}
