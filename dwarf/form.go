package dwarf

import "encoding/binary"

// Kind says what the number in a slot means after [Reader.Read].
type Kind uint8

// The kinds of values.
const (
	KindNone      Kind = iota
	KindConst          // an unsigned constant or a flag
	KindSigned         // a signed constant (sdata, implicit_const)
	KindAddr           // an address
	KindAddrx          // an index into .debug_addr
	KindRef            // a DIE: offset from the start of the group, see Reader.Base
	KindRefSig         // a type unit's signature
	KindRefSup         // a DIE of a supplementary file
	KindStr            // offset in .debug_str
	KindLineStr        // offset in .debug_line_str
	KindStrSup         // offset in a supplementary file's strings
	KindStrx           // an index into .debug_str_offsets
	KindInline         // a string: its position in .debug_info
	KindBlock          // bytes: position in .debug_info, length in Reader.Len
	KindSecOffset      // an offset in a section that the attribute names
	KindLoclistx       // an index into .debug_loclists
	KindRnglistx       // an index into .debug_rnglists
	KindBad            // read but useless, such as a block longer than 16 MiB
)

// opcode is how the bytes of an attribute are read.
type opcode uint8

const (
	opConst  opcode = iota // no bytes: the value is in the op
	opU1                   // 1 byte
	opU2                   // 2 bytes, little endian
	opU4                   // 4 bytes, little endian
	opU8                   // 8 bytes, little endian
	opU3                   // 3 bytes, little endian
	opUleb                 // LEB128
	opString               // bytes to a NUL
	opBlock                // LEB128 length and bytes
	opBlock1               // 1 byte length and bytes
	opU2B                  // 2 bytes, big endian
	opU4B                  // 4 bytes, big endian
	opU8B                  // 8 bytes, big endian
	opU3B                  // 3 bytes, big endian
	opSleb                 // signed LEB128
	opBlock2               // 2 byte length and bytes
	opBlock4               // 4 byte length and bytes
	opBlock2B
	opBlock4B
	opData16   // 16 bytes, handed out as a block
	opIndirect // LEB128 form, then as that form says
)

// minSize is the least number of bytes that an op reads.
var minSize = [...]uint8{
	opConst: 0, opU1: 1, opU2: 2, opU4: 4, opU8: 8, opU3: 3, opUleb: 1, opString: 1, opBlock: 1, opBlock1: 1,
	opU2B: 2, opU4B: 4, opU8B: 8, opU3B: 3, opSleb: 1, opBlock2: 2, opBlock4: 4, opBlock2B: 2, opBlock4B: 4,
	opData16: 16, opIndirect: 1,
}

// isVar tells of an opcode whether it can read more bytes than minSize.
var isVar = [...]bool{
	opUleb: true, opString: true, opBlock: true, opBlock1: true, opSleb: true, opBlock2: true, opBlock4: true,
	opBlock2B: true, opBlock4B: true, opIndirect: true, opData16: false,
}

// Encoding is what the size of some forms depends on.
type Encoding struct {
	Version  uint16
	AddrSize uint8
	Is64     bool
	Big      bool // big endian
}

// Encoding returns the encoding of the unit's DIEs.
func (u *Unit) Encoding(order binary.ByteOrder) Encoding {
	return Encoding{u.Version, u.AddrSize, u.Is64, order.Uint16([]byte{0, 1}) == 1}
}

func (e Encoding) sized(n uint8) opcode {
	switch {
	case n == 1:
		return opU1
	case n == 2 && e.Big:
		return opU2B
	case n == 2:
		return opU2
	case n == 3 && e.Big:
		return opU3B
	case n == 3:
		return opU3
	case n == 4 && e.Big:
		return opU4B
	case n == 4:
		return opU4
	case e.Big:
		return opU8B
	}
	return opU8
}

func (e Encoding) offset() opcode {
	if e.Is64 {
		return e.sized(8)
	}
	return e.sized(4)
}

// decode says how form is read and what its value is. relative references
// count from the unit header.
func (e Encoding) decode(form Form) (code opcode, kind Kind, relative, ok bool) {
	switch form {
	case FormAddr:
		return e.sized(e.AddrSize), KindAddr, false, true
	case FormData1, FormFlag:
		return opU1, KindConst, false, true
	case FormData2:
		return e.sized(2), KindConst, false, true
	case FormData4:
		return e.sized(4), KindConst, false, true
	case FormData8:
		return e.sized(8), KindConst, false, true
	case FormData16:
		return opData16, KindBlock, false, true
	case FormUdata:
		return opUleb, KindConst, false, true
	case FormSdata:
		return opSleb, KindSigned, false, true
	case FormFlagPresent:
		return opConst, KindConst, false, true
	case FormImplicitConst:
		return opConst, KindSigned, false, true
	case FormString:
		return opString, KindInline, false, true
	case FormStrp:
		return e.offset(), KindStr, false, true
	case FormLineStrp:
		return e.offset(), KindLineStr, false, true
	case FormStrpSup, FormGNUStrpAlt:
		return e.offset(), KindStrSup, false, true
	case FormStrx, FormGNUStrIndex:
		return opUleb, KindStrx, false, true
	case FormStrx1:
		return opU1, KindStrx, false, true
	case FormStrx2:
		return e.sized(2), KindStrx, false, true
	case FormStrx3:
		return e.sized(3), KindStrx, false, true
	case FormStrx4:
		return e.sized(4), KindStrx, false, true
	case FormAddrx, FormGNUAddrIndex:
		return opUleb, KindAddrx, false, true
	case FormAddrx1:
		return opU1, KindAddrx, false, true
	case FormAddrx2:
		return e.sized(2), KindAddrx, false, true
	case FormAddrx3:
		return e.sized(3), KindAddrx, false, true
	case FormAddrx4:
		return e.sized(4), KindAddrx, false, true
	case FormRef1:
		return opU1, KindRef, true, true
	case FormRef2:
		return e.sized(2), KindRef, true, true
	case FormRef4:
		return e.sized(4), KindRef, true, true
	case FormRef8:
		return e.sized(8), KindRef, true, true
	case FormRefUdata:
		return opUleb, KindRef, true, true
	case FormRefAddr:
		if e.Version == 2 {
			return e.sized(e.AddrSize), KindRef, false, true
		}
		return e.offset(), KindRef, false, true
	case FormRefSig8:
		return e.sized(8), KindRefSig, false, true
	case FormRefSup4:
		return e.sized(4), KindRefSup, false, true
	case FormRefSup8:
		return e.sized(8), KindRefSup, false, true
	case FormGNURefAlt:
		return e.offset(), KindRefSup, false, true
	case FormSecOffset:
		return e.offset(), KindSecOffset, false, true
	case FormExprloc, FormBlock:
		return opBlock, KindBlock, false, true
	case FormBlock1:
		return opBlock1, KindBlock, false, true
	case FormBlock2:
		if e.Big {
			return opBlock2B, KindBlock, false, true
		}
		return opBlock2, KindBlock, false, true
	case FormBlock4:
		if e.Big {
			return opBlock4B, KindBlock, false, true
		}
		return opBlock4, KindBlock, false, true
	case FormLoclistx:
		return opUleb, KindLoclistx, false, true
	case FormRnglistx:
		return opUleb, KindRnglistx, false, true
	case FormIndirect:
		return opIndirect, KindNone, false, true
	}
	return 0, 0, false, false
}
