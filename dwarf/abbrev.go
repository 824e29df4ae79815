package dwarf

import (
	"encoding/binary"
	"fmt"
)

// NumSlots is how many attributes a Selection can want, numbered from 0.
// Values of other attributes whose size is not known before they are read
// pass through the last slot.
const NumSlots = 31

const trashSlot = NumSlots

// Selection says which attributes a reader wants.
type Selection struct {
	// Slot returns the slot of an attribute below NumSlots, -1 for one that
	// is never wanted.
	Slot func(Attr) int
	// Tag returns a number of the caller's for a tag, kept in Abbrev.Class,
	// and the set of slots wanted of its DIEs, bit i for slot i.
	Tag func(Tag) (class uint8, slots uint32)
	// Brief returns the slots that ReadBriefs reads of a class, ok false where
	// it is not called for it; nil for no class.
	Brief func(class uint8) (slots BriefSlots, ok bool)
}

// op loads one attribute.
type op struct {
	code  opcode
	slot  uint8
	kind  Kind
	rel   uint8 // 1: Reader.Base is added
	skip  uint32
	rest  uint32 // least number of bytes of everything behind this op
	value int64  // of opConst
}

// Abbrev is one abbreviation declaration, compiled.
type Abbrev struct {
	Tag      Tag
	Class    uint8 // from Selection.Tag
	Children bool
	Has      uint32 // slots that Read fills

	brief brief

	ops  []op // loads the wanted attributes
	tail int  // bytes to skip behind the last of ops
	min  int  // least number of bytes of a DIE, the code left out

	skips    []op // steps over all attributes: those of unknown size
	skipTail int

	first, nops, nskips int // where ops and skips lie in AbbrevTable.ops
}

// AbbrevTable is the table of one offset of .debug_abbrev. It is immutable
// and may be shared by units of the same encoding.
type AbbrevTable struct {
	dense []Abbrev // dense[i] has code i+1
	odd   map[uint64]*Abbrev
	ops   []op
	rest  []Abbrev // what odd points to

	// Size is the number of bytes of .debug_abbrev that Compile read.
	Size int
}

// MaxAbbrevs is how many abbreviations a table may have. Compilers need some hundred,
// and a whole program in one unit some ten thousand; each takes thirty times its bytes.
const MaxAbbrevs = 1 << 18

// Len returns the number of abbreviations.
func (t *AbbrevTable) Len() int { return len(t.dense) + len(t.rest) }

// Lookup returns the abbreviation of a code, nil where there is none.
func (t *AbbrevTable) Lookup(code uint64) *Abbrev {
	if code-1 < uint64(len(t.dense)) {
		return &t.dense[code-1]
	}
	return t.odd[code]
}

// Compile reads the table at off of .debug_abbrev (DWARF 5 §7.5.3) into t,
// whose memory is used again. Compilers number codes from 1 without gaps;
// other codes are kept in a map.
func (t *AbbrevTable) Compile(abbrev []byte, off uint64, enc Encoding, sel *Selection) error {
	t.dense, t.ops, t.rest, t.odd = t.dense[:0], t.ops[:0], t.rest[:0], nil
	if off >= uint64(len(abbrev)) {
		return &DecodeError{".debug_abbrev", off, fmt.Sprintf("table begins outside the section of %#x bytes", len(abbrev))}
	}
	c := compiler{buf: buf{data: abbrev, off: int(off), section: ".debug_abbrev", order: binary.LittleEndian}, t: t, enc: enc, sel: sel}
	var oddCodes []uint64
	for {
		at := c.off
		code := c.uleb()
		t.Size = c.off - int(off)
		if c.err != nil {
			return c.err
		}
		if code == 0 {
			break
		}
		a := c.declaration()
		if c.err != nil {
			return c.err
		}
		switch {
		case t.Len() == MaxAbbrevs:
			c.off = at
			c.fail("table has more than %d abbreviations", MaxAbbrevs)
			return c.err
		case code == uint64(len(t.dense))+1 && len(t.rest) == 0:
			t.dense = append(t.dense, a)
		case code <= uint64(len(t.dense)):
			c.off = at
			c.fail("abbreviation code %d is declared twice", code)
			return c.err
		default:
			t.rest = append(t.rest, a)
			oddCodes = append(oddCodes, code)
		}
	}
	t.bind(t.dense)
	t.bind(t.rest)
	return c.index(oddCodes)
}

// bind lets the programs point into t.ops, which has stopped growing.
func (t *AbbrevTable) bind(abbrevs []Abbrev) {
	for i := range abbrevs {
		a := &abbrevs[i]
		a.ops = t.ops[a.first : a.first+a.nops : a.first+a.nops]
		a.skips = t.ops[a.first+a.nops : a.first+a.nops+a.nskips : a.first+a.nops+a.nskips]
	}
}

func (c *compiler) index(codes []uint64) error {
	if len(codes) == 0 {
		return nil
	}
	c.t.odd = make(map[uint64]*Abbrev, len(codes))
	for i, code := range codes {
		if c.t.odd[code] != nil {
			c.fail("abbreviation code %d is declared twice", code)
			return c.err
		}
		c.t.odd[code] = &c.t.rest[i]
	}
	return nil
}

type compiler struct {
	buf
	t     *AbbrevTable
	enc   Encoding
	sel   *Selection
	skips []op
}

// declaration reads one declaration behind its code.
func (c *compiler) declaration() Abbrev {
	a := Abbrev{Tag: clampTag(c.uleb()), Children: c.u8() != 0}
	class, want := c.sel.Tag(a.Tag)
	a.Class = class
	a.first = len(c.t.ops)
	c.skips = c.skips[:0]
	var skip, skipAll int
	for {
		attr, form := c.uleb2()
		var value int64
		if Form(form) == FormImplicitConst {
			value = c.sleb()
		}
		if c.err != nil || attr == 0 && form == 0 {
			break
		}
		if form > 0xffff {
			c.fail("form %#x is not known", form)
			break
		}
		o, ok := c.op(Form(form), value)
		if !ok {
			c.fail("form %#x is not known", form)
			break
		}
		size := int(minSize[o.code])
		a.min += size
		slot := -1
		if attr <= 0xffff {
			slot = c.sel.Slot(Attr(attr))
		}
		wanted := slot >= 0 && want>>slot&1 != 0 && a.Has>>slot&1 == 0
		if wanted {
			o.slot = uint8(slot)
			a.Has |= 1 << slot
		}
		if wanted || isVar[o.code] {
			o.skip = uint32(skip)
			c.t.ops = append(c.t.ops, o)
			skip = 0
		} else {
			skip += size
		}
		if isVar[o.code] {
			o.slot = trashSlot
			o.skip = uint32(skipAll)
			c.skips = append(c.skips, o)
			skipAll = 0
		} else {
			skipAll += size
		}
	}
	a.tail, a.skipTail = skip, skipAll
	a.nops, a.nskips = len(c.t.ops)-a.first, len(c.skips)
	setRest(c.t.ops[a.first:], a.tail)
	if c.sel.Brief != nil {
		if slots, ok := c.sel.Brief(class); ok {
			a.setBrief(c.t.ops[a.first:], slots)
		}
	}
	c.t.ops = append(c.t.ops, c.skips...)
	setRest(c.t.ops[a.first+a.nops:], a.skipTail)
	return a
}

// setRest computes for each op how many bytes at least follow it, so that the
// reader can check once and then load without checks until the next attribute
// of unknown size.
func setRest(ops []op, tail int) {
	rest := uint32(tail)
	for i := len(ops) - 1; i >= 0; i-- {
		ops[i].rest = rest
		rest += ops[i].skip + uint32(minSize[ops[i].code])
	}
}

func (c *compiler) op(form Form, value int64) (op, bool) {
	code, kind, relative, ok := c.enc.decode(form)
	o := op{code: code, kind: kind, slot: trashSlot, value: value}
	if form == FormFlagPresent {
		o.value = 1
	}
	if relative {
		o.rel = 1
	}
	return o, ok
}

func clampTag(v uint64) Tag {
	if v > 0xffff {
		return 0xffff
	}
	return Tag(v)
}

// HasForm tells whether the table at off of .debug_abbrev gives an attribute
// for which wanted holds the form. size is how many bytes it read.
func HasForm(abbrev []byte, off uint64, form Form, wanted func(Tag, Attr) bool) (has bool, size int, err error) {
	if off >= uint64(len(abbrev)) {
		return false, 0, &DecodeError{".debug_abbrev", off, fmt.Sprintf("table begins outside the section of %#x bytes", len(abbrev))}
	}
	b := buf{data: abbrev, off: int(off), section: ".debug_abbrev", order: binary.LittleEndian}
	for b.uleb() != 0 {
		tag := clampTag(b.uleb())
		b.u8()
		for {
			attr, v := b.uleb2()
			f := Form(min(v, 0xffff))
			if f == FormImplicitConst {
				b.sleb()
			}
			if b.err != nil || attr == 0 && f == 0 {
				break
			}
			if f == form && attr <= 0xffff && wanted(tag, Attr(attr)) {
				return true, b.off - int(off), nil
			}
		}
	}
	return false, b.off - int(off), b.err
}
