package encoder

import (
	"errors"
	"os"

	"github.com/gobtfenc/gobtfenc/elfio"
)

// openPlainOrPacked opens an ELF file, which may be compressed.
func openPlainOrPacked(r *elfio.Reader, path string) (*elfio.File, error) {
	f, err := r.Open(path)
	if !errors.Is(err, elfio.ErrNotELF) || elfio.Compression(readHead(path)) == "" {
		return f, err
	}
	packed, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer packed.Close()
	st, err := packed.Stat()
	if err != nil {
		return nil, err
	}
	data, err := elfio.Unpack(packed, uint64(st.Size()))
	if err != nil {
		return nil, err
	}
	return r.OpenBytes(path, data)
}
