package encoder_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
)

// take returns the blobs that Options.Take sees of files, by path, and the
// results.
func take(t *testing.T, opts encoder.Options, files ...string) (map[string][]byte, []encoder.Result) {
	t.Helper()
	var mu sync.Mutex
	blobs := map[string][]byte{}
	opts.Take = func(r *encoder.Result) {
		b := r.BTF
		mu.Lock()
		defer mu.Unlock()
		blobs[r.Path] = btf.Append(nil, &b.Types, b.Strs, b.Order)
		if r.Types != len(b.Types.Rows) && b.Base != nil || r.After != uint64(len(blobs[r.Path])) {
			t.Errorf("%s: %d types and %d bytes, told %d and %d", r.Path, len(b.Types.Rows), len(blobs[r.Path]), r.Types, r.After)
		}
	}
	results, err := encoder.Run(context.Background(), files, opts)
	if err != nil {
		t.Fatal(err)
	}
	return blobs, results
}

// TestTake: what is seen is what would be written, and nothing is.
func TestTake(t *testing.T) {
	opts := options(t)
	opts.OutDir, opts.Base, opts.Jobs = "", treeBase(t), 2
	dir := t.TempDir()
	var files []string
	for _, name := range []string{"split.ko", "kinds.ko", "nodebug.ko"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, readFile(t, filepath.Join(kernelTree, "obj", name)), 0o444); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	blobs, results := take(t, opts, files...)
	for _, path := range files[:2] {
		o := options(t)
		o.Base = opts.Base
		if got, want := blobs[path], encode(t, o, path); string(got) != string(want) {
			t.Errorf("%s: %d bytes are seen, %d written", path, len(got), len(want))
		}
	}
	if err := results[2].Err; err == nil || err.Error() != files[2]+": neither DWARF (.debug_info) nor a .BTF section" {
		t.Errorf("error %v", err)
	}
	for _, r := range results {
		if r.Changed || string(readFile(t, r.Path)) != string(readFile(t, filepath.Join(kernelTree, "obj", filepath.Base(r.Path)))) {
			t.Errorf("%s: was changed", r.Path)
		}
	}
}

// TestTakeShipped: where there is no DWARF, or it is not asked for, the BTF in
// the file is seen.
func TestTakeShipped(t *testing.T) {
	opts := options(t)
	opts.OutDir, opts.Base = "", treeBase(t)
	path := filepath.Join(t.TempDir(), "split.ko")
	if err := os.WriteFile(path, readFile(t, filepath.Join(kernelTree, "obj", "split.ko")), 0o644); err != nil {
		t.Fatal(err)
	}
	if results, err := encoder.Run(context.Background(), []string{path}, opts); err != nil || results[0].Err != nil {
		t.Fatal(err, results[0].Err)
	}
	raw := filepath.Join(t.TempDir(), "split.btf")
	if err := os.WriteFile(raw, sectionBTF(t, path), 0o644); err != nil {
		t.Fatal(err)
	}
	opts.Features = encoder.Features{} // it would have no FLOAT, VAR, …
	opts.Shipped = true
	blobs, results := take(t, opts, path, raw)
	for _, r := range results {
		if r.Err != nil || !r.NoDWARF || string(blobs[r.Path]) != string(sectionBTF(t, path)) {
			t.Errorf("%s: %d bytes, %v", r.Path, len(blobs[r.Path]), r.Err)
		}
	}
	opts.Shipped = false
	if blobs, _ = take(t, opts, raw); len(blobs) != 1 {
		t.Errorf("%d raw BTFs", len(blobs))
	}
	if _, err := encoder.Run(context.Background(), []string{path}, encoder.Options{Shipped: true}); err == nil {
		t.Error("shipped BTF is to be written")
	}
}
