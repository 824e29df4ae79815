package check_test

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/report/check"
)

// TestFindingText: what a finding says, in lines and as an error in one, names in it
// being fit for a terminal.
func TestFindingText(t *testing.T) {
	item := 2
	loader := check.By(btf.ModuleLoader.String())
	for _, c := range []struct {
		name       string
		f          check.Finding
		lines, one string // one is empty where it is the same
	}{
		{"of no type", check.Finding{By: loader, Section: ".BTF", Message: "Invalid magic"},
			".BTF: refused by module loader: Invalid magic", ""},
		{"of a type", check.Finding{By: loader, Section: ".BTF", Offset: 0x18, ID: 4, Kind: "STRUCT", Name: "e\x1b[2J", Message: "Invalid name"},
			`.BTF, offset 0x18: refused by module loader: [4] STRUCT e\x1b[2J: Invalid name`, ""},
		{"of an item", check.Finding{By: loader, Section: ".BTF", Offset: 0x18, ID: 4, Kind: "STRUCT", Item: &item, Message: "Invalid type"},
			".BTF, offset 0x18: refused by module loader: [4] STRUCT item 2: Invalid type", ""},
		{"of another base", check.Finding{By: check.ByBase, Section: ".BTF", ID: 9, Kind: "PTR", Message: "type 7 is not there"},
			".BTF: not of this base: [9] PTR: type 7 is not there", ""},
		{"of relocation, whose message has the type", check.Finding{By: check.ByRelocation, Section: ".BTF.base", ID: 1, Kind: "INT", Name: "x", Message: "x is not mapped"},
			".BTF.base: no way to this base: x is not mapped", ""},
		{"with the kernel's log", check.Finding{By: loader, Section: ".BTF", Offset: 0x18, Log: []string{"[4] STRUCT s size=8 vlen=1", "\tm\x07 type_id=9 Invalid type"}},
			".BTF, offset 0x18: refused by module loader:\n\t[4] STRUCT s size=8 vlen=1\n\t\t" + `m\x07 type_id=9 Invalid type`,
			".BTF, offset 0x18: refused by module loader: [4] STRUCT s size=8 vlen=1; " + `m\x07 type_id=9 Invalid type`},
	} {
		one := c.one
		if one == "" {
			one = c.lines
		}
		if got := c.f.String(); got != c.lines {
			t.Errorf("%s: %q, want %q", c.name, got, c.lines)
		}
		if got := c.f.Error(); got != one {
			t.Errorf("%s: in one line %q, want %q", c.name, got, one)
		}
	}
}
