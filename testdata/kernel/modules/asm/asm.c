/* SPDX-License-Identifier: BSD-2-Clause */
#include <tk/types.h>

struct asm_block {
	u64 w[2];
	struct link l;
};

u64 asm_copy(u64 *to, u64 from);

int asm_use(struct asm_block *b)
{
	return asm_copy(&b->w[0], b->w[1]) != 0;
}
