/* SPDX-License-Identifier: BSD-2-Clause */
/* A unit that says it is Rust's, with what makes Rust's units trouble: names that are not
 * identifiers, members out of order and at one offset, generic names, mangled functions.
 */
#include <tk/handmade.h>
	die S_UNIT
	.asciz "clang LLVM (rustc by hand)"
	.byte 0x1c /* DW_LANG_Rust */
	.asciz "unit.rs"
	.quad .Ltext
	.quad .Ltext_end - .Ltext
.Lu8:
	die S_BASE
	.asciz "u8"
	.byte 1, 7
.Lunit_type:
	die S_BASE
	.asciz "()"
	.byte 0, 7
.Lu32:
	die S_BASE
	.asciz "u32"
	.byte 4, 7
.Loption:
	die S_STRUCT
	.asciz "Option<&mut [u8]>"
	.byte 16
	die S_MEMBER
	.asciz "__1"
	ref .Lu32
	.byte 8
	die S_MEMBER
	.asciz "__0"
	ref .Lpointer
	.byte 0
	die S_MEMBER
	.asciz "{tag}"
	ref .Lu8
	.byte 0
	.byte 0
.Lpointer:
	die S_POINTER
	ref .Loption
	die S_FUNC
	.asciz "_RNvCs4rust_4unit5probe"
	ref .Lunit_type
	.quad _RNvCs4rust_4unit5probe, FUNC_SIZE
	die S_PARAM_AT
	.asciz "self"
	ref .Lpointer
	in_reg 5
	.byte 0
	die S_VAR
	.asciz "CALLS"
	ref .Lu32
	.byte 9, 3
	.quad CALLS
	.byte 0
.Lunit_end:

	.text
.Ltext:
	function _RNvCs4rust_4unit5probe
.Ltext_end:
	.section .data..percpu, "aw", @progbits
	.globl CALLS
	.type CALLS, @object
	.size CALLS, 4
CALLS:
	.long 0
	.section .note.GNU-stack, "", @progbits
