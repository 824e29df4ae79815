package main

import (
	"slices"
	"strings"
	"testing"
)

// graph makes modules of "a: b c" lines.
func graph(text string) map[string]*module {
	modules := map[string]*module{}
	for line := range strings.Lines(text) {
		name, depends, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name != "" {
			modules[name] = &module{name: name, depends: strings.Fields(depends)}
		}
	}
	return modules
}

func TestLoadOrder(t *testing.T) {
	modules := graph(`
		a: b c
		b: d
		c: d
		d:
		e:
		self: self
		x: y
		y: z
		z: x
		lost: nowhere
		far: lost`)
	for _, test := range []struct{ names, want, err string }{
		{"", "", ""},
		{"e", "e", ""},
		{"a", "d b c a", ""},
		{"e a d", "d b c a e", ""},
		{"a a", "d b c a", ""},
		{"none", "", "no module none"},
		{"self", "", "module self depends on itself"},
		{"x", "", "module x depends on itself"},
		{"e lost", "", "module lost depends on nowhere, which is not there"},
		{"far", "", "module lost depends on nowhere, which is not there"},
	} {
		got, err := loadOrder(modules, strings.Fields(test.names))
		if test.err != "" {
			if err == nil || err.Error() != test.err {
				t.Errorf("%q: error %v, want %q", test.names, err, test.err)
			}
		} else if err != nil || !slices.Equal(got, strings.Fields(test.want)) {
			t.Errorf("%q: %v, %v, want %q", test.names, got, err, test.want)
		}
	}
}

func TestParseModinfo(t *testing.T) {
	for _, test := range []struct {
		info, name string
		depends    []string
	}{
		{"", "", nil},
		{"license=GPL\x00depends=\x00name=a-b\x00", "a_b", nil},
		{"depends=x,y-z\x00\x00\x00name=q", "q", []string{"x", "y_z"}},
		{"depends=,,x,\x00", "", []string{"x"}},
		{"nonsense\x00=\x00names=a\x00", "", nil},
	} {
		m := parseModinfo([]byte(test.info))
		if m.name != test.name || !slices.Equal(m.depends, test.depends) {
			t.Errorf("%q: %q needs %q", test.info, m.name, m.depends)
		}
	}
}
