// Package btftest builds BTF from text and compares two BTFs by meaning, for
// tests.
package btftest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Parse builds a BTF from text in the form of [btf.Dump], which is bpftool's
// raw form:
//
//	[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
//	[2] STRUCT 'list' size=8 vlen=1
//		'next' type_id=3 bits_offset=0
//	[3] PTR '(anon)' type_id=2
//
// Ids count up from 1, or from the base's last plus one. '(anon)' is no name.
// Blank lines and lines that begin with # are skipped, the indent of members
// is free, and what bpftool adds in parentheses is not read. These may be left
// out: vlen, encoding of an enum, bits_offset=0, and nr_bits where it is all
// of an INT's size. These may be added, for what the form has no words for:
//
//	kind_flag=1    sets kind_flag; a struct with a bitfield_size has it anyway
//	info=0x…       the whole info word
//	int_data=0x…   the word behind an INT
//	name_off=0x…   the name's offset, of a type or of a member
//
// Ids and offsets are not checked to exist, so that text can say what is wrong.
func Parse(text string, base *btf.BTF) (*btf.BTF, error) {
	p := parser{b: &btf.BTF{Base: base, Order: binary.LittleEndian}}
	var below []byte
	for b := base; b != nil; b = b.Base {
		below = append(bytes.Clone(b.Strs), below...)
	}
	if base != nil {
		index, err := btf.NewStrIndex(below)
		if err != nil {
			return nil, err
		}
		p.strs = btf.NewStrings(index)
		p.b.Start, p.b.StrStart = btf.ID(base.NumTypes()), p.strs.Start()
	} else {
		p.strs = btf.NewStrings(nil)
		p.b.Types.Rows = append(p.b.Types.Rows, btf.Row{})
	}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w: %s", i+1, err, line)
		}
	}
	if err := p.endType(); err != nil {
		return nil, err
	}
	p.b.Strs = bytes.Clone(p.strs.Own())
	return p.b, nil
}

// MustParse is Parse, or the end of the test.
func MustParse(tb testing.TB, text string, base *btf.BTF) *btf.BTF {
	tb.Helper()
	b, err := Parse(text, base)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// Text is [btf.Dump] as a string.
func Text(b *btf.BTF) string {
	var w strings.Builder
	if err := btf.Dump(&w, b); err != nil {
		panic(err) // a strings.Builder takes everything
	}
	return w.String()
}

type parser struct {
	b    *btf.BTF
	strs *btf.Strings

	// The type whose items are being read.
	row      *btf.Row
	wantVlen int64 // -1 where the text does not say
	vlen     int
	info     bool // the text gives the info word
}

func (p *parser) line(s string) error {
	if s[0] == '[' {
		return p.head(s)
	}
	return p.item(s)
}

// head reads a type's own line.
func (p *parser) head(s string) error {
	if err := p.endType(); err != nil {
		return err
	}
	id, rest, ok := strings.Cut(s[1:], "] ")
	n, err := strconv.Atoi(id)
	if !ok || err != nil {
		return fmt.Errorf("want [id] KIND 'name'")
	}
	if n != p.b.NumTypes() {
		return fmt.Errorf("id %d, want %d", n, p.b.NumTypes())
	}
	word, rest, _ := strings.Cut(rest, " ")
	kind, ok := kinds[word]
	if !ok {
		return fmt.Errorf("unknown kind %q", word)
	}
	name, a, err := p.nameAndAttrs(rest)
	if err != nil {
		return err
	}
	p.b.Types.Rows = append(p.b.Types.Rows, btf.Row{Name: name})
	p.row = &p.b.Types.Rows[len(p.b.Types.Rows)-1]
	p.wantVlen, p.vlen = -1, 0
	if v, ok := a.take("vlen"); ok {
		p.wantVlen = v
	}
	p.fill(kind, a)
	_, p.info = a.words["info"]
	p.row.Info = btf.Info(a.uint("info", uint32(p.row.Info)))
	return a.done()
}

// fill sets the current row from the attributes of its line.
func (p *parser) fill(kind btf.Kind, a *attrs) {
	r := p.row
	flag, vlen := a.uint("kind_flag", 0) != 0, 0
	switch kind {
	case btf.KindInt:
		r.Type = a.uint("size", 0)
		enc := a.word("encoding", intEncodings, 0)
		r.Aux = enc<<24 | a.uint("bits_offset", 0)<<16 | a.uint("nr_bits", r.Type*8)
		r.Aux = a.uint("int_data", r.Aux)
	case btf.KindPtr, btf.KindTypedef, btf.KindVolatile, btf.KindConst, btf.KindRestrict, btf.KindTypeTag:
		r.Type = a.uint("type_id", 0)
	case btf.KindArray:
		r.Type, r.Aux = a.uint("size", 0), uint32(len(p.b.Types.Items))
		p.b.Types.Items = append(p.b.Types.Items, btf.Item{
			Type: a.uint("type_id", 0), Name: a.uint("index_type_id", 0), Val: a.uint("nr_elems", 0)})
	case btf.KindStruct, btf.KindUnion, btf.KindDatasec:
		r.Type, r.Aux = a.uint("size", 0), uint32(len(p.b.Types.Items))
	case btf.KindEnum, btf.KindEnum64:
		r.Type, r.Aux = a.uint("size", 0), uint32(len(p.b.Types.Items))
		flag = a.word("encoding", signedness, 0) != 0 || flag
	case btf.KindFwd:
		r.Type = a.uint("type_id", 0)
		flag = a.word("fwd_kind", fwdKinds, 0) != 0 || flag
	case btf.KindFunc:
		r.Type = a.uint("type_id", 0)
		vlen = int(a.word("linkage", linkages, btf.LinkageStatic))
	case btf.KindFuncProto:
		r.Type, r.Aux = a.uint("ret_type_id", 0), uint32(len(p.b.Types.Items))
	case btf.KindVar:
		r.Type = a.uint("type_id", 0)
		r.Aux = a.word("linkage", linkages, btf.LinkageStatic)
	case btf.KindFloat:
		r.Type = a.uint("size", 0)
	case btf.KindDeclTag:
		r.Type = a.uint("type_id", 0)
		r.Aux = a.uint("component_idx", 0)
	}
	r.Info = btf.MakeInfo(kind, vlen, flag)
}

// item reads the line of a member, enumerator, parameter or variable.
func (p *parser) item(s string) error {
	if p.row == nil {
		return fmt.Errorf("item before the first type")
	}
	var name btf.StrOff
	var a *attrs
	var err error
	kind := p.row.Info.Kind()
	if kind == btf.KindDatasec {
		s, _, _ = strings.Cut(s, " (")
		a, err = readAttrs(s)
	} else {
		name, a, err = p.nameAndAttrs(s)
	}
	if err != nil {
		return err
	}
	m := btf.Item{Name: uint32(name)}
	switch kind {
	case btf.KindStruct, btf.KindUnion:
		m.Type, m.Val = a.uint("type_id", 0), a.uint("bits_offset", 0)
		if size := a.uint("bitfield_size", 0); size != 0 {
			m.Val |= size << 24
			p.row.Info |= 1 << 31
		}
	case btf.KindEnum:
		m.Val = a.uint("val", 0)
	case btf.KindEnum64:
		v, _ := a.take("val")
		m.Val, m.Type = uint32(v), uint32(uint64(v)>>32)
	case btf.KindFuncProto:
		m.Type = a.uint("type_id", 0)
	case btf.KindDatasec:
		m.Type, m.Val, m.Name = a.uint("type_id", 0), a.uint("offset", 0), a.uint("size", 0)
	default:
		return fmt.Errorf("%v has no items", kind)
	}
	p.b.Types.Items = append(p.b.Types.Items, m)
	p.vlen++
	return a.done()
}

// endType sets the vlen of the type whose items end here.
func (p *parser) endType() error {
	r := p.row
	if r == nil {
		return nil
	}
	if p.wantVlen >= 0 && p.vlen != int(p.wantVlen) {
		return fmt.Errorf("type %d: vlen=%d, but %d items", p.b.NumTypes()-1, p.wantVlen, p.vlen)
	}
	if !p.info {
		r.Info |= btf.Info(p.vlen)
	}
	p.row = nil
	return nil
}

// nameAndAttrs reads 'name' key=value...
func (p *parser) nameAndAttrs(s string) (btf.StrOff, *attrs, error) {
	if s == "" || s[0] != '\'' {
		return 0, nil, fmt.Errorf("want a name in quotes")
	}
	name, rest, ok := strings.Cut(s[1:], "' ")
	if !ok {
		if name, ok = strings.CutSuffix(s[1:], "'"); !ok {
			return 0, nil, fmt.Errorf("name has no closing quote")
		}
	}
	a, err := readAttrs(rest)
	if err != nil {
		return 0, nil, err
	}
	var off btf.StrOff
	if name != "(anon)" {
		off = p.strs.Intern([]byte(name))
	}
	return btf.StrOff(a.uint("name_off", uint32(off))), a, nil
}

// attrs are the key=value words of a line. The first fault is kept.
type attrs struct {
	words map[string]string
	used  map[string]bool
	err   error
}

func readAttrs(s string) (*attrs, error) {
	a := &attrs{words: map[string]string{}, used: map[string]bool{}}
	for _, w := range strings.Fields(s) {
		k, v, ok := strings.Cut(strings.TrimSuffix(w, ","), "=")
		if !ok {
			return nil, fmt.Errorf("want key=value, not %q", w)
		}
		if _, ok := a.words[k]; ok {
			return nil, fmt.Errorf("%s given twice", k)
		}
		a.words[k] = v
	}
	return a, nil
}

// take returns the number key=, which may be negative or have bpftool's LL or
// ULL behind it.
func (a *attrs) take(key string) (int64, bool) {
	s, ok := a.words[key]
	if !ok {
		return 0, false
	}
	a.used[key] = true
	s = strings.TrimSuffix(strings.TrimSuffix(s, "LL"), "U")
	if v, err := strconv.ParseUint(s, 0, 64); err == nil {
		return int64(v), true
	}
	v, err := strconv.ParseInt(s, 0, 64)
	if err != nil && a.err == nil {
		a.err = fmt.Errorf("%s: %w", key, err)
	}
	return v, true
}

// uint returns the 32-bit number key=, negative ones in two's complement.
func (a *attrs) uint(key string, missing uint32) uint32 {
	v, ok := a.take(key)
	if !ok {
		return missing
	}
	if (v < -1<<31 || v >= 1<<32) && a.err == nil {
		a.err = fmt.Errorf("%s: %d does not fit 32 bits", key, v)
	}
	return uint32(v)
}

// word returns what the table says of key=, or its number.
func (a *attrs) word(key string, table map[string]uint32, missing uint32) uint32 {
	if v, ok := table[a.words[key]]; ok {
		a.used[key] = true
		return v
	}
	return a.uint(key, missing)
}

// done returns the first fault, and a key that nothing has read is one.
func (a *attrs) done() error {
	for k := range a.words {
		if !a.used[k] && a.err == nil {
			a.err = fmt.Errorf("unexpected %s=", k)
		}
	}
	return a.err
}

var (
	kinds = func() map[string]btf.Kind {
		m := map[string]btf.Kind{}
		for k := btf.KindInt; k < btf.NumKinds; k++ {
			m[k.String()] = k
		}
		return m
	}()
	intEncodings = map[string]uint32{"(none)": 0, "SIGNED": btf.IntSigned, "CHAR": btf.IntChar, "BOOL": btf.IntBool}
	signedness   = map[string]uint32{"UNSIGNED": 0, "SIGNED": 1}
	fwdKinds     = map[string]uint32{"struct": 0, "union": 1}
	linkages     = map[string]uint32{"static": btf.LinkageStatic, "global": btf.LinkageGlobal, "extern": btf.LinkageExtern}
)
