package dwarf

import (
	"encoding/binary"
	"fmt"
)

// DecodeError says where a section of debugging information is malformed.
type DecodeError struct {
	Section string // such as ".debug_info"
	Offset  uint64 // in the section
	Msg     string
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("%s: offset %#x: %s", e.Section, e.Offset, e.Msg)
}

// buf reads headers and tables. After the first error every read returns zero
// and the error stays, so that callers check once per table.
type buf struct {
	data    []byte
	off     int
	base    uint64 // offset of data in the section
	section string
	order   binary.ByteOrder
	err     error
}

// fail reports what is wrong at the place that is read next.
func (b *buf) fail(format string, args ...any) { b.failAt(b.off, format, args...) }

// failAt reports what is wrong at an offset in data.
func (b *buf) failAt(off int, format string, args ...any) {
	if b.err == nil {
		b.err = &DecodeError{b.section, b.base + uint64(off), fmt.Sprintf(format, args...)}
	}
}

// take returns the next n bytes, nil after an error.
func (b *buf) take(n int) []byte {
	if b.err != nil || n > len(b.data)-b.off {
		b.fail("%d bytes wanted, %d left", n, len(b.data)-b.off)
		return nil
	}
	b.off += n
	return b.data[b.off-n : b.off]
}

func (b *buf) u8() uint8 {
	if p := b.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (b *buf) u16() uint16 {
	if p := b.take(2); p != nil {
		return b.order.Uint16(p)
	}
	return 0
}

func (b *buf) u32() uint32 {
	if p := b.take(4); p != nil {
		return b.order.Uint32(p)
	}
	return 0
}

func (b *buf) u64() uint64 {
	if p := b.take(8); p != nil {
		return b.order.Uint64(p)
	}
	return 0
}

// offset reads a section offset: 4 bytes, 8 in DWARF64.
func (b *buf) offset(is64 bool) uint64 {
	if is64 {
		return b.u64()
	}
	return uint64(b.u32())
}

func (b *buf) uleb() uint64 {
	// Most numbers of an abbreviation table have one byte.
	if b.err == nil && b.off < len(b.data) && b.data[b.off] < 0x80 {
		b.off++
		return uint64(b.data[b.off-1])
	}
	v, p, ok := uleb(b.data, b.off)
	if b.err != nil || !ok {
		b.fail("LEB128 number does not end")
		return 0
	}
	b.off = p
	return v
}

// uleb2 reads two numbers, such as an attribute and its form.
func (b *buf) uleb2() (x, y uint64) {
	if p := b.off; b.err == nil && p+1 < len(b.data) && b.data[p]|b.data[p+1] < 0x80 {
		b.off = p + 2
		return uint64(b.data[p]), uint64(b.data[p+1])
	}
	x = b.uleb()
	return x, b.uleb()
}

func (b *buf) sleb() int64 {
	v, p, ok := sleb(b.data, b.off)
	if b.err != nil || !ok {
		b.fail("LEB128 number does not end")
		return 0
	}
	b.off = p
	return v
}

// Uleb reads an unsigned LEB128 number at b[p:] and returns it with the
// position behind it. Bits beyond the 64th are dropped. ok is false where the
// number does not end within b.
func Uleb(b []byte, p int) (v uint64, next int, ok bool) { return uleb(b, p) }

func uleb(b []byte, p int) (uint64, int, bool) {
	var v uint64
	for shift := uint(0); uint(p) < uint(len(b)); shift += 7 {
		c := b[p]
		p++
		if shift < 64 {
			v |= uint64(c&0x7f) << shift
		}
		if c < 0x80 {
			return v, p, true
		}
	}
	return 0, p, false
}

func sleb(b []byte, p int) (int64, int, bool) {
	var v int64
	for shift := uint(0); uint(p) < uint(len(b)); {
		c := b[p]
		p++
		if shift < 64 {
			v |= int64(c&0x7f) << shift
		}
		shift += 7
		if c < 0x80 {
			if c&0x40 != 0 && shift < 64 {
				v |= -1 << shift
			}
			return v, p, true
		}
	}
	return 0, p, false
}
