package elfio

// Files that are compressed as a whole, as kernels install their modules
// (CONFIG_MODULE_COMPRESS_GZIP, _XZ, _ZSTD). They are read only: nothing here
// writes them.

import (
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
)

// maxUnpacked is how many bytes a compressed file may have in all; maxRatio
// bounds small files further. The largest module of Debian's kernel has 595 MB
// with its debug information.
const maxUnpacked = 2 << 30

// maxWindow bounds the memory of a decompressor for what it looks back at, in
// bytes. No level of zstd or xz without --long or --lzma2=dict asks for more.
const maxWindow = 128 << 20

// packing is a form in which whole files are compressed.
type packing struct {
	name, magic string
	open        func(io.Reader) (io.Reader, error)
}

var packings = []packing{
	{"gzip", "\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"xz", "\xfd7zXZ\x00", func(r io.Reader) (io.Reader, error) { return xz.NewReader(r, maxWindow) }},
	{"zstd", "\x28\xb5\x2f\xfd", openZstd},
}

func openZstd(r io.Reader) (io.Reader, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// Compression names how a file that begins with head is compressed as a whole:
// gzip, xz or zstd; empty for not at all. Eight bytes are enough to tell.
func Compression(head string) string {
	if p := packingOf(head); p != nil {
		return p.name
	}
	return ""
}

func packingOf(head string) *packing {
	for i := range packings {
		if strings.HasPrefix(head, packings[i].magic) {
			return &packings[i]
		}
	}
	return nil
}

// Unpack decompresses src, a file of size bytes that [Compression] has a name
// for. Errors are those of reading and of the decompressor, and that there is
// more than such a file can reasonably hold.
func Unpack(src io.ReaderAt, size uint64) ([]byte, error) {
	return unpack(src, size, min(size*maxRatio+minBound, maxUnpacked))
}

// maxFirst is how much is decompressed before it is counted how much there is: more
// than nearly all modules have.
const maxFirst = 64 << 20

// unpack is Unpack with at most limit bytes. Memory is taken for as many bytes as
// there are: a buffer that grows with them has up to twice as many, and one for a file
// that goes on and on has the limit's before that is known.
func unpack(src io.ReaderAt, size, limit uint64) ([]byte, error) {
	return unpackBy(src, size, limit, maxFirst)
}

func unpackBy(src io.ReaderAt, size, limit, first uint64) ([]byte, error) {
	in := io.NewSectionReader(src, 0, int64(size))
	head := make([]byte, min(size, 8))
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, err
	}
	p := packingOf(string(head))
	if p == nil {
		return nil, &FormatError{Msg: "not compressed, begins with", Val: string(head)}
	}
	b, n, err := p.read(in, func(r io.Reader) ([]byte, int64, error) {
		b, err := io.ReadAll(io.LimitReader(r, int64(min(first, limit))))
		if err != nil || uint64(len(b)) < first && uint64(len(b)) < limit {
			return b, int64(len(b)), err
		}
		more, err := io.Copy(io.Discard, io.LimitReader(r, int64(limit)-int64(len(b))+1))
		return b, int64(len(b)) + more, err
	})
	if err == nil && n > int64(len(b)) && uint64(n) <= limit {
		b, n, err = p.read(in, func(r io.Reader) ([]byte, int64, error) {
			b := make([]byte, n)
			got, err := io.ReadFull(r, b)
			return b, int64(got), err
		})
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: offset %#x of what is decompressed: %w", p.name, n, err)
	case uint64(n) > limit:
		return nil, fmt.Errorf("%s: more than %d bytes in a file of %d", p.name, limit, size)
	}
	return b, nil
}

// read calls do with what in holds, decompressed from its beginning. What do returns
// is passed on.
func (p *packing) read(in *io.SectionReader, do func(io.Reader) ([]byte, int64, error)) ([]byte, int64, error) {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return nil, 0, err
	}
	r, err := p.open(in)
	if err != nil {
		return nil, 0, err
	}
	if c, ok := r.(io.Closer); ok {
		defer c.Close()
	}
	return do(r)
}
