/* SPDX-License-Identifier: BSD-2-Clause */
/* An assembler's unit: its functions have no types, and must not shift those of the C unit.
 * asm_copy is declared in C too; asm_only is known here only.
 */
	.text
	.globl asm_copy
	.type asm_copy, @function
asm_copy:
	mov %rsi, %rax
	mov %rax, (%rdi)
	ret
	.size asm_copy, . - asm_copy

	.globl asm_only
	.type asm_only, @function
asm_only:
	ret
	.size asm_only, . - asm_only
	.section .note.GNU-stack, "", @progbits
