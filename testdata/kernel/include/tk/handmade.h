/* SPDX-License-Identifier: BSD-2-Clause */
/* For units whose DWARF 5 is written by hand. One abbreviation per shape of DIE; a DIE is
 * "die SHAPE" and then its attributes' values in the order given here.
 */
#define S_UNIT 1       /* str language8 str addr data8(size) */
#define S_BASE 2       /* str size8 encoding8 */
#define S_TYPEDEF 3    /* str ref */
#define S_SUBROUTINE 4 /* ref, no children */
#define S_STRUCT 5     /* str size8, children */
#define S_MEMBER 6     /* str ref offset8 */
#define S_BITS 7       /* str ref offset8 byte_size8 bit_size8 bit_offset8 (from the top bit) */
#define S_ABSTRACT 8   /* str ref inline8, children */
#define S_PARAM 9      /* str ref */
#define S_CONCRETE 10  /* ref addr data8, children */
#define S_PARAM_OF 11  /* ref exprloc */
#define S_FUNC 12      /* str ref addr data8, children */
#define S_PARAM_AT 13  /* str ref exprloc */
#define S_POINTER 14   /* ref */
#define S_ARRAY 15     /* ref, children */
#define S_COUNT 16     /* count8 */
#define S_UNSPEC 17    /* str */
#define S_VAR 18       /* str ref exprloc */

	.macro ref label
	.long \label - .Lunit
	.endm

	.macro die shape:vararg
	.uleb128 \shape
	.endm

	/* What lies where: a register, or the value that one had at the entry. */
	.macro in_reg n
	.byte 1, 0x50 + \n
	.endm

	.macro was_in_reg n
	.byte 4, 0xa3, 1, 0x50 + \n, 0x9f
	.endm

	.macro function name
	.globl \name
	.type \name, @function
\name:
	lea 1(%rdi), %rax
	ret
	.size \name, 5
	.endm
#define FUNC_SIZE 5

	.macro abbrev code, tag, children, attrs:vararg
	.uleb128 \code, \tag
	.byte \children
	.uleb128 \attrs, 0, 0
	.endm

	.section .debug_abbrev, "", @progbits
.Labbrev:
	/* Attributes: name 3, byte_size b, bit_offset c, bit_size d, language 13, low_pc 11,
	 * high_pc 12, inline 20, producer 25, prototyped 27, abstract_origin 31, count 37,
	 * data_member_location 38, encoding 3e, external 3f, location 2, type 49.
	 * Forms: addr 1, data8 7, string 8, data1 b, ref4 13, exprloc 18, flag_present 19.
	 */
	abbrev S_UNIT, 0x11, 1, 0x25, 8, 0x13, 0xb, 0x03, 8, 0x11, 1, 0x12, 7
	abbrev S_BASE, 0x24, 0, 0x03, 8, 0x0b, 0xb, 0x3e, 0xb
	abbrev S_TYPEDEF, 0x16, 0, 0x03, 8, 0x49, 0x13
	abbrev S_SUBROUTINE, 0x15, 0, 0x27, 0x19, 0x49, 0x13
	abbrev S_STRUCT, 0x13, 1, 0x03, 8, 0x0b, 0xb
	abbrev S_MEMBER, 0x0d, 0, 0x03, 8, 0x49, 0x13, 0x38, 0xb
	abbrev S_BITS, 0x0d, 0, 0x03, 8, 0x49, 0x13, 0x38, 0xb, 0x0b, 0xb, 0x0d, 0xb, 0x0c, 0xb
	abbrev S_ABSTRACT, 0x2e, 1, 0x3f, 0x19, 0x03, 8, 0x27, 0x19, 0x49, 0x13, 0x20, 0xb
	abbrev S_PARAM, 0x05, 0, 0x03, 8, 0x49, 0x13
	abbrev S_CONCRETE, 0x2e, 1, 0x31, 0x13, 0x11, 1, 0x12, 7
	abbrev S_PARAM_OF, 0x05, 0, 0x31, 0x13, 0x02, 0x18
	abbrev S_FUNC, 0x2e, 1, 0x3f, 0x19, 0x03, 8, 0x27, 0x19, 0x49, 0x13, 0x11, 1, 0x12, 7
	abbrev S_PARAM_AT, 0x05, 0, 0x03, 8, 0x49, 0x13, 0x02, 0x18
	abbrev S_POINTER, 0x0f, 0, 0x49, 0x13
	abbrev S_ARRAY, 0x01, 1, 0x49, 0x13
	abbrev S_COUNT, 0x21, 0, 0x37, 0xb
	abbrev S_UNSPEC, 0x3b, 0, 0x03, 8
	abbrev S_VAR, 0x34, 0, 0x03, 8, 0x49, 0x13, 0x3f, 0x19, 0x02, 0x18
	.uleb128 0

	.section .debug_info, "", @progbits
.Lunit:
	.long .Lunit_end - .Lunit - 4
	.short 5
	.byte 1, 8
	.long .Labbrev
