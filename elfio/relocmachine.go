package elfio

import (
	"debug/elf"
	"fmt"
	"strconv"
	"strings"
)

// relOp is what a relocation type does to its place P, whose value is S+A:
// symbol plus addend, where a REL entry has its addend in place.
type relOp uint8

const (
	opUnknown relOp = iota
	opNone
	opAbs8 // store S+A; the order of the four widths is used by apply
	opAbs16
	opAbs32
	opAbs64
	opPC8 // store S+A-P
	opPC16
	opPC32
	opPC64
	opAdd8 // add S+A to what is there
	opAdd16
	opAdd32
	opAdd64
	opSub8 // subtract S+A
	opSub16
	opSub32
	opSub64
	opAdd24
	opSub24
	opSet6 // the low 6 bits of a byte: an advance in call frame information
	opAdd6
	opSub6
	opSetULEB // a ULEB128 of fixed length
	opAddULEB
	opSubULEB
)

// machine is what one processor supplement says about the relocations that
// assemblers put on sections which are not loaded.
type machine struct {
	ops  []relOp // by relocation type; opUnknown and beyond the end: refused
	name func(uint32) string
}

// op returns the operation of a relocation type.
func (m *machine) op(typ uint32) relOp {
	if uint64(typ) < uint64(len(m.ops)) {
		return m.ops[typ]
	}
	return opUnknown
}

// typeName names a relocation type with its number.
func (m *machine) typeName(typ uint32) string {
	name := m.name(typ)
	if strings.ContainsAny(name, "+(") || name == strconv.Itoa(int(typ)) {
		return fmt.Sprintf("type %d", typ) // debug/elf does not know it
	}
	return fmt.Sprintf("%s (type %d)", name, typ)
}

func nameOf[T interface {
	~int
	fmt.Stringer
}](typ uint32) string {
	return T(int(typ)).String()
}

// machines has an entry for each machine whose debug sections can be
// relocated. Thread-local offsets (DTPOFF, DTPREL, LDO) stand in locations of
// variables; they are S+A like the rest as long as nothing is linked.
var machines = map[elf.Machine]*machine{
	elf.EM_X86_64:      {opsX86_64[:], nameOf[elf.R_X86_64]},
	elf.EM_386:         {ops386[:], nameOf[elf.R_386]},
	elf.EM_AARCH64:     {opsAArch64[:], nameOf[elf.R_AARCH64]},
	elf.EM_ARM:         {opsARM[:], nameOf[elf.R_ARM]},
	elf.EM_RISCV:       {opsRISCV[:], nameOf[elf.R_RISCV]},
	elf.EM_LOONGARCH:   {opsLoong[:], nameOf[elf.R_LARCH]},
	elf.EM_S390:        {ops390[:], nameOf[elf.R_390]},
	elf.EM_PPC:         {opsPPC[:], nameOf[elf.R_PPC]},
	elf.EM_PPC64:       {opsPPC64[:], nameOf[elf.R_PPC64]},
	elf.EM_MIPS:        {opsMIPS[:], nameOf[elf.R_MIPS]},
	elf.EM_SPARC:       {opsSPARC[:], nameOf[elf.R_SPARC]},
	elf.EM_SPARC32PLUS: {opsSPARC[:], nameOf[elf.R_SPARC]},
	elf.EM_SPARCV9:     {opsSPARC[:], nameOf[elf.R_SPARC]},
}

var opsX86_64 = [...]relOp{
	elf.R_X86_64_NONE:     opNone,
	elf.R_X86_64_64:       opAbs64,
	elf.R_X86_64_PC32:     opPC32,
	elf.R_X86_64_32:       opAbs32,
	elf.R_X86_64_32S:      opAbs32,
	elf.R_X86_64_16:       opAbs16,
	elf.R_X86_64_PC16:     opPC16,
	elf.R_X86_64_8:        opAbs8,
	elf.R_X86_64_PC8:      opPC8,
	elf.R_X86_64_DTPOFF64: opAbs64,
	elf.R_X86_64_DTPOFF32: opAbs32,
	elf.R_X86_64_PC64:     opPC64,
}

var ops386 = [...]relOp{
	elf.R_386_NONE:       opNone,
	elf.R_386_32:         opAbs32,
	elf.R_386_PC32:       opPC32,
	elf.R_386_16:         opAbs16,
	elf.R_386_PC16:       opPC16,
	elf.R_386_8:          opAbs8,
	elf.R_386_PC8:        opPC8,
	elf.R_386_TLS_LDO_32: opAbs32,
}

var opsAArch64 = [...]relOp{
	elf.R_AARCH64_NONE:         opNone,
	elf.R_AARCH64_P32_ABS32:    opAbs32,
	elf.R_AARCH64_P32_ABS16:    opAbs16,
	elf.R_AARCH64_P32_PREL32:   opPC32,
	elf.R_AARCH64_P32_PREL16:   opPC16,
	256:                        opNone, // R_AARCH64_NONE of early toolchains
	elf.R_AARCH64_ABS64:        opAbs64,
	elf.R_AARCH64_ABS32:        opAbs32,
	elf.R_AARCH64_ABS16:        opAbs16,
	elf.R_AARCH64_PREL64:       opPC64,
	elf.R_AARCH64_PREL32:       opPC32,
	elf.R_AARCH64_PREL16:       opPC16,
	elf.R_AARCH64_TLS_DTPREL64: opAbs64,
}

var opsARM = [...]relOp{
	elf.R_ARM_NONE:      opNone,
	elf.R_ARM_ABS32:     opAbs32,
	elf.R_ARM_REL32:     opPC32,
	elf.R_ARM_ABS16:     opAbs16,
	elf.R_ARM_ABS8:      opAbs8,
	elf.R_ARM_TLS_LDO32: opAbs32,
}

// opsRISCV has the pairs too: linker relaxation moves labels, so GCC and
// clang leave every difference of two labels to relocations.
var opsRISCV = [...]relOp{
	elf.R_RISCV_NONE:         opNone,
	elf.R_RISCV_32:           opAbs32,
	elf.R_RISCV_64:           opAbs64,
	elf.R_RISCV_TLS_DTPREL32: opAbs32,
	elf.R_RISCV_TLS_DTPREL64: opAbs64,
	elf.R_RISCV_ADD8:         opAdd8,
	elf.R_RISCV_ADD16:        opAdd16,
	elf.R_RISCV_ADD32:        opAdd32,
	elf.R_RISCV_ADD64:        opAdd64,
	elf.R_RISCV_SUB8:         opSub8,
	elf.R_RISCV_SUB16:        opSub16,
	elf.R_RISCV_SUB32:        opSub32,
	elf.R_RISCV_SUB64:        opSub64,
	elf.R_RISCV_RELAX:        opNone,
	elf.R_RISCV_SUB6:         opSub6,
	elf.R_RISCV_SET6:         opSet6,
	elf.R_RISCV_SET8:         opAbs8,
	elf.R_RISCV_SET16:        opAbs16,
	elf.R_RISCV_SET32:        opAbs32,
	elf.R_RISCV_32_PCREL:     opPC32,
	60:                       opSetULEB, // R_RISCV_SET_ULEB128
	61:                       opSubULEB, // R_RISCV_SUB_ULEB128
}

var opsLoong = [...]relOp{
	elf.R_LARCH_NONE:         opNone,
	elf.R_LARCH_32:           opAbs32,
	elf.R_LARCH_64:           opAbs64,
	elf.R_LARCH_TLS_DTPREL32: opAbs32,
	elf.R_LARCH_TLS_DTPREL64: opAbs64,
	elf.R_LARCH_ADD8:         opAdd8,
	elf.R_LARCH_ADD16:        opAdd16,
	elf.R_LARCH_ADD24:        opAdd24,
	elf.R_LARCH_ADD32:        opAdd32,
	elf.R_LARCH_ADD64:        opAdd64,
	elf.R_LARCH_SUB8:         opSub8,
	elf.R_LARCH_SUB16:        opSub16,
	elf.R_LARCH_SUB24:        opSub24,
	elf.R_LARCH_SUB32:        opSub32,
	elf.R_LARCH_SUB64:        opSub64,
	elf.R_LARCH_32_PCREL:     opPC32,
	elf.R_LARCH_RELAX:        opNone,
	elf.R_LARCH_ADD6:         opAdd6,
	elf.R_LARCH_SUB6:         opSub6,
	elf.R_LARCH_ADD_ULEB128:  opAddULEB,
	elf.R_LARCH_SUB_ULEB128:  opSubULEB,
	elf.R_LARCH_64_PCREL:     opPC64,
}

var ops390 = [...]relOp{
	elf.R_390_NONE:      opNone,
	elf.R_390_8:         opAbs8,
	elf.R_390_16:        opAbs16,
	elf.R_390_32:        opAbs32,
	elf.R_390_PC32:      opPC32,
	elf.R_390_PC16:      opPC16,
	elf.R_390_64:        opAbs64,
	elf.R_390_PC64:      opPC64,
	elf.R_390_TLS_LDO32: opAbs32,
	elf.R_390_TLS_LDO64: opAbs64,
}

var opsPPC = [...]relOp{
	elf.R_PPC_NONE:     opNone,
	elf.R_PPC_ADDR32:   opAbs32,
	elf.R_PPC_ADDR16:   opAbs16,
	elf.R_PPC_UADDR32:  opAbs32,
	elf.R_PPC_UADDR16:  opAbs16,
	elf.R_PPC_REL32:    opPC32,
	elf.R_PPC_DTPREL32: opAbs32,
}

var opsPPC64 = [...]relOp{
	elf.R_PPC64_NONE:     opNone,
	elf.R_PPC64_ADDR32:   opAbs32,
	elf.R_PPC64_ADDR16:   opAbs16,
	elf.R_PPC64_UADDR32:  opAbs32,
	elf.R_PPC64_UADDR16:  opAbs16,
	elf.R_PPC64_REL32:    opPC32,
	elf.R_PPC64_ADDR64:   opAbs64,
	elf.R_PPC64_UADDR64:  opAbs64,
	elf.R_PPC64_REL64:    opPC64,
	elf.R_PPC64_DTPREL64: opAbs64,
}

var opsMIPS = [...]relOp{
	elf.R_MIPS_NONE:         opNone,
	elf.R_MIPS_32:           opAbs32,
	elf.R_MIPS_64:           opAbs64,
	elf.R_MIPS_TLS_DTPREL32: opAbs32,
	elf.R_MIPS_TLS_DTPREL64: opAbs64,
	elf.R_MIPS_PC32:         opPC32,
}

var opsSPARC = [...]relOp{
	elf.R_SPARC_NONE:   opNone,
	elf.R_SPARC_8:      opAbs8,
	elf.R_SPARC_16:     opAbs16,
	elf.R_SPARC_32:     opAbs32,
	elf.R_SPARC_DISP32: opPC32,
	elf.R_SPARC_UA32:   opAbs32,
	elf.R_SPARC_64:     opAbs64,
	elf.R_SPARC_DISP64: opPC64,
	elf.R_SPARC_UA64:   opAbs64,
	elf.R_SPARC_UA16:   opAbs16,
	78:                 opAbs32, // R_SPARC_TLS_DTPOFF32
	79:                 opAbs64, // R_SPARC_TLS_DTPOFF64
}
