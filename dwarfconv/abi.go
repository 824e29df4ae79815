package dwarfconv

import "github.com/go-delve/delve/pkg/dwarf/regnum"

// Machines with register parameters (ELF gABI, e_machine).
const (
	emSPARC   = 2
	emMIPS    = 8
	emPPC     = 20
	emPPC64   = 21
	emS390    = 22
	emARM     = 40
	emSPARCV9 = 43
	emARC     = 45
	emX8664   = 62
	emAARCH64 = 183
	emRISCV   = 243
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
}

// s390 and arm have no numbers in delve's regnum: r2 to r6 are 2 to 6 and r0
// upwards are 0 upwards.
const (
	s390R2 = 2
	armR0  = 0
)

// ABIFor returns the parameter registers of an ELF machine whose addresses
// have addrSize bytes. It covers what pahole's arch__nr_register_params and
// arch__set_register_params cover, with unknown numbers where they have none:
// a table that knew more would leave out functions that pahole emits.
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
		// AAPCS32 passes four, pahole takes eight.
		a.setRun(8, armR0)
	case emS390:
		a.setRun(5, s390R2)
		a.OneReg = true
	case emSPARC, emSPARCV9:
		a.NumRegs = 6
	case emARC, emMIPS, emPPC, emPPC64, emRISCV:
		a.NumRegs = 8
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

// inMemory reports whether a parameter of size bytes is passed in memory.
func (a *ABI) inMemory(size int) bool {
	if a.OneReg {
		return size > a.AddrSize
	}
	return size > 2*a.AddrSize
}
