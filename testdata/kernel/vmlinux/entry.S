/* SPDX-License-Identifier: BSD-2-Clause */
/* An assembler's unit: functions with DW_TAG_unspecified_type, no types. */
	.text
	.globl entry
	.type entry, @function
entry:
	call setup
1:	hlt
	jmp 1b
	.size entry, . - entry
	.section .note.GNU-stack, "", @progbits
