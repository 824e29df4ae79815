/* SPDX-License-Identifier: BSD-2-Clause */
/* One type written twice by one unit: arrays of length 0 between members, structs local to
 * two functions, pointers and arrays that reach them. One of each must be left, and the
 * struct packet of the base with its two u8[0] must be the base's.
 */
#include <tk/net.h>
#include <tk/task.h>

struct dup_gap {
	u8 begin[0];
	int a;
	u8 middle[0];
	int b;
	u8 end[0];
};

/* Two different arrays of one length: never the same type. */
struct dup_pair {
	u32 a[4];
	s32 b[4];
	struct dup_gap *gap[4];
};

int dup_one(struct packet *p)
{
	struct dup_local {
		struct packet *p[3];
		u32 sum[4];
	} x = { { p } };

	asm volatile("" : : "r"(&x));
	return x.sum[p->kind & 3];
}

int dup_two(struct packet *p, struct dup_pair *pair)
{
	struct dup_local {
		struct packet *p[3];
		u32 sum[4];
	} x = { { 0, p } };

	asm volatile("" : : "r"(&x));
	return x.sum[p->kind & 3] + pair->b[0] + pair->gap[0]->a;
}

/* The same name, another shape: stays beside the first. */
int dup_three(struct packet *p)
{
	struct dup_local {
		s32 sum[4];
	} x = { { p->len } };

	asm volatile("" : : "r"(&x));
	return x.sum[p->kind & 3];
}
