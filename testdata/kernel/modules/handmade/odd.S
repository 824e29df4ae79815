/* SPDX-License-Identifier: BSD-2-Clause */
/* DWARF that GCC 12 and clang 14 do not write, or not on request. */
#include <tk/handmade.h>
	die S_UNIT
	.asciz "by hand"
	.byte 0x0c /* DW_LANG_C99 */
	.asciz "odd.S"
	.quad .Ltext
	.quad .Ltext_end - .Ltext

.Lint:
	die S_BASE
	.asciz "int"
	.byte 4, 5 /* DW_ATE_signed */
.Llong:
	die S_BASE
	.asciz "long int"
	.byte 8, 5

	/* Sizes that an INT cannot have: sanitizers and _BitInt make such. */
.Lint3:
	die S_BASE
	.asciz "odd_int24"
	.byte 3, 7
.Lint64:
	die S_BASE
	.asciz "odd_int512"
	.byte 64, 7
.Lint0:
	die S_BASE
	.asciz "odd_int0"
	.byte 0, 7
	/* An encoding of DWARF 5 that BTF has no word for: UTF. */
.Lutf:
	die S_BASE
	.asciz "odd_char32"
	.byte 4, 0x10

	/* typedef odd_cycle (*odd_cycle)(void): a cycle without a struct in it, which C cannot
	 * say and Go can.
	 */
.Lcycle:
	die S_TYPEDEF
	.asciz "odd_cycle"
	ref .Lcycle_pointer
.Lcycle_pointer:
	die S_POINTER
	ref .Lcycle_fn
.Lcycle_fn:
	die S_SUBROUTINE
	ref .Lcycle

	/* Members not in the order of their offsets, two at one offset. */
.Lunordered:
	die S_STRUCT
	.asciz "odd_unordered"
	.byte 16
	die S_MEMBER
	.asciz "last"
	ref .Lint
	.byte 12
	die S_MEMBER
	.asciz "first"
	ref .Lint
	.byte 0
	die S_MEMBER
	.asciz "middle"
	ref .Lint
	.byte 8
	die S_MEMBER
	.asciz "also_first"
	ref .Lint
	.byte 0
	.byte 0

	/* Bit-fields by DW_AT_bit_offset, which counts from the top bit of the storage unit. */
.Lbits:
	die S_STRUCT
	.asciz "odd_bits"
	.byte 8
	die S_BITS
	.asciz "low3"
	ref .Lint
	.byte 0, 4, 3, 29
	die S_BITS
	.asciz "next7"
	ref .Lint
	.byte 0, 4, 7, 22
	die S_BITS
	.asciz "top1"
	ref .Lint
	.byte 4, 4, 1, 0
	.byte 0

	/* An array whose DIE has DW_AT_count in place of an upper bound. */
.Larray:
	die S_ARRAY
	ref .Llong
	die S_COUNT
	.byte 9
	.byte 0
.Lholder:
	die S_STRUCT
	.asciz "odd_holder"
	.byte 80
	die S_MEMBER
	.asciz "nine"
	ref .Larray
	.byte 0
	die S_MEMBER
	.asciz "unordered"
	ref .Lpointer
	.byte 72
	.byte 0
.Lpointer:
	die S_POINTER
	ref .Lunordered
.Lbits_pointer:
	die S_POINTER
	ref .Lbits
.Lodd_struct:
	die S_STRUCT
	.asciz "odd_sizes"
	.byte 80
	die S_MEMBER
	.asciz "a"
	ref .Lint3
	.byte 0
	die S_MEMBER
	.asciz "b"
	ref .Lint64
	.byte 4
	die S_MEMBER
	.asciz "c"
	ref .Lutf
	.byte 68
	.byte 0
.Lnothing:
	die S_UNSPEC
	.asciz "decltype(nullptr)"

	/* The concrete function lists its parameters in another order than the abstract one. */
.Lreordered:
	die S_ABSTRACT
	.asciz "odd_reordered"
	ref .Lint
	.byte 1
.Lreordered_a:
	die S_PARAM
	.asciz "a"
	ref .Lint
.Lreordered_p:
	die S_PARAM
	.asciz "p"
	ref .Lpointer
	.byte 0
	die S_CONCRETE
	ref .Lreordered
	.quad odd_reordered, FUNC_SIZE
	die S_PARAM_OF
	ref .Lreordered_p
	in_reg 5
	die S_PARAM_OF
	ref .Lreordered_a
	in_reg 4
	.byte 0

	/* The return type is on the abstract function only, the order is the same. */
.Lordered:
	die S_ABSTRACT
	.asciz "odd_ordered"
	ref .Lbits_pointer
	.byte 1
.Lordered_a:
	die S_PARAM
	.asciz "a"
	ref .Lint
.Lordered_p:
	die S_PARAM
	.asciz "p"
	ref .Lpointer
	.byte 0
	die S_CONCRETE
	ref .Lordered
	.quad odd_ordered, FUNC_SIZE
	die S_PARAM_OF
	ref .Lordered_a
	in_reg 5
	die S_PARAM_OF
	ref .Lordered_p
	in_reg 4
	.byte 0

	/* The one parameter is in rcx, where the fourth belongs. */
	die S_FUNC
	.asciz "odd_register"
	ref .Lint
	.quad odd_register, FUNC_SIZE
	die S_PARAM_AT
	.asciz "n"
	ref .Lint
	in_reg 2
	.byte 0

	/* Two parameters, each in the other's register. */
	die S_FUNC
	.asciz "odd_swapped"
	ref .Lint
	.quad odd_swapped, FUNC_SIZE
	die S_PARAM_AT
	.asciz "a"
	ref .Lint
	in_reg 4
	die S_PARAM_AT
	.asciz "b"
	ref .Lint
	in_reg 5
	.byte 0

	/* The place is known as the value that the right register had at the entry. */
	die S_FUNC
	.asciz "odd_entry_value"
	ref .Lint
	.quad odd_entry_value, FUNC_SIZE
	die S_PARAM_AT
	.asciz "n"
	ref .Lint
	was_in_reg 5
	.byte 0

	/* A result of no type that C has: void. */
	die S_FUNC
	.asciz "odd_unspecified"
	ref .Lnothing
	.quad odd_unspecified, FUNC_SIZE
	die S_PARAM_AT
	.asciz "n"
	ref .Lint
	in_reg 5
	.byte 0

	/* In DWARF, not among the symbols. */
	die S_FUNC
	.asciz "odd_no_symbol"
	ref .Lint
	.quad odd_unspecified, FUNC_SIZE
	die S_PARAM_AT
	.asciz "n"
	ref .Lint
	in_reg 5
	.byte 0
	.byte 0
.Lunit_end:

	.text
.Ltext:
	function odd_reordered
	function odd_ordered
	function odd_register
	function odd_swapped
	function odd_entry_value
	function odd_unspecified
.Ltext_end:
	.section .note.GNU-stack, "", @progbits
