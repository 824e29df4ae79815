package dwarfconv

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/go-delve/delve/pkg/dwarf/op"
	"github.com/go-delve/delve/pkg/dwarf/regnum"
)

func (l location) String() string {
	s := "-"
	if l.reg != noReg {
		s = fmt.Sprintf("reg%d", l.reg)
	}
	if l.isConst {
		s += " const"
	}
	if l.onStack {
		s += " stack"
	}
	return s
}

// unhex reads bytes written in hex with blanks.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// loclists is a DWARF 5 list whose entries are offset pairs with the given
// expressions in hex.
func loclists(t testing.TB, exprs ...string) []byte {
	var b []byte
	for i, e := range exprs {
		x := unhex(t, e)
		b = append(b, lleOffsetPair, byte(i), byte(i+1))
		b = binary.AppendUvarint(b, uint64(len(x)))
		b = append(b, x...)
	}
	return append(b, lleEndOfList)
}

var (
	amd64Unit = rawUnit{version: 5, addrSize: 8}
	amd64ABI  = ABIFor(emX8664, 8)
)

func locateList(list []byte, size int) location {
	var l locator
	l.reset(amd64ABI, &Sections{Loclists: list, Order: binary.LittleEndian})
	return l.locate(&rawParam{form: locLists}, &amd64Unit, size)
}

func TestLocateList(t *testing.T) {
	for _, c := range []struct {
		name  string
		size  int
		want  string
		exprs []string
	}{
		{"register", 8, "reg5", []string{"55"}},
		{"register, later ones do not count", 8, "reg5", []string{"55", "50"}},
		{"later register only", 8, "- stack", []string{"91 10", "55"}},
		{"empty first entry", 8, "-", []string{"", "55"}},
		{"breg with stack_value", 8, "reg5", []string{"75 00 9f"}},
		{"breg is a memory location", 8, "-", []string{"75 00"}},
		{"breg, computed", 8, "reg5", []string{"75 00 31 1c 9f"}},
		{"breg, computed, no value", 8, "-", []string{"75 00 31 1c"}},
		{"frame base", 4, "- stack", []string{"91 78"}},
		{"frame base later", 4, "-", []string{"70 00 06", "91 78"}},
		{"literal", 4, "- const", []string{"33"}},
		{"literal with stack_value", 4, "- const", []string{"33 9f"}},
		{"constu", 4, "- const", []string{"10 80 01 9f"}},
		{"consts", 4, "- const", []string{"11 7f 9f"}},
		{"const1u is no such constant", 4, "-", []string{"08 05 9f"}},
		{"literal later", 4, "-", []string{"91 78 06", "33 9f"}},
		{"literal, computed", 4, "- const", []string{"33 34 22 9f"}},
		{"entry value", 8, "reg5", []string{"a3 01 55 9f"}},
		{"entry value later", 8, "reg4", []string{"70 00 31 22", "f3 01 54 9f"}},
		{"entry value behind literal", 8, "reg4 const", []string{"33 9f", "a3 01 54 9f"}},
		{"entry value of a longer expression", 8, "-", []string{"a3 03 75 00 06 9f"}},
		{"entry value, computed", 8, "-", []string{"a3 01 55 31 22 9f"}},
		{"register beats entry value", 8, "reg0", []string{"50", "a3 01 55 9f"}},
		{"regx is not taken", 8, "-", []string{"90 05"}},
		{"parameter_ref", 8, "-", []string{"fa 10 00 00 00 9f"}},
		{"pieces of an aggregate", 16, "reg5", []string{"55 93 08 54 93 08"}},
		{"second piece of an aggregate", 16, "reg4", []string{"93 08 54 93 08"}},
		{"pieces in a later entry", 16, "reg5", []string{"91 00 06", "55 93 08 54 93 08"}},
		{"pieces of a small type", 8, "reg5", []string{"55 93 04 54 93 04"}},
		{"hole first in a small type", 8, "-", []string{"93 04 54 93 04"}},
		{"pieces of a small type, later", 8, "-", []string{"91 00 06", "55 93 04 54 93 04"}},
		{"aggregate in one register", 16, "reg5", []string{"55"}},
		{"unknown opcode ends the list", 8, "-", []string{"ff", "a3 01 55 9f"}},
		{"cut operand ends the list", 8, "-", []string{"23", "a3 01 55 9f"}},
		{"block longer than the expression", 8, "-", []string{"9e ff ff ff ff 0f", "a3 01 55 9f"}},
	} {
		if got := locateList(loclists(t, c.exprs...), c.size).String(); got != c.want {
			t.Errorf("%s: %v: got %s, want %s", c.name, c.exprs, got, c.want)
		}
	}
}

func TestLocateOneReg(t *testing.T) {
	// s390 passes no aggregate in two registers: pieces count as for scalars.
	var l locator
	l.reset(ABIFor(emS390, 8), &Sections{Loclists: loclists(t, "93 08 54 93 08"), Order: binary.BigEndian})
	if got := l.locate(&rawParam{form: locLists}, &amd64Unit, 16); got.reg != noReg {
		t.Errorf("got %s, want no register", got)
	}
}

func TestLocateListKinds(t *testing.T) {
	for _, c := range []struct{ name, list, want string }{
		{"base addresses and views are skipped", "01 85 01  06 1122334455667788  09 01 02  04 00 10 01 55 00", "reg5"},
		{"startx_endx", "02 01 02 01 54 00", "reg4"},
		{"startx_length", "03 01 02 01 54 00", "reg4"},
		{"default_location", "05 01 54 00", "reg4"},
		{"start_end", "07 1122334455667788 1122334455667799 01 54 00", "reg4"},
		{"start_length", "08 1122334455667788 80 01 01 54 00", "reg4"},
		{"empty list", "00 05 01 54", "-"},
		{"unknown kind", "2a 05 01 54", "-"},
		{"no end of list", "05 01 54", "reg4"},
		{"cut in an address", "07 1122", "-"},
		{"cut in a number", "04 80 80", "-"},
		{"length beyond the section", "05 7f 54 00", "-"},
		{"huge length", "05 ff ff ff ff ff ff ff ff ff 01 54", "-"},
		{"nothing", "", "-"},
	} {
		if got := locateList(unhex(t, c.list), 8).String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestLocateOldList(t *testing.T) {
	for _, c := range []struct {
		name, list string
		size       uint8
		order      binary.ByteOrder
		want       string
	}{
		{"little endian", "0100000000000000 0200000000000000 0100 54  0 0", 8, binary.LittleEndian, "reg4"},
		{"big endian, 32 bit", "00000001 00000002 0001 54 00000000 00000000", 4, binary.BigEndian, "reg4"},
		{"base address", "ffffffff 00001000 01000000 02000000 0100 54", 4, binary.LittleEndian, "reg4"},
		{"entry value in the second entry", "01000000 02000000 0200 9178 02000000 03000000 0400 f301559f", 4, binary.LittleEndian, "reg5 stack"},
		{"end first", "00000000 00000000 0100 54", 4, binary.LittleEndian, "-"},
		{"cut", "01000000 02000000 05", 4, binary.LittleEndian, "-"},
		{"no such address size", "01000000 02000000 0100 54", 3, binary.LittleEndian, "-"},
	} {
		list := strings.ReplaceAll(c.list, " 0 0", " 00000000000000000000000000000000")
		var l locator
		l.reset(amd64ABI, &Sections{Loc: unhex(t, list), Order: c.order})
		u := rawUnit{version: 4, addrSize: c.size}
		if got := l.locate(&rawParam{form: locList}, &u, int(c.size)).String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestLocateExpr(t *testing.T) {
	info := unhex(t, "ff ff 55 91 10")
	for _, c := range []struct {
		off  uint64
		n    uint32
		want string
	}{
		{2, 1, "reg5"},
		{3, 2, "- stack"},
		{2, 0, "-"},
		{4, 2, "-"},
		{1 << 40, 1, "-"},
		{^uint64(0), 2, "-"},
	} {
		var l locator
		l.reset(amd64ABI, &Sections{Info: info, Order: binary.LittleEndian})
		if got := l.locate(&rawParam{form: locExpr, locOff: c.off, locLen: c.n}, &amd64Unit, 8).String(); got != c.want {
			t.Errorf("%#x+%d: got %s, want %s", c.off, c.n, got, c.want)
		}
	}
}

// TestLocateBudget: a list that all parameters share is not read over and over.
func TestLocateBudget(t *testing.T) {
	list := make([]byte, 0, 1<<16)
	for len(list) < 1<<16-8 {
		list = append(list, lleDefaultLocation, 2, 0x91, 0)
	}
	var l locator
	l.reset(amd64ABI, &Sections{Loclists: list, Order: binary.LittleEndian})
	for range 1000 {
		l.locate(&rawParam{form: locLists}, &amd64Unit, 8)
	}
	if l.budget > 0 || l.budget < -16 {
		t.Errorf("budget is %d after 1000 reads of one list", l.budget)
	}
}

func TestABI(t *testing.T) {
	a := ABIFor(emX8664, 8)
	want := "RdiRsiRdxRcxR8R9"
	got := ""
	for _, r := range a.Regs[:a.NumRegs] {
		got += regnum.AMD64ToName(uint64(r))
	}
	if got != want {
		t.Errorf("x86-64 passes parameters in %s, want %s", got, want)
	}
	for _, c := range []struct {
		machine uint16
		size    int
		slots   int
		memory  bool
	}{
		{emX8664, 0, 1, false},
		{emX8664, 8, 1, false},
		{emX8664, 9, 2, false},
		{emX8664, 16, 2, false},
		{emX8664, 17, 3, true},
		{emS390, 16, 1, true},
		{emS390, 8, 1, false},
		{0, 16, 2, false},
	} {
		a := ABIFor(c.machine, 8)
		if a.slots(c.size) != c.slots || a.inMemory(c.size) != c.memory {
			t.Errorf("machine %d, %d bytes: %d slots, in memory %v; want %d, %v", c.machine, c.size, a.slots(c.size), a.inMemory(c.size), c.slots, c.memory)
		}
	}
}

// TestLocateDelve compares registers, stack and constants with what delve's
// evaluator makes of random expressions of the operations that both know. The
// expressions are ones that it can evaluate: it knows no entry_value, and it
// panics on some malformed input.
func TestLocateDelve(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var l locator
	l.reset(amd64ABI, &Sections{Order: binary.LittleEndian})
	for range 20000 {
		expr := randomExpr(rnd)
		got := location{reg: noReg}
		l.entry(&got, expr, &amd64Unit, 16, 0)
		addr, pieces, err := op.ExecuteStackProgram(op.DwarfRegisters{FrameBase: 1 << 40}, expr, 8, nil)
		var want location
		switch {
		case err != nil:
			t.Fatalf("%x: %v", expr, err)
		case len(pieces) > 0:
			want.reg = noReg
			for _, p := range pieces {
				if p.Kind == op.RegPiece && want.reg == noReg {
					want.reg = int8(p.Val)
				}
				want.isConst = want.isConst || p.Kind == op.ImmPiece && len(pieces) == 1
			}
		default:
			want = location{reg: noReg, onStack: addr >= 1<<39, isConst: addr < 1<<39}
		}
		if got != want {
			t.Fatalf("%x: got %s, delve says %s", expr, got, want)
		}
	}
}

// randomExpr is a register, register pieces, a place on the stack or a constant.
func randomExpr(rnd *rand.Rand) []byte {
	reg := func() byte { return byte(op.DW_OP_reg0) + byte(rnd.IntN(32)) }
	switch rnd.IntN(5) {
	case 0:
		return []byte{reg()}
	case 1:
		return []byte{reg(), byte(op.DW_OP_piece), 8, reg(), byte(op.DW_OP_piece), 8}
	case 2:
		return []byte{byte(op.DW_OP_fbreg), byte(rnd.IntN(128))}
	case 3:
		return []byte{byte(op.DW_OP_lit0) + byte(rnd.IntN(32)), byte(op.DW_OP_stack_value)}
	}
	return []byte{byte(op.DW_OP_constu), byte(rnd.IntN(128)), byte(op.DW_OP_stack_value)}
}

func TestLocateAllocs(t *testing.T) {
	list := loclists(t, "91 10 06", "a3 01 55 9f")
	var l locator
	l.reset(amd64ABI, &Sections{Loclists: list, Order: binary.LittleEndian})
	p := rawParam{form: locLists}
	if n := testing.AllocsPerRun(100, func() { l.locate(&p, &amd64Unit, 8) }); n != 0 {
		t.Errorf("%v allocations per parameter", n)
	}
}

// TestOperands: behind an operation the next one stands where the standard says, and
// operands that are cut are no operation.
func TestOperands(t *testing.T) {
	dwarf64, dwarf2 := rawUnit{version: 5, addrSize: 8, dwarf64: true}, rawUnit{version: 2, addrSize: 4}
	for _, c := range []struct {
		name string
		op   byte
		unit *rawUnit
		args string
	}{
		{"deref", 0x06, &amd64Unit, ""},
		{"addr", 0x03, &amd64Unit, "1122334455667788"},
		{"addr of 4 bytes", 0x03, &dwarf2, "11223344"},
		{"const1u", 0x08, &amd64Unit, "11"},
		{"const2s", 0x0b, &amd64Unit, "1122"},
		{"const4u", 0x0c, &amd64Unit, "11223344"},
		{"const8s", 0x0f, &amd64Unit, "1122334455667788"},
		{"constu", 0x10, &amd64Unit, "8001"},
		{"skip", 0x2f, &amd64Unit, "1122"},
		{"breg31", 0x8f, &amd64Unit, "8001"},
		{"bregx", 0x92, &amd64Unit, "8001 8002"},
		{"bit_piece", 0x9d, &amd64Unit, "8001 00"},
		{"call_ref", 0x9a, &amd64Unit, "11223344"},
		{"call_ref of DWARF64", 0x9a, &dwarf64, "1122334455667788"},
		{"call_ref of DWARF 2", 0x9a, &dwarf2, "11223344"},
		{"implicit_value", 0x9e, &amd64Unit, "02 1122"},
		{"implicit_pointer", 0xa0, &amd64Unit, "11223344 8001"},
		{"implicit_pointer of DWARF64", 0xa0, &dwarf64, "1122334455667788 00"},
		{"entry_value", 0xa3, &amd64Unit, "01 55"},
		{"const_type", 0xa4, &amd64Unit, "8001 02 1122"},
		{"regval_type", 0xa5, &amd64Unit, "05 8001"},
		{"deref_type", 0xa6, &amd64Unit, "08 8001"},
		{"GNU_parameter_ref", 0xfa, &amd64Unit, "11223344"},
		{"GNU_variable_value", 0xfd, &amd64Unit, "11223344"},
	} {
		args := unhex(t, c.args)
		cur := exprCursor{b: append(slices.Clone(args), 0x55)}
		if !cur.skipOperands(c.op, c.unit) || cur.at != len(args) {
			t.Errorf("%s: at %d, want %d", c.name, cur.at, len(args))
		}
		if cut := (exprCursor{b: args[:max(0, len(args)-1)]}); len(args) > 0 && cut.skipOperands(c.op, c.unit) {
			t.Errorf("%s: skipped where it is cut", c.name)
		}
	}
}

// FuzzLocate reads arbitrary bytes as lists and as an expression.
func FuzzLocate(f *testing.F) {
	f.Add(loclists(f, "55 93 08 54 93 08", "a3 01 55 9f"), uint8(8), uint8(5))
	f.Add(unhex(f, "0100000002000000010054"), uint8(4), uint8(4))
	f.Fuzz(func(t *testing.T, b []byte, addrSize, version uint8) {
		u := rawUnit{version: version, addrSize: addrSize, dwarf64: version&1 != 0}
		for form := locExpr; form <= locBad; form++ {
			var l locator
			l.reset(amd64ABI, &Sections{Info: b, Loc: b, Loclists: b, Order: binary.LittleEndian})
			got := l.locate(&rawParam{form: form, locLen: uint32(len(b))}, &u, 16)
			if got.reg < noReg || got.reg > 31 {
				t.Errorf("register %d", got.reg)
			}
		}
	})
}
