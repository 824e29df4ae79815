package cdump

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/gobtfenc/gobtfenc/btf"
)

// names are those that C has seen. BTF may have one name many times, for types
// of different units; the second gets ___2 behind it, which CO-RE takes for the
// same name.
type names struct {
	byID   []string // of types that have been named; empty for not yet
	tags   map[string]int
	idents map[string]int // of typedefs and enumerators
}

func newNames(types int) names {
	return names{byID: make([]string, types), tags: map[string]int{}, idents: map[string]int{}}
}

// unused returns name as it is the first time, then with a number behind it.
func unused(space map[string]int, name string) string {
	space[name]++
	if seen := space[name]; seen > 1 {
		return name + "___" + strconv.Itoa(seen)
	}
	return name
}

// typeName returns the name of a struct, union, enum or FWD, empty for none.
// What only declares shares its name with what it declares.
func (d *dumper) typeName(id btf.ID) string {
	r := d.b.Row(id)
	kind := r.Info.Kind()
	if kind == btf.KindFwd || kind == btf.KindEnum && r.Info.Vlen() == 0 {
		return d.plainName(r.Name)
	}
	return d.resolve(id, r, d.names.tags)
}

// ident returns the name of a typedef.
func (d *dumper) ident(id btf.ID) string { return d.resolve(id, d.b.Row(id), d.names.idents) }

func (d *dumper) resolve(id btf.ID, r *btf.Row, space map[string]int) string {
	if r.Name == 0 {
		return ""
	}
	name := &d.names.byID[id]
	if *name == "" {
		*name = unused(space, d.plainName(r.Name))
	}
	return *name
}

// plainName returns a name as C can have it: what an identifier cannot have
// becomes an underscore. No kernel loads BTF with such a name in it, but Rust
// writes some, and a header must not say what a name makes it say.
func (d *dumper) plainName(off btf.StrOff) string { return d.mapped(off, isIdent) }

// numberName returns the name of an INT or FLOAT, which may be several words.
func (d *dumper) numberName(off btf.StrOff) string {
	return d.mapped(off, func(i int, c byte) bool { return c == ' ' || isIdent(i, c) })
}

func (d *dumper) mapped(off btf.StrOff, isGood func(i int, c byte) bool) string {
	s, _ := d.b.Str(off)
	if len(s) == 0 && off != 0 {
		return "_" // 0 alone stands for no name
	}
	for i, c := range s {
		if !isGood(i, c) {
			return mapBytes(s, isGood)
		}
	}
	return string(s)
}

func mapBytes(s []byte, isGood func(i int, c byte) bool) string {
	out := bytes.Clone(s)
	for i, c := range out {
		if !isGood(i, c) {
			out[i] = '_'
		}
	}
	return string(out)
}

// isIdent reports whether c may be byte i of an identifier.
func isIdent(i int, c byte) bool {
	return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || i > 0 && c >= '0' && c <= '9'
}

// quoted returns a text for between the quotes of a string of C.
func (d *dumper) quoted(off btf.StrOff) string {
	s, _ := d.b.Str(off)
	var out []byte
	for _, c := range s {
		switch {
		case c < ' ' || c > '~':
			out = fmt.Appendf(out, `\%03o`, c)
		case c == '"' || c == '\\' || c == '?': // ??/ is a backslash
			out = append(out, '\\', c)
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
