package regress

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Version is that of the form of a baseline.
const Version = 1

// Baseline is the BTF of a tree as it was accepted.
type Baseline struct {
	Features string   // with which it was made, for those who look
	Base     []byte   // BTF that the modules stand on, empty for none
	Modules  []Module // by name, each once
}

// Module is the BTF of one module; empty where it has none.
type Module struct {
	Name string
	BTF  []byte
}

// Limits of what is read. The 4,230 modules of Debian's kernel have 60 MB of BTF,
// their header is 300 kB.
const (
	maxHeader = 64 << 20
	maxBytes  = 4 << 30
	maxWindow = 128 << 20
)

// header is the first line of a baseline, in JSON. The bytes of the base follow,
// then those of the modules.
type header struct {
	Version  int            `json:"gobtfenc_baseline"`
	Features string         `json:"features"`
	Base     uint64         `json:"base"` // in bytes
	Modules  []headerModule `json:"modules"`
}

type headerModule struct {
	Name  string `json:"name"`
	Bytes uint64 `json:"bytes"`
}

// Write writes b, compressed (zstd). The same baseline gives the same bytes.
func (b *Baseline) Write(w io.Writer) error {
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	h := header{Version: Version, Features: b.Features, Base: uint64(len(b.Base)), Modules: []headerModule{}}
	for i := range b.Modules {
		h.Modules = append(h.Modules, headerModule{b.Modules[i].Name, uint64(len(b.Modules[i].BTF))})
	}
	errs := []error{json.NewEncoder(z).Encode(&h)}
	_, err = z.Write(b.Base)
	errs = append(errs, err)
	for i := range b.Modules {
		_, err := z.Write(b.Modules[i].BTF)
		errs = append(errs, err)
	}
	return errors.Join(append(errs, z.Close())...)
}

// ReadBaseline reads what [Baseline.Write] wrote. The BTF in it is not looked at.
func ReadBaseline(r io.Reader) (*Baseline, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	in := bufio.NewReaderSize(z, 64<<10)
	h, err := readHeader(in)
	if err != nil {
		return nil, fmt.Errorf("no baseline: %w", err)
	}
	b := &Baseline{Features: h.Features}
	if b.Base, err = readBytes(in, h.Base); err != nil {
		return nil, fmt.Errorf("base: %w", err)
	}
	for _, m := range h.Modules {
		data, err := readBytes(in, m.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", m.Name, err)
		}
		b.Modules = append(b.Modules, Module{m.Name, data})
	}
	if _, err := in.ReadByte(); err != io.EOF {
		return nil, errors.New("more behind the last module")
	}
	return b, nil
}

// readHeader reads and checks the first line.
func readHeader(in *bufio.Reader) (*header, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if line = append(line, part...); len(line) > maxHeader {
			return nil, fmt.Errorf("first line has more than %d bytes", maxHeader)
		}
		if err == nil {
			break
		}
		if err != bufio.ErrBufferFull {
			return nil, err
		}
	}
	h := &header{}
	if err := json.Unmarshal(line, h); err != nil {
		return nil, err
	}
	if h.Version != Version {
		return nil, fmt.Errorf("version %d, known is %d", h.Version, Version)
	}
	sum := h.Base
	for i, m := range h.Modules {
		if i > 0 && strings.Compare(h.Modules[i-1].Name, m.Name) >= 0 {
			return nil, fmt.Errorf("%q is not behind %q", m.Name, h.Modules[i-1].Name)
		}
		if sum > maxBytes || m.Bytes > maxBytes {
			break
		}
		sum += m.Bytes
	}
	if sum > maxBytes {
		return nil, fmt.Errorf("BTF of more than %d bytes", uint64(maxBytes))
	}
	return h, nil
}

// readBytes reads n bytes, and takes no more memory than there are bytes.
func readBytes(in io.Reader, n uint64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, int64(n)))
	if err == nil && uint64(len(data)) < n {
		err = fmt.Errorf("%d of %d bytes: %w", len(data), n, io.ErrUnexpectedEOF)
	}
	return data, err
}
