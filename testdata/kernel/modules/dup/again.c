/* SPDX-License-Identifier: BSD-2-Clause */
/* Another unit with the types of dup.c. */
#include <tk/net.h>

struct dup_gap {
	u8 begin[0];
	int a;
	u8 middle[0];
	int b;
	u8 end[0];
};

struct dup_pair {
	u32 a[4];
	s32 b[4];
	struct dup_gap *gap[4];
};

int dup_again(struct dup_pair *p)
{
	return p->gap[1]->b;
}
