package encoder_test

import (
	"crypto/sha256"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/encoder"
)

// TestBaseSum: the digest is that of the bytes in the file, whatever was done
// with them meanwhile, and raw BTF has that of the ELF file it was taken from.
func TestBaseSum(t *testing.T) {
	raw := filepath.Join(kernelTree, "obj/vmlinux.btf")
	base := loadBase(t, raw)
	encode(t, encoder.Options{Base: base}, filepath.Join(kernelTree, "obj/kinds.ko"))
	if base.Sum() != sha256.Sum256(readFile(t, raw)) {
		t.Error("the digest is not that of the file")
	}
	file := copyOf(t, filepath.Join(kernelTree, "obj/vmlinux"))
	encodeInPlace(t, options(t), file)
	data, err := encoder.ReadBTF(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := loadBase(t, file).Sum()
	if sum != sha256.Sum256(data) || sum == base.Sum() {
		t.Error("the digest is not that of .BTF")
	}
	if got, err := encoder.BaseSum(file); err != nil || got != sum {
		t.Errorf("unread it has digest %x, %v, want %x", got, err, sum)
	}
}
