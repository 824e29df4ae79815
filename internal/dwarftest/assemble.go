package dwarftest

import (
	"encoding/binary"
	"fmt"
)

type assembler struct {
	o        Options
	order    binary.ByteOrder
	append   binary.AppendByteOrder
	info     []byte
	abbrev   []byte
	str      []byte
	lineStr  []byte
	strOffs  []byte
	addrs    []byte
	nStr     int
	nAddr    int
	codes    map[string]int
	labels   map[string]int // of the run before
	found    map[string]int
	complete bool
	err      error

	u     *unit
	start int // of the unit
}

func newAssembler(o Options, labels map[string]int) *assembler {
	a := &assembler{o: o, codes: map[string]int{}, labels: labels, found: map[string]int{}, complete: true}
	a.order, a.append = binary.LittleEndian, binary.LittleEndian
	if o.Big {
		a.order, a.append = binary.BigEndian, binary.BigEndian
	}
	n := 8
	if o.Is64 {
		n = 16
	}
	a.strOffs, a.addrs = make([]byte, n), make([]byte, n)
	a.str, a.lineStr = []byte{0}, []byte{0}
	return a
}

func (a *assembler) finish() *Sections {
	return &Sections{
		Info: a.info, Abbrev: append(a.abbrev, 0), Str: a.str, LineStr: a.lineStr, StrOffsets: a.strOffs, Addr: a.addrs,
		Order: a.order, Label: a.found,
	}
}

func (a *assembler) fail(format string, args ...any) {
	if a.err == nil {
		a.err = fmt.Errorf(format, args...)
	}
}

// sized appends v in n bytes.
func (a *assembler) sized(b []byte, v uint64, n int) []byte {
	switch n {
	case 1:
		return append(b, byte(v))
	case 2:
		return a.append.AppendUint16(b, uint16(v))
	case 3:
		if a.o.Big {
			return append(b, byte(v>>16), byte(v>>8), byte(v))
		}
		return append(b, byte(v), byte(v>>8), byte(v>>16))
	case 4:
		return a.append.AppendUint32(b, uint32(v))
	case 8:
		return a.append.AppendUint64(b, v)
	}
	a.fail("size %d", n)
	return b
}

func (a *assembler) offsetSize() int {
	if a.u.o.Is64 {
		return 8
	}
	return 4
}

func (a *assembler) offset(b []byte, v uint64) []byte { return a.sized(b, v, a.offsetSize()) }

func (a *assembler) unit(u *unit) {
	a.u, a.start = u, len(a.info)
	if u.o.Is64 {
		a.info = a.sized(a.info, 0xffffffff, 4)
	}
	lenPos := len(a.info)
	a.info = a.offset(a.info, 0)
	body := len(a.info)
	a.info = a.sized(a.info, uint64(u.o.Version), 2)
	if u.o.Version >= 5 {
		a.info = append(a.info, u.kind, byte(u.o.AddrSize))
		a.info = a.offset(a.info, 0)
		switch u.kind {
		case 2:
			a.signature()
		case 4, 5:
			a.info = a.sized(a.info, 1, 8)
		}
	} else {
		a.info = append(a.offset(a.info, 0), byte(u.o.AddrSize))
		if u.kind == 2 {
			a.signature()
		}
	}
	if u.root != nil {
		a.die(u.root)
	}
	copy(a.info[lenPos:], a.offset(nil, uint64(len(a.info)-body)))
}

// signature appends what the header of a type unit has more.
func (a *assembler) signature() {
	off := 0
	if at, ok := a.labels["sig"]; ok {
		off = at - a.start
	}
	a.info = a.offset(a.sized(a.info, 0x1122334455667788, 8), uint64(max(off, 0)))
}

func (a *assembler) die(d *die) {
	if d.label != "" {
		a.found[d.label] = len(a.info)
	}
	a.info = uleb(a.info, uint64(a.code(d)))
	for i := range d.attrs {
		a.attr(&d.attrs[i])
	}
	if len(d.children) == 0 {
		return
	}
	for _, c := range d.children {
		a.die(c)
	}
	a.info = append(a.info, 0)
}

// code returns the abbreviation code of a DIE and declares it when it is new.
func (a *assembler) code(d *die) int {
	b := uleb(nil, uint64(d.tag))
	b = append(b, 0)
	if len(d.children) > 0 {
		b[len(b)-1] = 1
	}
	for _, at := range d.attrs {
		form := at.form
		if at.indirect {
			form = forms["indirect"]
		}
		b = uleb(uleb(b, uint64(at.name)), uint64(form))
		if form == forms["implicit_const"] {
			b = sleb(b, at.num)
		}
	}
	b = append(b, 0, 0)
	code, ok := a.codes[string(b)]
	if !ok {
		code = (len(a.codes) + 1) * max(a.o.CodeStep, 1)
		a.codes[string(b)] = code
		a.abbrev = append(uleb(a.abbrev, uint64(code)), b...)
	}
	return code
}

func (a *assembler) ref(at *attr) uint64 {
	if !at.isRef {
		return uint64(at.num)
	}
	off, ok := a.labels[at.str]
	if !ok {
		a.complete = false
		return 0
	}
	return uint64(off)
}

// strOff returns the offset of a string, which the text may give as a number.
func (a *assembler) strOff(sec *[]byte, at *attr) uint64 {
	if !at.isStr {
		return uint64(at.num)
	}
	return a.intern(sec, at.str)
}

func (a *assembler) intern(sec *[]byte, s string) uint64 {
	off := len(*sec)
	*sec = append(append(*sec, s...), 0)
	return uint64(off)
}

func (a *assembler) attr(at *attr) {
	b := a.info
	if at.indirect {
		b = uleb(b, uint64(at.form))
	}
	v := uint64(at.num)
	if f, ok := fixedForms[at.form]; ok {
		switch f.what {
		case 'r':
			v = a.ref(at) - uint64(a.start)
		case 's':
			v = uint64(a.nStr)
			a.nStr++
			a.strOffs = a.offset(a.strOffs, a.intern(&a.str, at.str))
		case 'a':
			a.addrs = a.sized(a.addrs, v, a.u.o.AddrSize)
			v = uint64(a.nAddr)
			a.nAddr++
		}
		switch {
		case f.size == 0:
			b = uleb(b, v)
		case f.what == 'r' && f.size < 0:
			b = paddedUleb(b, v)
		default:
			b = a.sized(b, v, f.size)
		}
		a.info = b
		return
	}
	switch at.form {
	case forms["addr"]:
		b = a.sized(b, v, a.u.o.AddrSize)
	case forms["strp"]:
		b = a.offset(b, a.strOff(&a.str, at))
	case forms["line_strp"]:
		b = a.offset(b, a.strOff(&a.lineStr, at))
	case forms["string"]:
		b = append(append(b, at.str...), 0)
	case forms["sdata"]:
		b = sleb(b, at.num)
	case forms["sec_offset"], forms["strp_sup"], forms["GNU_strp_alt"], forms["GNU_ref_alt"]:
		b = a.offset(b, v)
	case forms["ref_addr"]:
		if a.u.o.Version == 2 {
			b = a.sized(b, a.ref(at), a.u.o.AddrSize)
		} else {
			b = a.offset(b, a.ref(at))
		}
	case forms["exprloc"], forms["block"]:
		b = append(uleb(b, uint64(len(at.bytes))), at.bytes...)
	case forms["block1"]:
		b = append(a.sized(b, uint64(len(at.bytes)), 1), at.bytes...)
	case forms["block2"]:
		b = append(a.sized(b, uint64(len(at.bytes)), 2), at.bytes...)
	case forms["block4"]:
		b = append(a.sized(b, uint64(len(at.bytes)), 4), at.bytes...)
	case forms["data16"]:
		b = append(b, append(append([]byte{}, at.bytes...), make([]byte, 16)...)[:16]...)
	case forms["flag_present"], forms["implicit_const"]:
	default:
		a.fail("form %#x", at.form)
	}
	a.info = b
}

func uleb(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

// paddedUleb writes v in five bytes, as assemblers do for what is not known
// yet.
func paddedUleb(b []byte, v uint64) []byte {
	return append(b, byte(v)|0x80, byte(v>>7)|0x80, byte(v>>14)|0x80, byte(v>>21)|0x80, byte(v>>28)&0x7f)
}

func sleb(b []byte, v int64) []byte {
	for {
		c := byte(v) & 0x7f
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}
