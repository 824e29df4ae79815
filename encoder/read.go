package encoder

import (
	"fmt"
	"io"

	"github.com/gobtfenc/gobtfenc/btf"
)

// ReadSplit reads the BTF of path; with a base it is split BTF on top of it.
func ReadSplit(path, base string) (*btf.BTF, error) {
	var b *btf.BTF
	if base != "" {
		data, err := readBTF(base)
		if err != nil {
			return nil, fmt.Errorf("%s: base: %w", base, plain(err))
		}
		if b, err = btf.Parse(data.data, nil); err != nil {
			return nil, fmt.Errorf("%s: base: %w", base, err)
		}
	}
	data, err := ReadBTF(path)
	if err != nil {
		return nil, err
	}
	out, err := btf.Parse(data, b)
	if err != nil && b == nil {
		err = fmt.Errorf("%w; is it split BTF, which needs its base?", err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// Dump prints the own types of b in bpftool's raw form.
func Dump(w io.Writer, b *btf.BTF) error { return btf.Dump(w, b) }
