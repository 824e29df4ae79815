package dwarfconv

import "github.com/go-delve/delve/pkg/dwarf/regnum"

// Machines that Linux runs on (ELF gABI, e_machine).
const (
	emSPARC     = 2
	em386       = 3
	emMIPS      = 8
	emPPC       = 20
	emPPC64     = 21
	emS390      = 22
	emARM       = 40
	emSPARCV9   = 43
	emARC       = 45
	emX8664     = 62
	emAARCH64   = 183
	emRISCV     = 243
	emLOONGARCH = 258
)

// ABI says in which registers a machine passes parameters, in DWARF numbers.
// The zero value is a machine without register parameters: nothing is checked.
type ABI struct {
	// NumRegs is the number of parameter registers, at most len(Regs).
	NumRegs int

	// Regs holds the DWARF number of each, first parameter first; -1 where it
	// is not known, which then matches every register.
	Regs [8]int8

	// AddrSize is the size of an address in bytes, 4 or 8.
	AddrSize int

	// OneReg says that an aggregate never takes two registers.
	OneReg bool

	// Pairs says that a number of two registers begins in one of even index,
	// counted from 0, so that one may stay unused.
	Pairs bool

	// ByValue says that an aggregate of any size takes registers, the rest of it
	// the stack. Elsewhere one of more than two registers is in memory, and a
	// register points to it.
	ByValue bool

	// Unknown says that nothing is known of the machine.
	Unknown bool
}

// Registers that delve's regnum has no names for: s390x's %r2 to %r6 and arm's
// r0 upwards have the numbers of their names, so have RISC-V's a0 to a7 (x10 to
// x17), PowerPC's r3 to r10, MIPS's $a0 ($4) upwards and LoongArch's a0 to a7
// (r4 to r11).
const (
	s390R2  = 2
	armR0   = 0
	riscvA0 = 10
	ppcR3   = 3
	mipsA0  = 4
	loongA0 = 4
)

// ABIFor returns the parameter registers of an ELF machine whose addresses
// have addrSize bytes. Where pahole has registers (arch__set_register_params) they
// are the same; it has none of arm's that are true, eight where AAPCS32 has four,
// and of RISC-V, PowerPC, MIPS and LoongArch it does not know which. docs/machines.md
// has the sources.
//
// Left unchecked are SPARC, whose registers have other numbers before and after
// the function's save, ARC, and i386, where a kernel's functions and those that
// assembler calls (asmlinkage) differ.
func ABIFor(machine uint16, addrSize int) ABI {
	a := ABI{AddrSize: addrSize, Regs: [8]int8{-1, -1, -1, -1, -1, -1, -1, -1}}
	switch machine {
	case emX8664:
		a.NumRegs = 6
		copy(a.Regs[:], []int8{
			regnum.AMD64_Rdi, regnum.AMD64_Rsi, regnum.AMD64_Rdx,
			regnum.AMD64_Rcx, regnum.AMD64_R8, regnum.AMD64_R9,
		})
	case emAARCH64:
		a.setRun(8, regnum.ARM64_X0)
	case emARM:
		a.setRun(4, armR0)
		a.Pairs, a.ByValue = true, true
	case emS390:
		a.setRun(5, s390R2)
		a.OneReg = true
	case emRISCV:
		a.setRun(8, riscvA0)
	case emLOONGARCH:
		a.setRun(8, loongA0)
	case emPPC:
		a.setRun(8, ppcR3)
		a.Pairs = true
	case emPPC64:
		a.setRun(8, ppcR3)
		a.ByValue = true
	case emMIPS:
		// o32 with 32 bits, n64 with 64.
		a.setRun(addrSize, mipsA0)
		a.Pairs, a.ByValue = addrSize == 4, true
	case emSPARC, emSPARCV9:
		a.NumRegs = 6
	case emARC:
		a.NumRegs = 8
	case em386:
	default:
		a.Unknown = true
	}
	return a
}

// setRun makes n consecutive registers from first the parameter registers.
func (a *ABI) setRun(n int, first int8) {
	a.NumRegs = n
	for i := range n {
		a.Regs[i] = first + int8(i)
	}
}

// slots is how many registers a parameter of size bytes takes.
func (a *ABI) slots(size int) int {
	if a.OneReg || size <= a.AddrSize {
		return 1
	}
	return (size + a.AddrSize - 1) / a.AddrSize
}

// start is the first register, next or the one behind it, that a number of size
// bytes may begin in.
func (a *ABI) start(next, size int) int {
	if a.Pairs && size == 2*a.AddrSize {
		return next + next&1
	}
	return next
}

// inMemory reports whether a parameter of size bytes is passed in memory.
func (a *ABI) inMemory(size int) bool {
	switch {
	case a.ByValue:
		return false
	case a.OneReg:
		return size > a.AddrSize
	}
	return size > 2*a.AddrSize
}
