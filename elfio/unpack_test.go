package elfio

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// greetingXz is greeting, compressed by xz 5.4.1 --check=crc32.
const (
	greeting   = "hello, hello, hello\n"
	greetingXz = "fd377a585a0000016922de36020021011c00000010cf58cce00013000e5d00341949ee8def8c8731f52f640000000000e7426e520001261472e282f99042990d010000000001595a"
)

// packAll returns b in the forms that there is a compressor for.
func packAll(t testing.TB, b []byte) map[string][]byte {
	t.Helper()
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Write(b)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"gzip": gz.Bytes(), "zstd": enc.EncodeAll(b, nil)}
}

func TestUnpack(t *testing.T) {
	packed := packAll(t, []byte(greeting))
	packed["xz"], _ = hex.DecodeString(greetingXz)
	for name, b := range packed {
		if got := Compression(string(b[:8])); got != name {
			t.Errorf("%s is taken for %q", name, got)
		}
		got, err := Unpack(bytes.NewReader(b), uint64(len(b)))
		if err != nil || string(got) != greeting {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
		for cut := 1; cut < len(b); cut++ {
			if got, err := Unpack(bytes.NewReader(b), uint64(cut)); err == nil {
				t.Errorf("%s: cut to %d bytes it is %q", name, cut, got)
			}
		}
	}
	if got := Compression("\x7fELF\x02\x01\x01\x00"); got != "" {
		t.Errorf("ELF is taken for %s", got)
	}
}

func TestUnpackLimit(t *testing.T) {
	for name, b := range packAll(t, make([]byte, 1<<20)) {
		_, err := unpack(bytes.NewReader(b), uint64(len(b)), 1<<20-1)
		if err == nil || !strings.Contains(err.Error(), "more than 1048575 bytes") {
			t.Errorf("%s: error %v", name, err)
		}
		if _, err := unpack(bytes.NewReader(b), uint64(len(b)), 1<<20); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzUnpack looks at the decompressors, which see bytes that nobody has
// checked: no panic, and no more bytes than allowed.
func FuzzUnpack(f *testing.F) {
	for _, b := range packAll(f, []byte(greeting)) {
		f.Add(b)
	}
	b, _ := hex.DecodeString(greetingXz)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 1 << 20
		out, err := unpack(bytes.NewReader(b), uint64(len(b)), limit)
		if err == nil && len(out) > limit {
			t.Fatalf("%d bytes", len(out))
		}
	})
}
