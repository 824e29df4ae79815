// SPDX-License-Identifier: BSD-2-Clause

package encoder_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
)

// TestNestedArrays: a module has arrays of several dimensions as its base has them, whatever the
// features say, and so needs none of its own.
func TestNestedArrays(t *testing.T) {
	file := filepath.Join(kernelTree, "obj/kinds.ko")
	flat, nested := options(t), withFeatures(t, "+nested_arrays")
	for name, raw := range map[string][]byte{"flat": encode(t, flat, file), "nested": encode(t, nested, file)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "base.btf")
			if err := os.WriteFile(path, raw, 0o644); err != nil {
				t.Fatal(err)
			}
			base := parse(t, raw, nil)
			for _, opts := range []struct {
				name string
				*encoder.Options
			}{{"flat", &flat}, {"nested", &nested}} {
				o := *opts.Options
				o.Base = loadBase(t, path)
				got := parse(t, encode(t, o, file), base)
				for id := got.First(); int(id) < got.NumTypes(); id++ {
					switch k := got.Row(id).Info.Kind(); k {
					case btf.KindFunc, btf.KindVar, btf.KindDatasec: // never shared
					default:
						t.Errorf("features %s: %v %s", opts.name, k, got.Name(id))
					}
				}
			}
		})
	}
}
