package btfids

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

var orders = []binary.ByteOrder{binary.LittleEndian, binary.BigEndian}

// words returns the bytes of a section.
func words(order binary.ByteOrder, w ...uint32) []byte {
	var b []byte
	for _, v := range w {
		b = order.(binary.AppendByteOrder).AppendUint32(b, v)
	}
	return b
}

// symbols reads lines of "offset size name", numbers in decimal.
func symbols(t *testing.T, text string) []Symbol {
	t.Helper()
	var out []Symbol
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		var s Symbol
		if _, err := fmt.Sscan(line, &s.Off, &s.Size, &s.Name); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		out = append(out, s)
	}
	return out
}

func mustParse(t *testing.T, order binary.ByteOrder, data []byte, text string) *Section {
	t.Helper()
	s, err := Parse(order, data, symbols(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A kernel and a module of it. list_head is a struct and a typedef, twice is
// twice there, and the module has a second file.
const baseText = `
[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] STRUCT 'file' size=4 vlen=1
	'a' type_id=1 bits_offset=0
[3] TYPEDEF 'list_head' type_id=1
[4] STRUCT 'list_head' size=4 vlen=0
[5] FUNC_PROTO '(anon)' ret_type_id=0 vlen=0
[6] FUNC 'vfs_open' type_id=5 linkage=static
[7] FUNC 'twice' type_id=5 linkage=static
[8] FUNC_PROTO '(anon)' ret_type_id=1 vlen=0
[9] FUNC 'twice' type_id=8 linkage=static
[10] UNION 'u' size=4 vlen=0`

const modText = `
[11] STRUCT 'mod' size=4 vlen=0
[12] STRUCT 'file' size=8 vlen=0
[13] FUNC 'zz_get' type_id=5 linkage=static
[14] FUNC 'aa_put' type_id=5 linkage=static
[15] FUNC 'mm_look' type_id=5 linkage=static`

func testBTF(t *testing.T) (base, mod *btf.BTF) {
	base = btftest.MustParse(t, baseText, nil)
	return base, btftest.MustParse(t, modText, base)
}

func TestPatch(t *testing.T) {
	_, mod := testBTF(t)
	for _, c := range []struct {
		name    string
		in      []uint32
		symbols string
		want    []uint32
		warn    []string
	}{
		{
			name: "list",
			in:   []uint32{0, 0, 0, 0, 0, 7},
			symbols: `
				0 4 __BTF_ID__struct__list_head__1
				4 4 __BTF_ID__typedef__list_head__2
				8 4 __BTF_ID__union__u__3
				12 4 __BTF_ID__func__vfs_open__4
				16 4 __BTF_ID__struct__mod__5
				20 4 not_an_id`,
			want: []uint32{4, 3, 10, 6, 11, 7},
		},
		{
			name:    "one name at several places",
			in:      []uint32{0, 0},
			symbols: "0 4 __BTF_ID__func__vfs_open__4\n4 4 __BTF_ID__func__vfs_open__5",
			want:    []uint32{6, 6},
		},
		{
			name: "set is sorted",
			in:   []uint32{0, 0, 0, 0, 9},
			symbols: `
				0 16 __BTF_ID__set__fs__ids
				4 4 __BTF_ID__func__aa_put__1
				8 4 __BTF_ID__func__vfs_open__2
				12 4 __BTF_ID__struct__file__3`,
			want: []uint32{3, 2, 6, 14, 9},
		},
		{
			name: "set8 is sorted with its flags",
			in:   []uint32{0, 1, 0, 0x10, 0, 0x20, 0, 0x30},
			symbols: `
				0 32 __BTF_ID__set8__kf
				8 4 __BTF_ID__func__mm_look__1
				16 4 __BTF_ID__func__zz_get__2
				24 4 __BTF_ID__func__aa_put__3`,
			want: []uint32{3, 1, 13, 0x20, 14, 0x30, 15, 0x10},
		},
		{
			name: "members that are not used",
			in:   []uint32{0, 0, 0, 0, 0, 1, 0, 7, 0, 0, 0, 9},
			symbols: `
				0 16 __BTF_ID__set__s
				4 4 __BTF_ID__func__aa_put__1
				12 4 __BTF_ID__func__vfs_open__2
				16 32 __BTF_ID__set8__t
				24 4 __BTF_ID__func__mm_look__3
				40 4 __BTF_ID__func__zz_get__4`,
			want: []uint32{3, 0, 6, 14, 3, 1, 0, 0, 13, 9, 15, 7},
		},
		{
			name:    "empty sets",
			in:      []uint32{0, 0, 1},
			symbols: "0 4 __BTF_ID__set__a\n4 8 __BTF_ID__set8__b",
			want:    []uint32{0, 0, 1},
		},
		{
			name: "not found",
			in:   []uint32{5, 0, 0, 0},
			symbols: `
				0 4 __BTF_ID__struct__nowhere__1
				4 12 __BTF_ID__set__s
				8 4 __BTF_ID__func__mod__2
				12 4 __BTF_ID__func__vfs_open__3`,
			want: []uint32{0, 2, 0, 6},
			warn: []string{"resolve_btfids: unresolved symbol nowhere", "resolve_btfids: unresolved symbol mod"},
		},
		{
			name:    "several, while others are looked for",
			in:      []uint32{0, 0},
			symbols: "0 4 __BTF_ID__func__twice__1\n4 4 __BTF_ID__func__aa_put__2",
			want:    []uint32{7, 14},
			warn:    []string{"multiple IDs found for 'twice': 7, 9 - using 7"},
		},
		{
			name:    "several, but all is found before",
			in:      []uint32{0},
			symbols: "0 4 __BTF_ID__func__twice__1",
			want:    []uint32{7},
		},
		{
			name:    "base and module",
			in:      []uint32{0, 0},
			symbols: "0 4 __BTF_ID__struct__file__1\n4 4 __BTF_ID__struct__mods__2",
			want:    []uint32{2, 0},
			warn:    []string{"multiple IDs found for 'file': 2, 12 - using 2", "resolve_btfids: unresolved symbol mods"},
		},
		{
			name:    "underscores",
			in:      []uint32{0},
			symbols: "0 4 __BTF_ID__struct__list__head___init__1030233",
			want:    []uint32{0},
			warn:    []string{"resolve_btfids: unresolved symbol list__head___init"},
		},
	} {
		for _, order := range orders {
			t.Run(fmt.Sprint(c.name, " ", order), func(t *testing.T) {
				in := words(order, c.in...)
				s := mustParse(t, order, in, c.symbols)
				got, warnings := s.Patch(mod)
				if want := words(order, c.want...); !bytes.Equal(got, want) {
					t.Errorf("got  %x\nwant %x", got, want)
				}
				var warn []string
				for _, w := range warnings {
					warn = append(warn, w.Error())
				}
				if !slices.Equal(warn, c.warn) {
					t.Errorf("warnings %q, want %q", warn, c.warn)
				}
				if !bytes.Equal(in, words(order, c.in...)) {
					t.Error("the input was changed")
				}
				again, _ := mustParse(t, order, got, c.symbols).Patch(mod)
				if !bytes.Equal(again, got) {
					t.Errorf("a second time: %x\nfirst:         %x", again, got)
				}
			})
		}
	}
}

// TestPatchMany: resolve_btfids takes no more than 100 places of one name.
func TestPatchMany(t *testing.T) {
	_, mod := testBTF(t)
	var syms strings.Builder
	var want []uint32
	for i := range 300 {
		fmt.Fprintf(&syms, "%d 4 __BTF_ID__func__vfs_open__%d\n", 4*i, i)
		want = append(want, 6)
	}
	order := binary.LittleEndian
	got, _ := mustParse(t, order, make([]byte, 4*300), syms.String()).Patch(mod)
	if !bytes.Equal(got, words(order, want...)) {
		t.Errorf("got %x", got)
	}
}

// TestPatchAgain fills in for other BTF than before: every function keeps its
// flags, while the ids change and even their order may.
func TestPatchAgain(t *testing.T) {
	const syms = `
		0 32 __BTF_ID__set8__kf
		8 4 __BTF_ID__func__mm_look__1
		16 4 __BTF_ID__func__zz_get__2
		24 4 __BTF_ID__func__aa_put__3`
	base, mod := testBTF(t)
	shifted := btftest.MustParse(t, `
[11] INT 'x' size=1 bits_offset=0 nr_bits=8 encoding=(none)
[12] FUNC 'zz_get' type_id=5 linkage=static
[13] FUNC 'aa_put' type_id=5 linkage=static
[14] FUNC 'mm_look' type_id=5 linkage=static`, base)
	reversed := btftest.MustParse(t, `
[11] FUNC 'mm_look' type_id=5 linkage=static
[12] FUNC 'aa_put' type_id=5 linkage=static
[13] FUNC 'zz_get' type_id=5 linkage=static`, base)

	order := binary.LittleEndian
	first, _ := mustParse(t, order, words(order, 0, 1, 0, 0x10, 0, 0x20, 0, 0x30), syms).Patch(mod)

	t.Run("ids shifted, old BTF gone", func(t *testing.T) {
		got, warnings := mustParse(t, order, first, syms).Patch(shifted)
		if len(warnings) != 1 || !strings.Contains(warnings[0].Error(), "set kf was filled in for other BTF") {
			t.Errorf("warnings %q", warnings)
		}
		if want := words(order, 3, 1, 12, 0x20, 13, 0x30, 14, 0x10); !bytes.Equal(got, want) {
			t.Errorf("got  %x\nwant %x", got, want)
		}
	})
	t.Run("ids in another order, old BTF at hand", func(t *testing.T) {
		s := mustParse(t, order, first, syms)
		if !s.Restore(mod) {
			t.Fatal("not restored")
		}
		got, _ := s.Patch(reversed)
		if want := words(order, 3, 1, 11, 0x10, 12, 0x30, 13, 0x20); !bytes.Equal(got, want) {
			t.Errorf("got  %x\nwant %x", got, want)
		}
	})
	t.Run("flags that are all the same", func(t *testing.T) {
		first, _ := mustParse(t, order, words(order, 0, 1, 0, 5, 0, 5, 0, 5), syms).Patch(mod)
		got, warnings := mustParse(t, order, first, syms).Patch(shifted)
		if want := words(order, 3, 1, 12, 5, 13, 5, 14, 5); !bytes.Equal(got, want) || len(warnings) > 0 {
			t.Errorf("got  %x, warnings %q\nwant %x", got, warnings, want)
		}
	})
	t.Run("other BTF restores nothing", func(t *testing.T) {
		for _, b := range []*btf.BTF{shifted, reversed, base} {
			s := mustParse(t, order, first, syms)
			if s.Restore(b) {
				t.Errorf("restored by BTF of %d types", b.NumTypes())
			}
			if !bytes.Equal(s.data, first) {
				t.Errorf("changed by BTF of %d types", b.NumTypes())
			}
		}
	})
}

// TestUnfilled: what was filled in is taken out, but not where flags would be lost.
func TestUnfilled(t *testing.T) {
	const syms = `
		0 4 __BTF_ID__struct__file__1
		4 12 __BTF_ID__set__some
		8 4 __BTF_ID__func__zz_get__2
		12 4 __BTF_ID__func__aa_put__3
		16 32 __BTF_ID__set8__kf
		24 4 __BTF_ID__func__mm_look__4
		32 4 __BTF_ID__func__zz_get__5
		40 4 __BTF_ID__func__aa_put__6`
	_, mod := testBTF(t)
	for _, order := range orders {
		compiled := words(order, 0, 0, 0, 0, 0, 1, 0, 0x10, 0, 0x20, 0, 0x30)
		filled, _ := mustParse(t, order, compiled, syms).Patch(mod)
		s := mustParse(t, order, filled, syms)
		kept := words(order, 0, 0, 0, 0)
		kept = append(kept, filled[len(kept):]...)
		if got, warnings := s.Unfilled(); !bytes.Equal(got, kept) || len(warnings) != 1 {
			t.Errorf("%v, not restored: got  %x, warnings %q\nwant %x", order, got, warnings, kept)
		}
		if !s.Restore(mod) {
			t.Fatal("not restored")
		}
		if got, warnings := s.Unfilled(); !bytes.Equal(got, compiled) || len(warnings) > 0 {
			t.Errorf("%v, restored: got  %x, warnings %q\nwant %x", order, got, warnings, compiled)
		}
		same := words(order, 0, 0, 0, 0, 0, 1, 0, 5, 0, 5, 0, 5)
		filled, _ = mustParse(t, order, same, syms).Patch(mod)
		if got, warnings := mustParse(t, order, filled, syms).Unfilled(); !bytes.Equal(got, same) || len(warnings) > 0 {
			t.Errorf("%v, same flags: got  %x, warnings %q\nwant %x", order, got, warnings, same)
		}
	}
}

// TestStale: ids are of other BTF than the one at hand, if there are any.
func TestStale(t *testing.T) {
	const syms = `
		0 4 __BTF_ID__struct__file__1
		4 24 __BTF_ID__set8__kf
		12 4 __BTF_ID__func__zz_get__2
		20 4 __BTF_ID__func__aa_put__3`
	base, mod := testBTF(t)
	for _, order := range orders {
		empty := words(order, 0, 0, 0, 0, 0x10, 0, 0x20)
		filled, _ := mustParse(t, order, empty, syms).Patch(mod)
		for _, c := range []struct {
			name string
			data []byte
			b    *btf.BTF
			want bool
		}{
			{"not filled in", empty, mod, false},
			{"with the ids of this", filled, mod, false},
			{"with those of another", filled, base, true},
		} {
			s := mustParse(t, order, c.data, syms)
			if got := s.Stale(c.b); got != c.want || !bytes.Equal(s.data, c.data) {
				t.Errorf("%v, %s: %v, want %v; the section is %x now", order, c.name, got, c.want, s.data)
			}
		}
	}
}

// TestRestoreNotFound has members without ids, whose flags are known only if they
// are the same.
func TestRestoreNotFound(t *testing.T) {
	_, mod := testBTF(t)
	const syms = `
		0 32 __BTF_ID__set8__kf
		8 4 __BTF_ID__func__gone__1
		16 4 __BTF_ID__func__zz_get__2
		24 4 __BTF_ID__func__away__3`
	order := binary.LittleEndian
	for _, c := range []struct {
		flags uint32 // of away; those of gone are 0x10
		want  bool
	}{{0x10, true}, {0x30, false}} {
		in := words(order, 0, 1, 0, 0x10, 0, 0x20, 0, c.flags)
		filled, warnings := mustParse(t, order, in, syms).Patch(mod)
		if len(warnings) != 2 {
			t.Fatalf("%d warnings, want 2", len(warnings))
		}
		s := mustParse(t, order, filled, syms)
		if got := s.Restore(mod); got != c.want {
			t.Errorf("flags %#x: restored %v, want %v", c.flags, got, c.want)
		}
		if c.want && !bytes.Equal(s.data, in) {
			t.Errorf("restored %x, want %x", s.data, in)
		}
	}
}

func TestKfuncs(t *testing.T) {
	_, mod := testBTF(t)
	const syms = `
		0 16 __BTF_ID__set8__plain
		8 4 __BTF_ID__func__vfs_open__0
		16 32 __BTF_ID__set8__kf
		24 4 __BTF_ID__func__mm_look__1
		32 4 __BTF_ID__func__zz_get__2
		40 4 __BTF_ID__func__aa_put__3`
	order := binary.BigEndian
	want := []Kfunc{{"mm_look", 0x10, "kf", 0}, {"zz_get", 0x20, "kf", 1}, {"aa_put", 0x30, "kf", 2}}
	s := mustParse(t, order, words(order, 0, 0, 0, 5, 0, 1, 0, 0x10, 0, 0x20, 0, 0x30), syms)
	if got := s.Kfuncs(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	filled, _ := s.Patch(mod)
	s = mustParse(t, order, filled, syms)
	if !s.Restore(mod) {
		t.Error("not restored")
	}
	if got := s.Kfuncs(); !slices.Equal(got, want) {
		t.Errorf("restored: %v, want %v", got, want)
	}

	// Ids of functions that were numbered by name, of BTF that is gone.
	s = mustParse(t, order, words(order, 1, 0, 6, 5, 3, 1, 21, 0x30, 22, 0x10, 23, 0x20), syms)
	if got := s.Kfuncs(); !slices.Equal(got, want) {
		t.Errorf("filled in for other BTF: %v, want %v", got, want)
	}
}
