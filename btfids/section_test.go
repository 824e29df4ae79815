package btfids

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

func TestParseName(t *testing.T) {
	for _, c := range []struct{ in, word, name, err string }{
		{"__BTF_ID__func__vfs_close__1", "func", "vfs_close", ""},
		{"__BTF_ID__struct__nf_conn___init__1030233", "struct", "nf_conn___init", ""},
		{"__BTF_ID__union____kernel__x__7", "union", "__kernel__x", ""},
		{"__BTF_ID__typedef__pid_t__", "typedef", "pid_t", ""},
		{"__BTF_ID__set__a", "set", "a", ""},
		{"__BTF_ID__set8__a__b__1", "set8", "a__b__1", ""},
		{"__BTF_ID__func__vfs_close", "", "", "no number behind the name in symbol __BTF_ID__func__vfs_close"},
		{"__BTF_ID__func__vfs", "", "", "no number behind the name in symbol __BTF_ID__func__vfs"},
		{"__BTF_ID__func__", "", "", "no number behind the name in symbol __BTF_ID__func__"},
		{"__BTF_ID__func___", "", "", "no number behind the name in symbol __BTF_ID__func___"},
		{"__BTF_ID__func____1", "", "", "no name in symbol __BTF_ID__func____1"},
		{"__BTF_ID__set8__", "", "", "no name in symbol __BTF_ID__set8__"},
		{"__BTF_ID__func", "", "", "unsupported prefix func"},
		{"__BTF_ID__", "", "", "unsupported prefix "},
		{"__BTF_ID__enum__x__1", "", "", "unsupported prefix enum__x__1"},
		{"__BTF_ID__structs__x__1", "", "", "unsupported prefix structs__x__1"},
		{"__BTF_ID__set16__x", "", "", "unsupported prefix set16__x"},
	} {
		word, name, err := parseName(c.in)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if word != c.word || name != c.name || got != c.err {
			t.Errorf("%s: %q %q %q, want %q %q %q", c.in, word, name, got, c.word, c.name, c.err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		name, symbols string
		words         int
		want          string
	}{
		{"unknown word", "0 4 __BTF_ID__enum__x__1", 1, "offset 0x0: unsupported prefix enum__x__1"},
		{"beyond the end", "8 4 __BTF_ID__func__x__1", 2, "offset 0x8: symbol __BTF_ID__func__x__1 is out of bounds, size of the section 0x8"},
		{"across the end", "5 4 __BTF_ID__func__x__1", 2, "offset 0x5: symbol __BTF_ID__func__x__1 is out of bounds, size of the section 0x8"},
		{"far away", "18446744073709551615 4 __BTF_ID__func__x__1", 2, "offset 0xffffffffffffffff: symbol __BTF_ID__func__x__1 is out of bounds, size of the section 0x8"},
		{"empty section", "0 4 __BTF_ID__func__x__1", 0, "offset 0x0: symbol __BTF_ID__func__x__1 is out of bounds, size of the section 0x0"},
		{"odd place", "2 4 __BTF_ID__func__x__1", 2, "offset 0x2: symbol __BTF_ID__func__x__1 is not at a multiple of 4"},
		{"set too large", "4 8 __BTF_ID__set__x", 2, "offset 0x4: set x of size 0x8 is out of bounds, size of the section 0x8"},
		{"set of all the memory", "4 18446744073709551612 __BTF_ID__set__x", 2, "offset 0x4: set x of size 0xfffffffffffffffc is out of bounds, size of the section 0x8"},
		{"set without size", "0 0 __BTF_ID__set__x", 2, "offset 0x0: malformed data for set 'x': size 0x0 is no multiple of 4 from there on"},
		{"set8 without flags", "0 4 __BTF_ID__set8__x", 2, "offset 0x0: malformed data for set 'x': size 0x4 is no multiple of 8 from there on"},
		{"odd set", "0 6 __BTF_ID__set__x", 2, "offset 0x0: malformed data for set 'x': size 0x6 is no multiple of 4 from there on"},
		{"set twice", "0 4 __BTF_ID__set__x\n4 4 __BTF_ID__set__x", 2, "offset 0x4: malformed data for set 'x': there is another one"},
		{"sets overlap", "0 12 __BTF_ID__set__x\n8 4 __BTF_ID__set__y", 3, "offset 0x8: sets x and y overlap"},
		{"two sets in one place", "0 8 __BTF_ID__set8__x\n0 8 __BTF_ID__set8__y", 2, "offset 0x0: sets x and y overlap"},
		{"id for a count", "0 8 __BTF_ID__set__x\n0 4 __BTF_ID__func__f__1", 2, "offset 0x0: id of f is in set x, but is no member of it"},
		{"id for the flags of a set", "0 16 __BTF_ID__set8__x\n4 4 __BTF_ID__func__f__1", 4, "offset 0x4: id of f is in set x, but is no member of it"},
		{"id for flags", "0 16 __BTF_ID__set8__x\n12 4 __BTF_ID__func__f__1", 4, "offset 0xc: id of f is in set x, but is no member of it"},
		{"two ids in one place", "0 4 __BTF_ID__struct__f__1\n0 4 __BTF_ID__func__f__1", 4, "offset 0x0: ids of f and f are in one place"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Parse(binary.LittleEndian, make([]byte, 4*c.words), symbols(t, c.symbols))
			var e *Error
			if !errors.As(err, &e) || s != nil {
				t.Fatalf("%v, %v; want an error", s, err)
			}
			if want := "section .BTF_ids: " + c.want; err.Error() != want {
				t.Errorf("%s\nwant %s", err, want)
			}
		})
	}
}

func TestEmptySection(t *testing.T) {
	s, err := Parse(binary.LittleEndian, make([]byte, 8), symbols(t, "0 4 other\n3 9 __BTF_I"))
	if err != nil || !s.Empty() {
		t.Fatalf("%v, %v; want one that asks for nothing", s, err)
	}
	if IsSymbol("x__BTF_ID__") || !IsSymbol("__BTF_ID__") || strings.Contains(SectionName, "_BTF") {
		t.Error("names")
	}
}
