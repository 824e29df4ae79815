package dwarfconv

import (
	"encoding/binary"

	"github.com/go-delve/delve/pkg/dwarf/op"
)

// Where does a parameter live when its function is entered?
//
// DW_AT_location is one expression, or a list of address ranges with one
// expression each. The first entry of a list covers the entry of the function:
//
//	int f(int a, int b)        a: [f, f+4) DW_OP_reg5    b: [f, f+9) DW_OP_reg0
//
// a comes in %rdi as the ABI says; b in %rax: a tracer that reads the second
// argument from %rsi reads nonsense. One shape of expression tells the register
// at entry wherever it stands in the list: DW_OP_entry_value(DW_OP_regN).
//
// Nothing is evaluated. An expression is split into operations, which are
// counted and looked at by opcode; that is enough for the rules of pahole's
// parameter__decode_location, which this file follows. Address ranges do not
// matter for them, so neither base addresses nor relocations do.
//
// An operation or list entry that cannot be read ends the list: what was found
// up to there stands. libdw does the same.

// Opcodes of DWARF 5 and of GNU that delve's op has no names for
// (DWARF 5 §7.7.1, Table 7.9; binutils include/dwarf2.def).
const (
	opImplicitPointer   = 0xa0
	opAddrx             = 0xa1
	opConstx            = 0xa2
	opEntryValue        = 0xa3
	opConstType         = 0xa4
	opRegvalType        = 0xa5
	opDerefType         = 0xa6
	opXderefType        = 0xa7
	opConvert           = 0xa8
	opReinterpret       = 0xa9
	opGNUPushTLSAddress = 0xe0
	opGNUUninit         = 0xf0
	opGNUImplicitPtr    = 0xf2
	opGNUEntryValue     = 0xf3
	opGNUConstType      = 0xf4
	opGNURegvalType     = 0xf5
	opGNUDerefType      = 0xf6
	opGNUConvert        = 0xf7
	opGNUReinterpret    = 0xf9
	opGNUParameterRef   = 0xfa
	opGNUAddrIndex      = 0xfb
	opGNUConstIndex     = 0xfc
	opGNUVariableValue  = 0xfd
)

// Kinds of location list entries (DWARF 5 §7.7.3; GCC's DW_LLE_view_pair).
const (
	lleEndOfList       = 0x00
	lleBaseAddressx    = 0x01
	lleStartxEndx      = 0x02
	lleStartxLength    = 0x03
	lleOffsetPair      = 0x04
	lleDefaultLocation = 0x05
	lleBaseAddress     = 0x06
	lleStartEnd        = 0x07
	lleStartLength     = 0x08
	lleViewPair        = 0x09
)

// noReg is the register of a parameter whose register is not known.
const noReg = -1

// location is what a parameter's DW_AT_location says about function entry.
type location struct {
	reg     int8 // DWARF number 0 to 31, or noReg
	isConst bool // a constant, not a place
	onStack bool // frame base relative
}

// locator classifies locations in the sections of one module.
type locator struct {
	abi      ABI
	order    binary.ByteOrder
	info     []byte // of the group
	loc      []byte
	loclists []byte
	gnuSplit bool // loc is .debug_loc.dwo

	// pieces, where not nil, collects the pieces of an aggregate.
	pieces *pieces

	// budget is how many more bytes of lists may be read for the group. A
	// compiler refers to a list once or twice; a hostile file refers to one
	// long list from every parameter, which must not cost the product.
	budget int
}

// listBudget is how often, on average, a list may be read, and perByte how
// many bytes of lists a byte of .debug_info may have. vmlinux has 0.14.
const (
	listBudget = 16
	perByte    = 64
)

func (l *locator) reset(abi ABI, s *Sections) {
	*l = locator{abi: abi, order: s.Order, info: s.Info, loc: s.Loc, loclists: s.Loclists, gnuSplit: s.Split}
	l.budget = listBudget * (len(s.Loc) + len(s.Loclists))
}

// begin prepares for a group, the bytes of which are info.
func (l *locator) begin(info []byte) {
	l.info = info
	l.budget = min(listBudget*(len(l.loc)+len(l.loclists)), perByte*len(info))
}

// locate classifies the location of p, a parameter of size bytes in unit u.
func (l *locator) locate(p *rawParam, u *rawUnit, size int) location {
	out := location{reg: noReg}
	switch p.form {
	case locExpr:
		if end := p.locOff + uint64(p.locLen); end >= p.locOff && end <= uint64(len(l.info)) {
			l.entry(&out, l.info[p.locOff:end], u, size, 0)
		}
	case locList:
		if l.gnuSplit {
			l.gnuList(&out, p.locOff, u, size)
		} else {
			l.oldList(&out, p.locOff, u, size)
		}
	case locLists:
		l.newList(&out, p.locOff, u, size)
	}
	return out
}

// oldList reads a list of .debug_loc (DWARF 4 §2.6.2).
func (l *locator) oldList(out *location, off uint64, u *rawUnit, size int) {
	if off >= uint64(len(l.loc)) {
		return
	}
	c := exprCursor{b: l.loc, at: int(off)}
	defer func() { l.budget -= c.at - int(off) }()
	for n := 0; c.at-int(off) < l.budget; {
		begin, allOnes := c.addr(l.order, int(u.addrSize))
		end, _ := c.addr(l.order, int(u.addrSize))
		if c.bad || begin == 0 && end == 0 {
			return
		}
		if allOnes {
			continue // base address selection
		}
		expr := c.bytes(uint64(c.u16(l.order)))
		if c.bad || !l.entry(out, expr, u, size, n) {
			return
		}
		n++
	}
}

// gnuList reads a list of .debug_loc.dwo, which GCC and clang write for split
// DWARF 4: the kinds of entries are the first four of DWARF 5, but lengths of
// ranges have 4 bytes and those of expressions 2
// (https://gcc.gnu.org/wiki/DebugFission).
func (l *locator) gnuList(out *location, off uint64, u *rawUnit, size int) {
	if off >= uint64(len(l.loc)) {
		return
	}
	c := exprCursor{b: l.loc, at: int(off)}
	defer func() { l.budget -= c.at - int(off) }()
	for n := 0; c.at-int(off) < l.budget; {
		switch c.u8() {
		case lleBaseAddressx:
			c.leb()
			continue
		case lleStartxEndx:
			c.leb()
			c.leb()
		case lleStartxLength:
			c.leb()
			c.skip(4)
		default:
			return
		}
		expr := c.bytes(uint64(c.u16(l.order)))
		if c.bad || !l.entry(out, expr, u, size, n) {
			return
		}
		n++
	}
}

// newList reads a list of .debug_loclists (DWARF 5 §2.6.2).
func (l *locator) newList(out *location, off uint64, u *rawUnit, size int) {
	if off >= uint64(len(l.loclists)) {
		return
	}
	c := exprCursor{b: l.loclists, at: int(off)}
	defer func() { l.budget -= c.at - int(off) }()
	for n := 0; c.at-int(off) < l.budget; {
		switch c.u8() {
		case lleBaseAddressx:
			c.leb()
			continue
		case lleBaseAddress:
			c.skip(int(u.addrSize))
			continue
		case lleViewPair:
			c.leb()
			c.leb()
			continue
		case lleStartxEndx, lleStartxLength, lleOffsetPair:
			c.leb()
			c.leb()
		case lleDefaultLocation:
		case lleStartEnd:
			c.skip(2 * int(u.addrSize))
		case lleStartLength:
			c.skip(int(u.addrSize))
			c.leb()
		default: // the end, or a kind whose length is unknown
			return
		}
		expr := c.bytes(c.uleb())
		if c.bad || !l.entry(out, expr, u, size, n) {
			return
		}
		n++
	}
}

// exprStat is the gist of one expression.
type exprStat struct {
	ops        int
	first      byte // opcode
	last       byte // opcode
	stackValue bool // DW_OP_stack_value behind the first operation
	firstReg   int8 // first DW_OP_regN, noReg where there is none
}

// entry adds what entry number n of a list says and reports whether later
// entries can add anything.
func (l *locator) entry(out *location, expr []byte, u *rawUnit, size, n int) (more bool) {
	st, ok := scanExpr(expr, u)
	if !ok {
		return false
	}
	if st.ops == 0 {
		return true
	}
	single := st.ops == 1 || st.ops == 2 && st.last == byte(op.DW_OP_stack_value)
	switch {
	case isConstOp(st.first):
		out.isConst = out.isConst || n == 0
	case single:
		l.single(out, expr, &st, n)
	case size > l.abi.AddrSize && !l.abi.OneReg:
		// Pieces: the first register is the one of the aggregate.
		out.setReg(st.firstReg)
		if l.pieces != nil {
			l.pieces.scan(expr, u, l.abi.AddrSize)
			return true
		}
	case n != 0:
	case isRegOp(st.first):
		out.setReg(int8(st.first - byte(op.DW_OP_reg0)))
	case isBregOp(st.first) && st.stackValue:
		out.setReg(int8(st.first - byte(op.DW_OP_breg0)))
	}
	return out.reg == noReg || l.pieces != nil
}

// single is entry for an expression of one operation, not counting a
// DW_OP_stack_value behind it.
func (l *locator) single(out *location, expr []byte, st *exprStat, n int) {
	switch {
	case st.first == opEntryValue || st.first == opGNUEntryValue:
		c := exprCursor{b: expr, at: 1}
		if block := c.bytes(c.uleb()); len(block) == 1 && isRegOp(block[0]) {
			out.setReg(int8(block[0] - byte(op.DW_OP_reg0)))
		}
	case n != 0:
	case isRegOp(st.first):
		out.setReg(int8(st.first - byte(op.DW_OP_reg0)))
	case isBregOp(st.first) && st.last == byte(op.DW_OP_stack_value):
		out.setReg(int8(st.first - byte(op.DW_OP_breg0)))
	case st.first == byte(op.DW_OP_fbreg):
		out.onStack = true
	}
}

// setReg records a register unless one is known.
func (out *location) setReg(reg int8) {
	if out.reg == noReg {
		out.reg = reg
	}
}

func isRegOp(o byte) bool  { return o >= byte(op.DW_OP_reg0) && o <= byte(op.DW_OP_reg31) }
func isBregOp(o byte) bool { return o >= byte(op.DW_OP_breg0) && o <= byte(op.DW_OP_breg31) }

func isConstOp(o byte) bool {
	return o >= byte(op.DW_OP_lit0) && o <= byte(op.DW_OP_lit31) || o == byte(op.DW_OP_constu) || o == byte(op.DW_OP_consts)
}

// scanExpr splits an expression into operations. It is not ok where an
// operation is unknown or cut off.
func scanExpr(expr []byte, u *rawUnit) (st exprStat, ok bool) {
	st.firstReg = noReg
	c := exprCursor{b: expr}
	for c.at < len(expr) {
		o := c.u8()
		if st.ops == 0 {
			st.first = o
		} else if o == byte(op.DW_OP_stack_value) {
			st.stackValue = true
		}
		if isRegOp(o) && st.firstReg == noReg {
			st.firstReg = int8(o - byte(op.DW_OP_reg0))
		}
		st.last = o
		st.ops++
		if !c.skipOperands(o, u) {
			return st, false
		}
	}
	return st, true
}

// operands is what follows an opcode.
type operands uint8

const (
	argInvalid operands = iota
	argNone
	arg1
	arg2
	arg4
	arg8
	argAddr
	argRef // an offset of the unit's DWARF format
	argLEB
	argLEB2
	argRefLEB
	arg1LEB
	argBlock    // ULEB128 length, bytes
	argLEBBlock // ULEB128, one byte of length, bytes
)

// opArgs is indexed by opcode.
var opArgs = makeOpArgs()

func makeOpArgs() (t [256]operands) {
	set := func(a operands, ops ...op.Opcode) {
		for _, o := range ops {
			t[o] = a
		}
	}
	for o := op.DW_OP_dup; o <= op.DW_OP_reg31; o++ {
		t[o] = argNone // stack, arithmetic, literals and registers; the others follow
	}
	for o := op.DW_OP_breg0; o <= op.DW_OP_breg31; o++ {
		t[o] = argLEB
	}
	set(argNone, op.DW_OP_deref, op.DW_OP_nop, op.DW_OP_push_object_address, op.DW_OP_form_tls_address,
		op.DW_OP_call_frame_cfa, op.DW_OP_stack_value, opGNUPushTLSAddress, opGNUUninit)
	set(arg1, op.DW_OP_const1u, op.DW_OP_const1s, op.DW_OP_pick, op.DW_OP_deref_size, op.DW_OP_xderef_size)
	set(arg2, op.DW_OP_const2u, op.DW_OP_const2s, op.DW_OP_bra, op.DW_OP_skip, op.DW_OP_call2)
	set(arg4, op.DW_OP_const4u, op.DW_OP_const4s, op.DW_OP_call4, opGNUParameterRef)
	set(arg8, op.DW_OP_const8u, op.DW_OP_const8s)
	set(argAddr, op.DW_OP_addr)
	set(argRef, op.DW_OP_call_ref, opGNUVariableValue)
	set(argLEB, op.DW_OP_constu, op.DW_OP_consts, op.DW_OP_plus_uconst, op.DW_OP_regx, op.DW_OP_fbreg, op.DW_OP_piece,
		opAddrx, opConstx, opConvert, opReinterpret, opGNUConvert, opGNUReinterpret, opGNUAddrIndex, opGNUConstIndex)
	set(argLEB2, op.DW_OP_bregx, op.DW_OP_bit_piece, opRegvalType, opGNURegvalType)
	set(argRefLEB, opImplicitPointer, opGNUImplicitPtr)
	set(arg1LEB, opDerefType, opXderefType, opGNUDerefType)
	set(argBlock, op.DW_OP_implicit_value, opEntryValue, opGNUEntryValue)
	set(argLEBBlock, opConstType, opGNUConstType)
	return t
}

// exprCursor reads expressions and lists. After a read past the end it is bad
// and returns zeros.
type exprCursor struct {
	b   []byte
	at  int
	bad bool
}

// skipOperands skips the operands of opcode o and reports whether it could.
func (c *exprCursor) skipOperands(o byte, u *rawUnit) bool {
	ref := 4
	if u.dwarf64 {
		ref = 8
	}
	if u.version < 3 {
		ref = int(u.addrSize) // DWARF 2 §6.1.1: DW_FORM_ref_addr was an address
	}
	switch opArgs[o] {
	case argInvalid:
		return false
	case arg1:
		c.skip(1)
	case arg2:
		c.skip(2)
	case arg4:
		c.skip(4)
	case arg8:
		c.skip(8)
	case argAddr:
		c.skip(int(u.addrSize))
	case argRef:
		c.skip(ref)
	case argLEB:
		c.leb()
	case argLEB2:
		c.leb()
		c.leb()
	case argRefLEB:
		c.skip(ref)
		c.leb()
	case arg1LEB:
		c.skip(1)
		c.leb()
	case argBlock:
		c.bytes(c.uleb())
	case argLEBBlock:
		c.leb()
		c.bytes(uint64(c.u8()))
	}
	return !c.bad
}

func (c *exprCursor) fail() {
	c.bad, c.at = true, len(c.b)
}

func (c *exprCursor) skip(n int) {
	if n > len(c.b)-c.at {
		c.fail()
		return
	}
	c.at += n
}

func (c *exprCursor) u8() byte {
	if c.at >= len(c.b) {
		c.fail()
		return 0
	}
	c.at++
	return c.b[c.at-1]
}

func (c *exprCursor) u16(order binary.ByteOrder) uint16 {
	b := c.bytes(2)
	if len(b) < 2 {
		return 0
	}
	return order.Uint16(b)
}

// addr reads an address of size bytes and tells whether all its bits are set.
func (c *exprCursor) addr(order binary.ByteOrder, size int) (v uint64, allOnes bool) {
	b := c.bytes(uint64(size))
	switch len(b) {
	case 8:
		v = order.Uint64(b)
		return v, v == 1<<64-1
	case 4:
		v = uint64(order.Uint32(b))
		return v, v == 1<<32-1
	}
	c.fail()
	return 0, false
}

func (c *exprCursor) bytes(n uint64) []byte {
	if c.bad || n > uint64(len(c.b)-c.at) {
		c.fail()
		return nil
	}
	b := c.b[c.at : c.at+int(n)]
	c.at += int(n)
	return b
}

// leb skips a LEB128 number.
func (c *exprCursor) leb() {
	for c.at < len(c.b) {
		c.at++
		if c.b[c.at-1] < 0x80 {
			return
		}
	}
	c.fail()
}

// uleb reads a ULEB128 number; bits beyond 64 are dropped.
func (c *exprCursor) uleb() (v uint64) {
	for shift := uint(0); c.at < len(c.b); shift += 7 {
		b := c.b[c.at]
		c.at++
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	c.fail()
	return 0
}
