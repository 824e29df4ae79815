package encoder_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/encoder"
)

// What is about to be written is shown to the caller, whose error leaves
// everything as it was.
func TestVerify(t *testing.T) {
	base := treeBase(t)
	path := filepath.Join(kernelTree, "obj/split.ko")
	for _, c := range []struct {
		name    string
		distill bool
		refuse  error
	}{
		{"taken", false, nil},
		{"taken, distilled", true, nil},
		{"refused", false, errors.New("not like this")},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := options(t)
			opts.Features = opts.Features.Set(encoder.FeatureDistilledBase, c.distill)
			opts.Base, opts.OutDir = base, t.TempDir()
			var shown *encoder.Sections
			opts.Verify = func(s *encoder.Sections) error {
				shown = &encoder.Sections{BTF: slices.Clone(s.BTF), Distilled: slices.Clone(s.Distilled), Linked: s.Linked, WordSize: s.WordSize}
				return c.refuse
			}
			results, err := encoder.Run(context.Background(), []string{path}, opts)
			if err != nil {
				t.Fatal(err)
			}
			if shown == nil || shown.Linked || shown.WordSize != 8 || (shown.Distilled != nil) != c.distill {
				t.Fatalf("shown: %+v", shown)
			}
			if c.refuse != nil {
				if err := results[0].Err; !errors.Is(err, c.refuse) || !strings.HasPrefix(err.Error(), path+": ") {
					t.Errorf("error %v", err)
				}
				checkEmpty(t, opts.OutDir)
				return
			}
			written, err := encoder.ReadBTF(filepath.Join(opts.OutDir, "split.btf"))
			if err != nil || results[0].Err != nil || !slices.Equal(written, shown.BTF) {
				t.Errorf("%v, %v: %d bytes written, %d shown", err, results[0].Err, len(written), len(shown.BTF))
			}
		})
	}
}
