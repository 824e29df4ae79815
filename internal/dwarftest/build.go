// Package dwarftest assembles DWARF sections from text, for tests.
//
// A line is a DIE; its children are indented deeper. A line that begins with
// "unit" starts a unit, and says what it deviates in from the options:
//
//	unit v5 partial
//	  partial_unit
//	    i: base_type name="int" byte_size=4 encoding=5
//	    pointer_type type=i
//
// Before the tag may stand a label and a colon. An attribute is name=value or
// name=form:value. A value is a number, a quoted string, a label (references),
// bytes as in [03 10 20], or absent (flag_present). The type of a type unit, whose
// signature is 0x1122334455667788, has the label sig. Without a form a number is
// data1, data2, data4 or data8, whichever is the shortest, a string is string,
// a label is ref4 and bytes are exprloc.
package dwarftest

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// Options are the defaults of units.
type Options struct {
	Version  int // 0: 5
	Is64     bool
	Big      bool // big endian
	AddrSize int  // 0: 8
	CodeStep int  // 0: codes are 1, 2, 3; n: they are n apart
}

// Sections is what Build makes.
type Sections struct {
	Info, Abbrev, Str, LineStr, StrOffsets, Addr []byte

	Order binary.ByteOrder
	Label map[string]int // offset in Info of the DIE of each label
}

// Build assembles text. Bases of .debug_str_offsets and .debug_addr tables are
// 8 in DWARF32 and 16 in DWARF64.
func Build(t testing.TB, o Options, text string) *Sections {
	t.Helper()
	s, err := Assemble(o, text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Assemble is Build without a test.
func Assemble(o Options, text string) (*Sections, error) {
	if o.Version == 0 {
		o.Version = 5
	}
	if o.AddrSize == 0 {
		o.AddrSize = 8
	}
	units, err := parse(o, text)
	if err != nil {
		return nil, err
	}
	// Sizes do not depend on values, so that a first run finds the offsets of
	// labels.
	labels := map[string]int{}
	for range 2 {
		a := newAssembler(o, labels)
		for _, u := range units {
			a.unit(u)
		}
		if a.err != nil {
			return nil, a.err
		}
		labels = a.found
		if a.complete {
			return a.finish(), nil
		}
	}
	return nil, fmt.Errorf("a reference has no label")
}

type unit struct {
	o    Options
	kind uint8
	root *die
}

type die struct {
	label    string
	tag      uint16
	attrs    []attr
	children []*die
}

type attr struct {
	name, form   uint16
	indirect     bool
	num          int64
	str          string
	bytes        []byte
	isStr, isRef bool
}

func parse(o Options, text string) ([]*unit, error) {
	var units []*unit
	type level struct {
		indent int
		d      *die
	}
	var stack []level
	for i, line := range strings.Split(text, "\n") {
		body := strings.TrimSpace(line)
		if body == "" || strings.HasPrefix(body, "#") {
			continue
		}
		fail := func(err error) error { return fmt.Errorf("line %d: %w", i+1, err) }
		words, err := split(body)
		if err != nil {
			return nil, fail(err)
		}
		if words[0] == "unit" {
			u := &unit{o: o, kind: 1}
			if err := u.options(words[1:]); err != nil {
				return nil, fail(err)
			}
			units, stack = append(units, u), nil
			continue
		}
		if len(units) == 0 {
			units = append(units, &unit{o: o, kind: 1})
		}
		d, err := parseDIE(words)
		if err != nil {
			return nil, fail(err)
		}
		indent := len(strings.ReplaceAll(line, "\t", "        "))
		indent -= len(strings.TrimLeft(strings.ReplaceAll(line, "\t", "        "), " "))
		for len(stack) > 0 && stack[len(stack)-1].indent >= indent {
			stack = stack[:len(stack)-1]
		}
		if u := units[len(units)-1]; len(stack) > 0 {
			p := stack[len(stack)-1].d
			p.children = append(p.children, d)
		} else if u.root == nil {
			u.root = d
		} else {
			return nil, fail(fmt.Errorf("a second root"))
		}
		stack = append(stack, level{indent, d})
	}
	return units, nil
}

func (u *unit) options(words []string) error {
	for _, w := range words {
		switch w {
		case "v2", "v3", "v4", "v5":
			u.o.Version = int(w[1] - '0')
		case "64":
			u.o.Is64 = true
		case "32":
			u.o.Is64 = false
		case "partial":
			u.kind = 3
		case "type":
			u.kind = 2
		case "skeleton":
			u.kind = 4
		case "split":
			u.kind = 5
		default:
			return fmt.Errorf("unit option %q", w)
		}
	}
	return nil
}

// split cuts a line at spaces outside quotes and brackets.
func split(s string) (words []string, err error) {
	start, quoted, bracket := -1, false, false
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == ' ' && !quoted && !bracket {
			if start >= 0 {
				words = append(words, s[start:i])
			}
			start = -1
			continue
		}
		if start < 0 {
			start = i
		}
		switch s[i] {
		case '"':
			quoted = !quoted
		case '[':
			bracket = true
		case ']':
			bracket = false
		}
	}
	if quoted || bracket {
		return nil, fmt.Errorf("quote or bracket is open")
	}
	return words, nil
}

func parseDIE(words []string) (*die, error) {
	d := &die{}
	if l, ok := strings.CutSuffix(words[0], ":"); ok {
		d.label, words = l, words[1:]
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("no tag")
	}
	tag, ok := number(tags, words[0])
	if !ok {
		return nil, fmt.Errorf("tag %q", words[0])
	}
	d.tag = tag
	for _, w := range words[1:] {
		a, err := parseAttr(w)
		if err != nil {
			return nil, err
		}
		d.attrs = append(d.attrs, a)
	}
	return d, nil
}

func number(names map[string]uint16, s string) (uint16, bool) {
	if v, ok := names[s]; ok {
		return v, true
	}
	v, err := strconv.ParseUint(s, 0, 16)
	return uint16(v), err == nil
}

func parseAttr(w string) (a attr, err error) {
	name, value, _ := strings.Cut(w, "=")
	var ok bool
	if a.name, ok = number(attrs, name); !ok {
		return a, fmt.Errorf("attribute %q", name)
	}
	form := ""
	if f, v, ok := strings.Cut(value, ":"); ok && !strings.HasPrefix(value, "\"") {
		form, value = f, v
	} else if _, ok := forms[value]; ok {
		form, value = value, ""
	}
	if f, ok := strings.CutPrefix(form, "indirect-"); ok {
		a.indirect, form = true, f
	}
	implied := ""
	switch {
	case value == "":
		implied = "flag_present"
	case value[0] == '"':
		if a.str, err = strconv.Unquote(value); err != nil {
			return a, fmt.Errorf("string %s", value)
		}
		a.isStr, implied = true, "string"
	case value[0] == '[':
		for _, h := range strings.Fields(strings.Trim(value, "[]")) {
			b, err := strconv.ParseUint(h, 16, 8)
			if err != nil {
				return a, fmt.Errorf("bytes %s", value)
			}
			a.bytes = append(a.bytes, byte(b))
		}
		implied = "exprloc"
	default:
		v, err := strconv.ParseInt(value, 0, 64)
		if u, uerr := strconv.ParseUint(value, 0, 64); err != nil && uerr == nil {
			v, err = int64(u), nil
		}
		if err != nil {
			a.isRef, a.str, implied = true, value, "ref4"
			break
		}
		a.num = v
		switch {
		case v < 0:
			implied = "sdata"
		case v < 1<<8:
			implied = "data1"
		case v < 1<<16:
			implied = "data2"
		case v < 1<<32:
			implied = "data4"
		default:
			implied = "data8"
		}
	}
	if form == "" {
		form = implied
	}
	if a.form, ok = number(forms, form); !ok {
		return a, fmt.Errorf("form %q", form)
	}
	return a, nil
}
