package dwarf

import "encoding/binary"

// UnitType is a DW_UT_* number (DWARF 5 §7.5.1). Units before version 5 carry
// none and are UnitCompile.
type UnitType uint8

// The unit types.
const (
	UnitCompile      UnitType = 1
	UnitTypes        UnitType = 2
	UnitPartial      UnitType = 3
	UnitSkeleton     UnitType = 4
	UnitSplitCompile UnitType = 5
	UnitSplitType    UnitType = 6
)

// Unit is a unit header. Offsets are in .debug_info, or in .debug_types.
type Unit struct {
	Off       int // of the header
	Root      int // of the unit DIE, behind the header
	End       int // behind the last byte of the unit
	AbbrevOff uint64
	Signature uint64 // type units: type signature; skeleton and split units of DWARF 5: ID of the pair
	TypeOff   uint64 // type units: of the type's DIE, counted from Off
	Version   uint16 // 2 to 5
	Type      UnitType
	AddrSize  uint8 // 1, 2, 4 or 8
	Is64      bool  // DWARF64: section offsets have 8 bytes
}

// MaxHeader is the size of the longest unit header: a type unit of DWARF64.
const MaxHeader = 40

// ReadUnit reads the unit header at off of .debug_info (DWARF 5 §7.5.1.1,
// DWARF 4 §7.5.1.1).
func ReadUnit(info []byte, off int, order binary.ByteOrder) (Unit, error) {
	return ReadUnitHeader(info[off:], off, len(info), order)
}

// ReadUnitHeader is [ReadUnit] for a section of size bytes of which only those
// from off on are at hand, as many as there are up to [MaxHeader].
func ReadUnitHeader(head []byte, off, size int, order binary.ByteOrder) (Unit, error) {
	return readUnit(buf{data: head, base: uint64(off), section: ".debug_info", order: order}, off, size, UnitCompile)
}

// ReadTypeUnit reads the unit header at off of .debug_types, which DWARF 4 has
// for type units (DWARF 4 §7.5.1.2).
func ReadTypeUnit(types []byte, off int, order binary.ByteOrder) (Unit, error) {
	return readUnit(buf{data: types[off:], base: uint64(off), section: ".debug_types", order: order}, off, len(types), UnitTypes)
}

// readUnit reads a header. Before version 5 it does not say what unit follows.
func readUnit(b buf, off, size int, typ UnitType) (Unit, error) {
	head := b.data
	u := Unit{Off: off, Type: typ}
	length := uint64(b.u32())
	switch {
	case length == 0xffffffff:
		u.Is64 = true
		length = b.u64()
	case length >= 0xfffffff0:
		b.failAt(0, "unit length %#x is reserved", length)
	}
	if left := size - off - b.off; b.err == nil && length > uint64(left) {
		b.failAt(0, "unit of %#x bytes, %#x left", length, left)
	}
	if b.err != nil {
		return u, b.err
	}
	u.End = off + b.off + int(length)
	b.data = head[:min(len(head), u.End-off)]
	at := b.off
	u.Version = b.u16()
	if b.err == nil && (u.Version < 2 || u.Version > 5) {
		b.failAt(at, "DWARF version %d is not supported", u.Version)
	}
	if u.Version < 5 {
		u.AbbrevOff = b.offset(u.Is64)
		u.readAddrSize(&b)
		if typ == UnitTypes {
			u.readSignature(&b)
		}
	} else {
		u.readV5(&b)
	}
	u.Root = off + b.off
	return u, b.err
}

func (u *Unit) readAddrSize(b *buf) {
	at := b.off
	u.AddrSize = b.u8()
	switch u.AddrSize {
	case 1, 2, 4, 8:
	default:
		b.failAt(at, "address size %d is not supported", u.AddrSize)
	}
}

func (u *Unit) readSignature(b *buf) {
	u.Signature = b.u64()
	at := b.off
	u.TypeOff = b.offset(u.Is64)
	if b.err == nil && u.TypeOff >= uint64(u.End-u.Off) {
		b.failAt(at, "type at %#x of a unit of %#x bytes", u.TypeOff, u.End-u.Off)
	}
}

func (u *Unit) readV5(b *buf) {
	at := b.off
	u.Type = UnitType(b.u8())
	u.readAddrSize(b)
	u.AbbrevOff = b.offset(u.Is64)
	switch u.Type {
	case UnitCompile, UnitPartial:
	case UnitSkeleton, UnitSplitCompile:
		u.Signature = b.u64() // dwo_id
	case UnitTypes, UnitSplitType:
		u.readSignature(b)
	default:
		b.failAt(at, "unit type %#x is not supported", uint8(u.Type))
	}
}
