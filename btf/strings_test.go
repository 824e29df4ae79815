package btf_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
)

func TestStringsWithoutBase(t *testing.T) {
	s := btf.NewStrings(nil)
	if off := s.Intern(nil); off != 0 {
		t.Errorf("empty string at %#x, want 0", off)
	}
	a, b := s.Intern([]byte("a")), s.Intern([]byte("bc"))
	if a != 1 || b != 3 {
		t.Errorf("offsets %#x, %#x, want 1, 3", a, b)
	}
	if again := s.Intern([]byte("a")); again != a {
		t.Errorf("a second time at %#x, want %#x", again, a)
	}
	if own := s.Own(); string(own) != "\x00a\x00bc\x00" {
		t.Errorf("own section %q", own)
	}
	if s.Start() != 0 {
		t.Errorf("start %#x, want 0", s.Start())
	}
	for off, want := range map[btf.StrOff]string{0: "", a: "a", b: "bc"} {
		if got := string(s.Bytes(off)); got != want {
			t.Errorf("string at %#x is %q, want %q", off, got, want)
		}
	}
}

func TestStringsOnBase(t *testing.T) {
	section := []byte("\x00int\x00list\x00list\x00next\x00")
	x, err := btf.NewStrIndex(section)
	if err != nil {
		t.Fatal(err)
	}
	if x.Len() != btf.StrOff(len(section)) {
		t.Errorf("length %d, want %d", x.Len(), len(section))
	}
	for name, want := range map[string]btf.StrOff{"": 0, "int": 1, "list": 5, "next": 15} {
		if off, ok := x.Find([]byte(name)); !ok || off != want {
			t.Errorf("%q at %#x, %v, want %#x", name, off, ok, want)
		}
	}
	// The end of a string is a string of its own only where it is interned.
	for _, name := range []string{"in", "t", "ist", "listx", "list\x00"} {
		if off, ok := x.Find([]byte(name)); ok {
			t.Errorf("%q found at %#x", name, off)
		}
	}
	s := btf.NewStrings(x)
	if off := s.Intern([]byte("next")); off != 15 {
		t.Errorf("the base's string at %#x, want 15", off)
	}
	own := s.Intern([]byte("nex"))
	if own != x.Len() {
		t.Errorf("first own string at %#x, want %#x", own, x.Len())
	}
	if got := s.Own(); string(got) != "nex\x00" {
		t.Errorf("own section %q", got)
	}
	if string(s.Bytes(own)) != "nex" || string(s.Bytes(5)) != "list" || string(s.Bytes(0)) != "" {
		t.Errorf("strings read back: %q, %q, %q", s.Bytes(own), s.Bytes(5), s.Bytes(0))
	}
}

func TestStrIndexRefuses(t *testing.T) {
	for _, section := range []string{"", "a\x00", "\x00a"} {
		if _, err := btf.NewStrIndex([]byte(section)); err == nil {
			t.Errorf("section %q accepted", section)
		}
	}
	var none *btf.StrIndex
	if _, ok := none.Find([]byte("a")); ok || none.Len() != 0 {
		t.Error("a nil index is not empty")
	}
	if off, ok := none.Find(nil); !ok || off != 0 {
		t.Error("a nil index has no empty string")
	}
}

// TestStringsGrow interns more names than any first table has room for, resets,
// and interns others, so that what a table keeps of the past would show.
func TestStringsGrow(t *testing.T) {
	x, err := btf.NewStrIndex([]byte("\x00base\x00name_7\x00"))
	if err != nil {
		t.Fatal(err)
	}
	s := btf.NewStrings(nil)
	for round, base := range []*btf.StrIndex{nil, x, nil, x} {
		s.Reset(base)
		const n = 20000
		offs := make([]btf.StrOff, n)
		name := func(i int) []byte { return fmt.Appendf(nil, "name_%d", i*(round+1)) }
		for i := range offs {
			offs[i] = s.Intern(name(i))
		}
		seen := map[btf.StrOff]bool{}
		for i, off := range offs {
			if again := s.Intern(name(i)); again != off {
				t.Fatalf("round %d: %s at %#x, then at %#x", round, name(i), off, again)
			}
			if !bytes.Equal(s.Bytes(off), name(i)) {
				t.Fatalf("round %d: %s reads back as %s", round, name(i), s.Bytes(off))
			}
			if seen[off] {
				t.Fatalf("round %d: two names at %#x", round, off)
			}
			seen[off] = true
		}
		if off := s.Intern([]byte("name_7")); (off < s.Start()) != (base != nil) {
			t.Errorf("round %d: name_7 at %#x, own strings start at %#x", round, off, s.Start())
		}
		if got := strings.Count(string(s.Own()), "name_8\x00"); got > 1 {
			t.Errorf("round %d: name_8 is there %d times", round, got)
		}
	}
}

// TestInternAt interns strings by where they are expected, rightly or not, and
// wants what Intern gives.
func TestInternAt(t *testing.T) {
	const unique = "\x00a\x00abcdefg\x00abcdefgh\x00abcdefghijklmno\x00abcdefghijklmnop\x00z\x00"
	for _, base := range []string{"", "\x00", unique, unique + "abcdefg\x00a\x00"} {
		var x *btf.StrIndex
		if base != "" {
			var err error
			if x, err = btf.NewStrIndex([]byte(base)); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range strings.Split(unique+"b\x00abcdefgi\x00abcdefghijklmnoq\x00abcdefghijklmnopq", "\x00") {
			for _, behind := range []string{"", "rest", "rest of more than a word"} {
				section := []byte(name + "\x00" + behind)
				for next := 0; next <= len(base); next++ {
					if next > 0 && base[next-1] != 0 {
						continue // no string begins here
					}
					s := btf.NewStrings(x)
					off, after, ok := s.InternAt(section, btf.StrOff(next))
					if want := s.Intern([]byte(name)); !ok || off != want {
						t.Fatalf("base %q: %q expected at %#x: %#x, %v, want %#x", base, name, next, off, ok, want)
					}
					if off < s.Start() && after != off+btf.StrOff(len(name))+1 {
						t.Errorf("base %q: %q expected at %#x, found at %#x: goes on at %#x", base, name, next, off, after)
					}
				}
			}
		}
		s := btf.NewStrings(x)
		for _, open := range []string{"", "a", "abcdefgh", "abcdefghi"} {
			if off, _, ok := s.InternAt([]byte(open), min(1, x.Len())); ok {
				t.Errorf("base %q: %q without an end interned at %#x", base, open, off)
			}
		}
	}
}

func TestStringsAllocateNothingWhenFull(t *testing.T) {
	s := btf.NewStrings(nil)
	names := make([][]byte, 5000)
	for i := range names {
		names[i] = fmt.Appendf(nil, "n%d", i)
		s.Intern(names[i])
	}
	n := testing.AllocsPerRun(10, func() {
		s.Reset(nil)
		for _, name := range names {
			s.Intern(name)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations after Reset", n)
	}
}

// TestStrIndexOnKernel finds every string of a kernel.
func TestStrIndexOnKernel(t *testing.T) {
	_, b := corpusBase(t)
	x, err := btf.NewStrIndex(b.Strs)
	if err != nil {
		t.Fatal(err)
	}
	for off := 1; off < len(b.Strs); {
		s := b.Strs[off:]
		s = s[:bytes.IndexByte(s, 0)]
		got, ok := x.Find(s)
		if !ok || got > btf.StrOff(off) {
			t.Fatalf("%q of %#x found at %#x, %v", s, off, got, ok)
		}
		if other, _ := b.Str(got); !bytes.Equal(other, s) {
			t.Fatalf("%q of %#x found as %q", s, off, other)
		}
		off += len(s) + 1
	}
}

func BenchmarkStrIndexOfKernel(b *testing.B) {
	_, base := corpusBase(b)
	for b.Loop() {
		if _, err := btf.NewStrIndex(base.Strs); err != nil {
			b.Fatal(err)
		}
	}
}

// TestStringsFull passes the limit: from then on nothing is looked at, however long.
func TestStringsFull(t *testing.T) {
	s := btf.NewStrings(nil)
	s.Limit = 8
	one := s.Intern([]byte("one"))
	if off := s.Intern([]byte("too long")); off != 0 || !s.Full() {
		t.Errorf("offset %d, full %v", off, s.Full())
	}
	if off, _, ok := s.InternAt([]byte("without end"), 0); s.Intern([]byte("one")) != 0 || off != 0 || !ok {
		t.Errorf("a full table is looked at: offset %d, ends %v", off, ok)
	}
	s.Reset(nil)
	if off := s.Intern([]byte("one")); s.Full() || off != one {
		t.Errorf("after Reset: offset %d, full %v", off, s.Full())
	}
}
