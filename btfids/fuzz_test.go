package btfids

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// FuzzSection gives a section and symbols as a hostile file has them. Whatever is
// taken must come out with nothing changed that no symbol speaks of, the same
// when it is done again, and with BTF of kfuncs that parses.
func FuzzSection(f *testing.F) {
	const set8 = "0 32 __BTF_ID__set8__kf\n8 4 __BTF_ID__func__mm_look__1\n16 4 __BTF_ID__func__zz_get__2\n24 4 __BTF_ID__func__aa_put__3\n"
	le, be := binary.ByteOrder(binary.LittleEndian), binary.ByteOrder(binary.BigEndian)
	f.Add(false, words(le, 0, 1, 0, 0x11000, 0, 0x2000, 0, 0x8000), set8)
	f.Add(true, words(be, 3, 1, 13, 0x20, 14, 0x30, 15, 0x10), set8)
	f.Add(false, words(le, 3, 1, 13, 0x20, 14, 0x30, 0, 0x10), set8)
	f.Add(false, words(le, 0, 0, 0), "0 12 __BTF_ID__set__s\n4 4 __BTF_ID__func__twice__1\n8 4 __BTF_ID__struct__file__2\n")
	f.Add(false, words(le, 0, 0, 0), "0 12 __BTF_ID__set__s\n8 8 __BTF_ID__set8__t\n")            // overlap
	f.Add(false, words(le, 0, 0, 0), "0 18446744073709551612 __BTF_ID__set__s\n")                 // larger than memory
	f.Add(false, words(le, 0, 0, 0), "0 0 __BTF_ID__set__s\n8 4 __BTF_ID__set8__t\n")             // no room for a count
	f.Add(false, words(le, 0, 0, 0), "18446744073709551612 4 __BTF_ID__func__f__1\n")             // outside
	f.Add(false, words(le, 0), "0 4 __BTF_ID__func__f\n")                                         // a name without an end
	f.Add(false, words(le, 0), "0 4 __BTF_ID__func___\n0 4 __BTF_ID__\n0 4 __BTF_ID__func____\n") // no names
	f.Add(false, words(le, 0, 0), "0 8 __BTF_ID__set__s\n0 4 __BTF_ID__func__f__1\n")             // an id for a count

	base := btftest.MustParse(f, baseText, nil)
	mod := btftest.MustParse(f, modText, base)
	old, err := btf.ParseOrphan(btf.Append(nil, &mod.Types, mod.Strs, mod.Order))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, big bool, data []byte, text string) {
		order := binary.ByteOrder(binary.LittleEndian)
		if big {
			order = binary.BigEndian
		}
		var syms []Symbol
		for line := range strings.Lines(text) {
			var s Symbol
			if _, err := fmt.Sscan(line, &s.Off, &s.Size, &s.Name); err == nil {
				syms = append(syms, s)
			}
		}
		s, err := Parse(order, data, syms)
		if err != nil {
			return
		}
		kfuncs := s.Kfuncs()
		got, _ := s.Patch(mod)
		if len(got) != len(data) {
			t.Fatalf("%d bytes, then %d", len(data), len(got))
		}
		spoken := spokenOf(syms, len(data))
		for i := range got {
			if got[i] != data[i] && !spoken[i] {
				t.Fatalf("byte %#x was changed from %#x to %#x", i, data[i], got[i])
			}
		}
		again, err := Parse(order, got, syms)
		if err != nil {
			t.Fatal(err)
		}
		if second, _ := again.Patch(mod); !bytes.Equal(second, got) {
			t.Fatalf("once %x\ntwice %x", got, second)
		}
		if left, err := Parse(order, got, syms); err != nil || len(left.data) != len(data) || left.RestoreOrphan(old) != !left.Filled() {
			t.Fatalf("restored, but filled: %v", err)
		}
		made, _, err := Transform(mod, kfuncs)
		if err != nil {
			return
		}
		if _, err := btf.Parse(btf.Append(nil, &made.Types, made.Strs, made.Order), base); err != nil {
			t.Fatal(err)
		}
	})
}

// spokenOf reports which of n bytes symbols, which Parse took, ask to be changed.
func spokenOf(syms []Symbol, n int) []bool {
	out := make([]bool, n)
	for _, s := range syms {
		size := uint64(4)
		if strings.HasPrefix(s.Name, prefix+"set") {
			size = s.Size
		}
		if IsSymbol(s.Name) {
			for i := range out[s.Off : s.Off+size] {
				out[s.Off+uint64(i)] = true
			}
		}
	}
	return out
}
