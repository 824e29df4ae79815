package encoder_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/encoder"
)

// TestExports asks real modules, and files that do not say.
func TestExports(t *testing.T) {
	names, err := encoder.Exports(unpacked(t, "nf_conntrack.ko"))
	if err != nil {
		t.Fatal(err)
	}
	if !names["nf_conntrack_alloc"] || names["nf_conntrack_standalone_init"] || names[""] || len(names) < 100 {
		t.Errorf("nf_conntrack: %d names, such as %v", len(names), names)
	}
	raw := filepath.Join(t.TempDir(), "raw.btf")
	if err := os.WriteFile(raw, corpusFile(t, "xor.head.btf"), 0o600); err != nil {
		t.Fatal(err)
	}
	if names, err := encoder.Exports(raw); names != nil || err != nil {
		t.Errorf("raw BTF: %v, %v", names, err)
	}
	if _, err := encoder.Exports(raw + ".gone"); err == nil {
		t.Error("no error for what is not there")
	}
}
