package encoder

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// Base is the BTF that modules are encoded against, read and indexed once. It
// is immutable: all workers share it. A nil *Base stands for none.
type Base struct {
	BTF   *btf.BTF
	Path  string
	dedup *splitdedup.Base
}

// maxBase bounds a raw BTF file: the kernel's limits (16 MB of names, a million
// types) allow no useful base beyond it.
const maxBase = 1 << 30

// LoadBase reads a base from raw BTF (/sys/kernel/btf/vmlinux) or from the .BTF
// section of an ELF file (vmlinux, btf_vmlinux.ko).
func LoadBase(path string) (*Base, error) {
	data, err := ReadBTF(path)
	if err != nil {
		return nil, err
	}
	b, err := btf.Parse(data, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: base: %w", path, err)
	}
	if b.Opaque > 0 {
		return nil, fmt.Errorf("%s: base: %d types are of a kind that is not known", path, b.Opaque)
	}
	if b.NumOwn() == 0 {
		return nil, fmt.Errorf("%s: base: no types", path)
	}
	d, err := splitdedup.NewBase(&b.Types, b.Strs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Base{BTF: b, Path: path, dedup: d}, nil
}

// ReadBTF returns the BTF in a raw BTF file or in the .BTF section of an ELF
// file.
func ReadBTF(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var magic [4]byte
	n, err := f.ReadAt(magic[:], 0)
	if n == len(magic) && string(magic[:]) == elf.ELFMAG {
		return sectionBTF(path)
	}
	if n < 2 || (magic[0] != 0x9f || magic[1] != 0xeb) && (magic[0] != 0xeb || magic[1] != 0x9f) {
		if n == 0 && err != nil {
			return nil, fmt.Errorf("%s: empty file", path)
		}
		return nil, fmt.Errorf("%s: neither ELF nor raw BTF: begins with %#x", path, magic[:n])
	}
	if st, err := f.Stat(); err == nil && st.Size() > maxBase {
		return nil, fmt.Errorf("%s: %d bytes are too many for BTF", path, st.Size())
	}
	return os.ReadFile(path)
}

func sectionBTF(path string) ([]byte, error) {
	var r elfio.Reader
	defer r.Close()
	f, err := r.Open(path)
	if err != nil {
		return nil, err
	}
	i := f.Index(".BTF")
	if i <= 0 {
		return nil, fmt.Errorf("%s: no .BTF section", path)
	}
	if f.Sections[i].Type != elf.SHT_PROGBITS {
		return nil, fmt.Errorf("%s: .BTF has no contents here (%v): a file with debug information only?", path, f.Sections[i].Type)
	}
	data, err := f.SectionData(i)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return append([]byte(nil), data...), nil
}

// strings returns the index of the base's strings, nil for no base.
func (b *Base) strings() *btf.StrIndex {
	if b == nil {
		return nil
	}
	return b.dedup.Strings()
}

var noBase = splitdedup.NoBase()

func (b *Base) types() *splitdedup.Base {
	if b == nil {
		return noBase
	}
	return b.dedup
}

// checkMachine says when a module cannot belong to the base, because their
// byte orders differ.
func (b *Base) checkMachine(f *elfio.File) error {
	if b != nil && b.BTF.Order != f.Order() {
		return errors.New("byte order is not that of the base: not a module of this kernel")
	}
	return nil
}
