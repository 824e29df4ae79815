package dwarf

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Reader walks the DIEs of one unit. The caller reads a code with Next, then
// calls either Read or Skip for the attributes. It keeps no stack: a nil
// abbreviation from Next is the null entry that ends a list of siblings.
//
// The first malformed byte stops it: Next, Read and Skip return false from
// then on, and Err says why.
type Reader struct {
	// V has the value of each slot that the last Read filled. What it means
	// is in K. Slots that Abbrev.Has leaves out hold old values.
	V [NumSlots + 1]uint64
	K [NumSlots + 1]Kind

	// Len is the length of a slot of KindBlock; V is its position.
	Len [NumSlots + 1]uint32

	// Pos is the position of the next DIE. Positions count from base, see
	// Reset.
	Pos int

	info  []byte // .debug_info from base to the end of the unit
	table *AbbrevTable
	enc   Encoding
	base  [2]uint64 // what references count from: to all units, within the unit
	err   error

	section string // for errors
	start   uint64 // position of the section's first byte
}

// Reset points r at the first DIE of u. info holds the bytes of .debug_info
// from base on, an offset not behind u. Positions and the values of references
// become relative to base.
func (r *Reader) Reset(info []byte, u *Unit, base int, enc Encoding, table *AbbrevTable) {
	r.info, r.Pos, r.table, r.enc, r.err = info[:u.End-base], u.Root-base, table, enc, nil
	r.base = [2]uint64{-uint64(base), uint64(u.Off) - uint64(base)}
	r.section, r.start = ".debug_info", -uint64(base)
}

// Place says, behind Reset, of a unit that is not in .debug_info, or not in the
// only one, which section it is in, at what position that begins, and at what
// position that begins which DW_FORM_ref_addr counts from.
func (r *Reader) Place(section string, start, refs int) {
	r.section, r.start, r.base[0] = section, uint64(start), uint64(refs)
}

// Err returns why the walk stopped, nil at the end of the unit.
func (r *Reader) Err() error { return r.err }

// Fail makes Err return an error at the position, unless there is one.
func (r *Reader) Fail(pos int, format string, args ...any) {
	if r.err == nil {
		r.err = &DecodeError{r.section, r.offset(pos), fmt.Sprintf(format, args...)}
	}
	r.info = r.info[:0]
}

// offset returns where in its section a position is.
func (r *Reader) offset(pos int) uint64 { return uint64(pos) - r.start }

// Seek goes on at pos, which lies behind the DIE read last (DW_AT_sibling).
func (r *Reader) Seek(pos int) {
	if pos < r.Pos || pos > len(r.info) {
		r.Fail(r.Pos, "sibling at %#x is not behind its DIE and in its unit", r.offset(pos))
		return
	}
	r.Pos = pos
}

// Next reads the abbreviation code of the DIE at Pos. It returns nil, true
// for a null entry; ok is false at the end of the unit and after an error.
func (r *Reader) Next() (a *Abbrev, ok bool) {
	p := r.Pos
	if uint(p) >= uint(len(r.info)) {
		return nil, false
	}
	code := uint64(r.info[p])
	if code < 0x80 {
		r.Pos = p + 1
		if code == 0 {
			return nil, true
		}
		if code-1 < uint64(len(r.table.dense)) {
			return &r.table.dense[code-1], true
		}
	} else if code, r.Pos, ok = uleb(r.info, p); !ok {
		r.Fail(p, "abbreviation code does not end in the unit")
		return nil, false
	} else if code == 0 {
		return nil, true
	}
	if a = r.table.Lookup(code); a == nil {
		r.Fail(p, "abbreviation code %d is not declared", code)
		return nil, false
	}
	return a, true
}

// Skip steps over the attributes of a DIE.
func (r *Reader) Skip(a *Abbrev) bool {
	if len(a.skips) == 0 {
		if len(r.info)-r.Pos < a.skipTail {
			return r.short()
		}
		r.Pos += a.skipTail
		return true
	}
	return r.run(a, a.skips, a.skipTail)
}

// Read loads the wanted attributes of a DIE into V, K and Len.
func (r *Reader) Read(a *Abbrev) bool { return r.run(a, a.ops, a.tail) }

func (r *Reader) short() bool {
	r.Fail(r.Pos, "DIE is longer than its unit")
	return false
}

// run executes a program. Loads of known size are not checked one by one: min
// and, behind an attribute of unknown size, rest say that the bytes are there.
func (r *Reader) run(a *Abbrev, ops []op, tail int) bool {
	b, p := r.info, r.Pos
	if len(b)-p < a.min {
		return r.short()
	}
	for i := range ops {
		o := &ops[i]
		p += int(o.skip)
		var v uint64
		switch o.code {
		case opConst:
			v = uint64(o.value)
		case opU1:
			v = uint64(b[p])
			p++
		case opU2:
			v = uint64(binary.LittleEndian.Uint16(b[p:]))
			p += 2
		case opU4:
			v = uint64(binary.LittleEndian.Uint32(b[p:]))
			p += 4
		case opU8:
			v = binary.LittleEndian.Uint64(b[p:])
			p += 8
		case opU3:
			v = uint64(b[p]) | uint64(b[p+1])<<8 | uint64(b[p+2])<<16
			p += 3
		case opU2B:
			v = uint64(binary.BigEndian.Uint16(b[p:]))
			p += 2
		case opU4B:
			v = uint64(binary.BigEndian.Uint32(b[p:]))
			p += 4
		case opU8B:
			v = binary.BigEndian.Uint64(b[p:])
			p += 8
		case opU3B:
			v = uint64(b[p])<<16 | uint64(b[p+1])<<8 | uint64(b[p+2])
			p += 3
		default:
			var kind Kind
			if v, kind, p = r.variable(o, p); p < 0 || len(b)-p < int(o.rest) {
				return r.short()
			}
			r.V[o.slot&31], r.K[o.slot&31] = v, kind
			continue
		}
		if o.kind == KindRef {
			v += r.base[o.rel&1]
		}
		r.V[o.slot&31], r.K[o.slot&31] = v, o.kind
	}
	r.Pos = p + tail
	return true
}

// variable reads an attribute whose size its bytes tell. next is -1 where it
// does not end in the unit.
func (r *Reader) variable(o *op, p int) (v uint64, kind Kind, next int) {
	b := r.info
	kind = o.kind
	var ok bool
	switch o.code {
	case opUleb:
		if v, p, ok = uleb(b, p); !ok {
			return 0, 0, -1
		}
		if kind == KindRef {
			v += r.base[o.rel&1]
		}
		return v, kind, p
	case opSleb:
		s, p, ok := sleb(b, p)
		if !ok {
			return 0, 0, -1
		}
		return uint64(s), kind, p
	case opString:
		n := bytes.IndexByte(b[p:], 0)
		if n < 0 {
			return 0, 0, -1
		}
		return uint64(p), kind, p + n + 1
	case opIndirect:
		return r.indirect(o, p)
	}
	return r.block(o, p)
}

func (r *Reader) block(o *op, p int) (v uint64, kind Kind, next int) {
	b := r.info
	if len(b)-p < int(minSize[o.code]) && o.code != opData16 {
		return 0, 0, -1
	}
	var n uint64
	switch o.code {
	case opBlock:
		var ok bool
		if n, p, ok = uleb(b, p); !ok {
			return 0, 0, -1
		}
	case opBlock1:
		n = uint64(b[p])
		p++
	case opBlock2:
		n = uint64(binary.LittleEndian.Uint16(b[p:]))
		p += 2
	case opBlock4:
		n = uint64(binary.LittleEndian.Uint32(b[p:]))
		p += 4
	case opBlock2B:
		n = uint64(binary.BigEndian.Uint16(b[p:]))
		p += 2
	case opBlock4B:
		n = uint64(binary.BigEndian.Uint32(b[p:]))
		p += 4
	case opData16:
		n = 16
	}
	if n > uint64(len(b)-p) {
		return 0, 0, -1
	}
	kind = o.kind
	if n >= 1<<24 {
		kind = KindBad
	}
	r.Len[o.slot&31] = uint32(n)
	return uint64(p), kind, p + int(n)
}

// indirect reads a DW_FORM_indirect: the form stands in front of the value.
func (r *Reader) indirect(o *op, p int) (v uint64, kind Kind, next int) {
	f, p, ok := uleb(r.info, p)
	if !ok || f > 0xffff || Form(f) == FormIndirect || Form(f) == FormImplicitConst {
		return 0, 0, -1
	}
	code, kind, relative, ok := r.enc.decode(Form(f))
	if !ok || len(r.info)-p < int(minSize[code]) {
		return 0, 0, -1
	}
	in := op{code: code, slot: o.slot, kind: kind, value: 1}
	if relative {
		in.rel = 1
	}
	if isVar[code] || code == opData16 {
		return r.variable(&in, p)
	}
	n := int(minSize[code])
	if code == opConst {
		return 1, kind, p
	}
	for i := range n {
		if r.enc.Big {
			v = v<<8 | uint64(r.info[p+i])
		} else {
			v |= uint64(r.info[p+i]) << (8 * i)
		}
	}
	if kind == KindRef {
		v += r.base[in.rel]
	}
	return v, kind, p + n
}
