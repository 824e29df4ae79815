// SPDX-License-Identifier: BSD-2-Clause

package encoder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/phase"
)

// TestClock: the passes of a huge file are timed as those of others are. Its worker is not kept.
func TestClock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "split.ko")
	if err := os.WriteFile(path, readFile(t, filepath.Join(kernelTree, "obj/split.ko")), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{0, encoder.HugeFile + 1} {
		if size > 0 { // a hole behind all sections
			if err := os.Truncate(path, size); err != nil {
				t.Fatal(err)
			}
		}
		opts := options(t)
		opts.OutDir, opts.Clock = t.TempDir(), new(phase.Clock)
		encodeAll(t, opts, path)
		var text strings.Builder
		if _, err := opts.Clock.WriteTo(&text); err != nil {
			t.Fatal(err)
		}
		for _, pass := range []string{"sections", "convert", "dedup", "write"} {
			if !strings.Contains(text.String(), pass) {
				t.Errorf("%d bytes: no %s in\n%s", size, pass, &text)
			}
		}
	}
}
