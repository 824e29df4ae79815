package encoder

import (
	"bytes"
	"path/filepath"
	"testing"
)

// A module whose .debug_info is relocated as it is read, by several goroutines, gets the
// BTF that it gets otherwise.
func TestInPieces(t *testing.T) {
	const objects = "../testdata/kernel/obj/"
	base, err := LoadBase(objects + "vmlinux.btf")
	if err != nil {
		t.Fatal(err)
	}
	defer func(was int) { bytesPerJob = was }(bytesPerJob)
	bytesPerJob = 1
	modules, err := filepath.Glob(objects + "*.ko")
	if err != nil || len(modules) < 10 {
		t.Fatal(modules, err)
	}
	var got []byte
	opts := &Options{Base: base, Features: DefaultFeatures(), Take: func(r *Result) { got = r.AppendBTF(nil) }}
	encode := func(path string, whole uint64) ([]byte, error) {
		w := newWorker(opts, 3)
		defer w.close()
		w.elf.Options.Whole = whole
		got = nil
		err := w.encodeModule(&Result{Path: path})
		return got, err
	}
	for _, path := range modules {
		want, wantErr := encode(path, 0)
		got, err := encode(path, 1)
		if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Errorf("%s: %d bytes, %v; want %d, %v", path, len(got), err, len(want), wantErr)
		}
	}
}
