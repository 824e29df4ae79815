package encoder_test

import (
	"math/rand/v2"
	"testing"
)

// TestMutantsWithFeatures is TestMutants with the features that are off by
// default, and types in order of names: variables of every section, where a
// changed section header or symbol leads anywhere.
func TestMutantsWithFeatures(t *testing.T) {
	n := 30
	if testing.Short() {
		n = 5
	}
	e, rnd := newHostile(t), rand.New(rand.NewPCG(5, 6))
	e.opts.Features = withFeatures(t, "+global_var,layout,attributes,true_signature").Features
	e.opts.Sort = true
	good, bad := 0, 0
	for _, o := range treeObjects(t) {
		data := readFile(t, o.path)
		spans := interesting(t, data)
		for range n {
			if e.encode(t, mutant(rnd, data, spans), !o.alone && rnd.IntN(2) == 0) {
				good++
			} else {
				bad++
			}
			if t.Failed() {
				return
			}
		}
	}
	if t.Logf("%d mutants encoded, %d refused", good, bad); good < 50 || bad < 50 {
		t.Error("they say little")
	}
}
