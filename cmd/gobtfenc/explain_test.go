package main

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/report/explain"
)

// TestExplainCorpus explains modules in which pahole has left types that the base
// has: there are some in the BTF that they ship with, by pahole 1.24, and none in what
// is made of them here.
func TestExplainCorpus(t *testing.T) {
	dir := t.TempDir()
	base, err := encoder.LoadBase(unpackCorpus(t, dir, "vmlinux.btf"))
	if err != nil {
		t.Fatal(err)
	}
	e := explain.New(base.BTF)
	for _, name := range []string{"nf_conntrack", "kvm-intel"} {
		path := unpackCorpus(t, dir, name+".ko")
		for _, shipped := range []bool{true, false} {
			var r *explain.Report
			opts := encoder.Options{Base: base, Features: encoder.DefaultFeatures(), Jobs: 1, Shipped: shipped}
			opts.Take = func(of *encoder.Result) { r, err = explainResult(e, of, "") }
			results, runErr := encoder.Run(t.Context(), []string{path}, opts)
			if runErr != nil || results[0].Err != nil || err != nil {
				t.Fatal(runErr, results[0].Err, err)
			}
			if found := len(r.Copies) > 0; found != shipped {
				t.Errorf("%s: shipped %v: %d types that the base has", name, shipped, len(r.Copies))
			}
			if len(r.Causes) == 0 || r.Causes[0].Differences == nil {
				t.Errorf("%s: shipped %v: causes %+v", name, shipped, r.Causes)
			}
		}
	}
}
