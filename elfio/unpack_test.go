package elfio

import (
	"bytes"
	"encoding/hex"
	"runtime"
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

// TestUnpackLarge has more than is decompressed before it is counted.
func TestUnpackLarge(t *testing.T) {
	want := bytes.Repeat([]byte("module, "), 1<<12)
	n := uint64(len(want))
	for name, b := range packAll(t, want) {
		for _, first := range []uint64{1, n - 1, n, n + 1} {
			got, err := unpackBy(bytes.NewReader(b), uint64(len(b)), n, first)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, first %d: %d bytes, error %v", name, first, len(got), err)
			}
			_, err = unpackBy(bytes.NewReader(b), uint64(len(b)), n-1, first)
			if err == nil || !strings.Contains(err.Error(), "more than 32767 bytes") {
				t.Errorf("%s, first %d: error %v", name, first, err)
			}
			cut := bytes.NewReader(b[:len(b)-3])
			if _, err := unpackBy(cut, uint64(cut.Len()), n, first); err == nil {
				t.Errorf("%s, first %d: no error where the file is cut", name, first)
			}
		}
	}
}

// A file that goes on and on does not take the memory of its limit.
func TestUnpackBomb(t *testing.T) {
	b := packAll(t, make([]byte, 256<<20))["zstd"]
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := unpack(bytes.NewReader(b), uint64(len(b)), 200<<20); err == nil {
		t.Error("no error")
	}
	runtime.ReadMemStats(&after)
	// ReadAll's buffers of up to 64 MiB are five times as large in sum.
	if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 400 {
		t.Errorf("took %d MiB in all", got)
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
