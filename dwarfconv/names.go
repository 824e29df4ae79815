package dwarfconv

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
)

// names maps strings of a module's DWARF to offsets in its btf.Strings.
//
// Within one unit a name is an offset in .debug_str, so a cache by offset
// answers most look-ups without a look at the bytes. Strings are merged across
// units in a linked file such as vmlinux, but not in a .ko: "ld -r" only
// concatenates them, and xfs.ko has 6.6 MB of .debug_str for 126 units. There an
// array over all offsets would never be in the processor's cache, and a small
// table with room for the strings of one unit is faster.
//
// Half of all DIEs bring a name that the cache has not. In five of six cases it
// is the base's next one: see btf.Strings.InternAt.
//
// Names of up to three bytes are written in place by GCC (they are no longer
// than the offset would be); a table keyed by their bytes answers those.
type names struct {
	strs   *btf.Strings
	prefix []byte     // Options.NamePrefix
	byOff  []nameSlot // by offset in .debug_str, see slot
	short  [512]shortName
	next   btf.StrOff // see btf.Strings.InternAt

	foreign bool   // names need be no identifiers, see identifier
	ident   []byte // memory of identifier
}

// nameSlot is free where tag is 0.
type nameSlot struct {
	tag uint32 // offset in .debug_str plus 1
	off btf.StrOff
}

type shortName struct {
	key uint64 // the bytes, without NUL; 0 is free
	off btf.StrOff
}

const (
	minNameBits = 10
	unitNames   = 13 // binary logarithm of slots for the strings of one unit: 64 KiB
	maxNameBits = 17 // 1 MiB: more slots make vmlinux slower, they are not in the cache
)

// reset forgets everything, which belongs to another module.
func (n *names) reset(m *module) {
	sec := m.sec
	n.strs, n.prefix = m.strs, []byte(m.opts.NamePrefix)
	limit := unitNames
	if len(sec.Str) < sec.InfoSize()/8 {
		limit = maxNameBits // merged: units share strings
	}
	// One slot per 8 bytes: names have about 14 bytes on average.
	log := min(max(bits.Len(uint(len(sec.Str)/8)), minNameBits), limit)
	if 1<<log > cap(n.byOff) {
		n.byOff = make([]nameSlot, 1<<log)
	} else {
		n.byOff = n.byOff[:1<<log]
		clear(n.byOff)
	}
	clear(n.short[:])
	n.next, n.foreign = 0, false
}

// forget forgets what is at which offset, and short names.
func (n *names) forget() {
	clear(n.byOff)
	clear(n.short[:])
}

// slot returns the slot of the name at off. Names that one header declares lie
// together, since linkers write strings in the order in which they meet them, so
// neighbours share cache lines: a hash of the offset makes vmlinux take a fourth
// longer. A name has at least 4 bytes with its NUL, else it is written in place.
func (n *names) slot(off uint32) *nameSlot {
	return &n.byOff[int(off>>2)&(len(n.byOff)-1)]
}

// byOffset returns the name at off of str, which is .debug_str; ok is false
// where it has no string there.
func (n *names) byOffset(str []byte, off uint32) (name btf.StrOff, ok bool) {
	s := n.slot(off)
	if s.tag == off+1 {
		return s.off, true
	}
	if uint64(off) >= uint64(len(str)) {
		return 0, false
	}
	b := str[off:]
	switch {
	case len(n.prefix) > 0 && bytes.HasPrefix(b, n.prefix):
		name, ok = n.strs.Intern(n.prefix), true
	case n.foreign:
		if end := bytes.IndexByte(b, 0); end >= 0 {
			name, ok = n.strs.Intern(n.identifier(b[:end])), true
		}
	default:
		name, n.next, ok = n.strs.InternAt(b, n.next)
	}
	if ok {
		*s = nameSlot{off + 1, name}
	}
	return name, ok
}

// intern returns the name b.
func (n *names) intern(b []byte) btf.StrOff {
	if len(n.prefix) > 0 && bytes.HasPrefix(b, n.prefix) {
		b = n.prefix
	}
	if n.foreign {
		b = n.identifier(b)
	}
	return n.strs.Intern(b)
}

// name returns the string in a slot of the DIE just read.
func (c *Converter) name(slot int) btf.StrOff {
	if v := c.r.V[slot]; c.r.K[slot] == dwarf.KindStr && v < math.MaxUint32 {
		if off, ok := c.names.byOffset(c.unitSec.Str, uint32(v)); ok {
			return off
		}
	}
	return c.rareName(c.r.K[slot], c.r.V[slot])
}

// rareName is name for other forms than offsets in .debug_str.
func (c *Converter) rareName(kind dwarf.Kind, v uint64) btf.StrOff {
	switch kind {
	case dwarf.KindInline:
		return c.inlineName(v)
	case dwarf.KindStrx:
		if off, ok := c.strx(v); !ok {
			c.r.Fail(c.r.Pos, "string index %#x is outside .debug_str_offsets", v)
			return 0
		} else if off < math.MaxUint32 {
			if off, ok := c.names.byOffset(c.unitSec.Str, uint32(off)); ok {
				return off
			}
		}
	}
	return c.nameNow(kind, v)
}

// nameNow is name past the cache.
func (c *Converter) nameNow(kind dwarf.Kind, v uint64) btf.StrOff {
	s, ok := c.stringAt(kind, v)
	if !ok {
		c.r.Fail(c.r.Pos, "%s %#x does not lead to a string", stringPlace(kind), v)
		return 0
	}
	return c.names.intern(s)
}

// stringPlace names what a value of a string form is.
func stringPlace(kind dwarf.Kind) string {
	switch kind {
	case dwarf.KindStr:
		return ".debug_str offset"
	case dwarf.KindLineStr:
		return ".debug_line_str offset"
	case dwarf.KindStrSup:
		return "supplementary file's .debug_str offset"
	}
	return "string"
}

// inlineName interns the string at pos of the group, whose NUL the reader
// has found.
func (c *Converter) inlineName(pos uint64) btf.StrOff {
	b := c.info[pos:]
	n := bytes.IndexByte(b, 0)
	if n > 7 || n <= 0 || len(b) < 8 {
		return c.names.intern(b[:max(n, 0)])
	}
	key := binary.LittleEndian.Uint64(b) & (1<<(8*n) - 1)
	s := &c.names.short[key*0x9e3779b97f4a7c15>>55]
	if s.key != key {
		s.key, s.off = key, c.names.intern(b[:n])
	}
	return s.off
}

// strx returns the offset in .debug_str of a string index (DWARF 5 §7.26).
func (c *Converter) strx(index uint64) (uint64, bool) {
	size := uint64(4)
	if c.unit64 {
		size = 8
	}
	b := c.unitSec.StrOffsets
	pos := c.strOffsetsBase + index*size
	if index > uint64(len(b)) || pos > uint64(len(b)) || uint64(len(b))-pos < size {
		return 0, false
	}
	if size == 8 {
		return c.sec.Order.Uint64(b[pos:]), true
	}
	return uint64(c.sec.Order.Uint32(b[pos:])), true
}

// stringAt returns the string that a value of a string form leads to.
func (c *Converter) stringAt(kind dwarf.Kind, v uint64) ([]byte, bool) {
	b := c.unitSec.Str
	switch kind {
	case dwarf.KindStr:
	case dwarf.KindLineStr:
		b = c.unitSec.LineStr
	case dwarf.KindStrSup:
		if c.sec.Sup == nil {
			return nil, false
		}
		b = c.sec.Sup.Str
	case dwarf.KindInline:
		b = c.info
	case dwarf.KindStrx:
		var ok bool
		if v, ok = c.strx(v); !ok {
			return nil, false
		}
	default:
		return nil, false
	}
	if v >= uint64(len(b)) {
		return nil, false
	}
	b = b[v:]
	n := bytes.IndexByte(b, 0)
	if n < 0 {
		return nil, false
	}
	return b[:n], true
}
