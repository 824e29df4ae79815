package main

import (
	"maps"
	"testing"
)

func TestDressSymbols(t *testing.T) {
	const config = "# all\nCONFIG_BPF=y\nCONFIG_DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT=y\nCONFIG_NET=y\n"
	for _, c := range []struct {
		dress dress
		want  string
	}{
		{dress{"thin5", 5, true}, "# all\nCONFIG_BPF=y\nCONFIG_NET=y\nCONFIG_DEBUG_INFO_DWARF5=y\nCONFIG_LTO_CLANG_THIN=y\n"},
		{dress{"dwarf4", 4, false}, "# all\nCONFIG_BPF=y\nCONFIG_NET=y\nCONFIG_DEBUG_INFO_DWARF4=y\n"},
	} {
		if got := c.dress.symbols(config); got != c.want {
			t.Errorf("%s: %q", c.dress.name, got)
		}
	}
}

// TestReadDebugInfo: what DWARF a file has, and whether its units refer to each other. Objects of
// testdata do not say who made them.
func TestReadDebugInfo(t *testing.T) {
	for _, c := range []struct {
		path     string
		versions map[uint16]int
		crossing bool
	}{
		{"dress/clang5-thin/lto.ko", map[uint16]int{5: 3}, true},
		{"dress/clang4-thin/lto.ko", map[uint16]int{4: 3}, true},
		{"plain/clang5.ko", map[uint16]int{5: 1}, false},
		{"plain/gcc4.ko", map[uint16]int{4: 1}, false},
	} {
		d, err := readDebugInfo("../../testdata/kernel/obj/" + c.path)
		if err != nil {
			t.Error(err)
			continue
		}
		if !maps.Equal(d.versions, c.versions) || d.crossing != c.crossing || len(d.other) == 0 || d.bytes == 0 {
			t.Errorf("%s: %+v", c.path, d)
		}
	}
	for _, path := range []string{"none.ko", "nodebug.ko", "vmlinux.btf"} {
		if _, err := readDebugInfo("../../testdata/kernel/obj/" + path); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
}
