package dwarfconv

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

// all has every feature on.
var all = Options{Floats: true, Enum64: true, DeclTag: true, TypeTag: true, Vars: true, ABI: ABIFor(emX8664, 8)}

func sectionsOf(s *dwarftest.Sections) *Sections {
	return &Sections{Info: s.Info, Abbrev: s.Abbrev, Str: s.Str, LineStr: s.LineStr, StrOffsets: s.StrOffsets, Addr: s.Addr, Order: s.Order}
}

// textOf returns types and variables of a unit as lines.
func textOf(t testing.TB, u *Unit, strs *btf.Strings) string {
	t.Helper()
	b, err := btf.Parse(btf.Append(nil, &u.Types, strs.Own(), dwarftestOrder), nil)
	if err != nil {
		t.Fatal(err)
	}
	var sb strings.Builder
	sb.WriteString(btftest.Text(b))
	for _, v := range u.Vars {
		fmt.Fprintf(&sb, "var %s type_id=%d addr=%#x external=%v%s\n", strs.Bytes(v.Name), v.Type, v.Addr, v.External,
			tagText(u.Tags[v.TagFirst:v.TagFirst+v.TagN], strs))
	}
	for _, f := range u.Funcs {
		fmt.Fprintf(&sb, "func %s%s\n", strs.Bytes(f.Name), tagText(u.Tags[f.TagFirst:f.TagFirst+f.TagN], strs))
	}
	return sb.String()
}

func tagText(tags []Tag, strs *btf.Strings) string {
	var sb strings.Builder
	for _, tag := range tags {
		fmt.Fprintf(&sb, " %s@%d", strs.Bytes(tag.Value), tag.Component)
	}
	return sb.String()
}

// convertText returns all units of text, one after the other.
func convertText(t testing.TB, o dwarftest.Options, opts Options, text string) (string, Stats, error) {
	t.Helper()
	strs := btf.NewStrings(nil)
	c := NewConverter()
	if err := c.Reset(sectionsOf(dwarftest.Build(t, o, text)), strs, opts); err != nil {
		return "", c.Stats(), err
	}
	var sb strings.Builder
	for n := 0; ; n++ {
		u, err := c.Next()
		if err != nil || u == nil {
			return sb.String(), c.Stats(), err
		}
		if n > 0 {
			sb.WriteString("unit\n")
		}
		sb.WriteString(textOf(t, u, strs))
	}
}

func TestConvert(t *testing.T) {
	noEnum64, noFloats, noTags := all, all, all
	noEnum64.Enum64, noFloats.Floats = false, false
	noTags.TypeTag, noTags.DeclTag = false, false
	rustless := all
	rustless.LangExclude = []dwarf.Lang{dwarf.LangRust}
	onlyRust := all
	onlyRust.LangOnly = []dwarf.Lang{dwarf.LangGo, dwarf.LangRust}
	prefix := all
	prefix.NamePrefix = "__hide"
	for _, test := range convertTests {
		t.Run(test.name, func(t *testing.T) {
			opts := map[string]Options{"": all, "noenum64": noEnum64, "nofloats": noFloats, "notags": noTags, "norust": rustless, "onlyrust": onlyRust, "prefix": prefix}[test.opts]
			got, _, err := convertText(t, test.dwarf, opts, test.text)
			if err != nil {
				t.Fatal(err)
			}
			if want := trim(test.want); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// trim takes the indentation off a literal.
func trim(s string) string {
	var sb strings.Builder
	for line := range strings.Lines(s) {
		if l := strings.TrimPrefix(line, "\t\t\t"); strings.TrimSpace(l) != "" {
			sb.WriteString(strings.TrimRight(l, " \t\n") + "\n")
		}
	}
	return sb.String()
}
