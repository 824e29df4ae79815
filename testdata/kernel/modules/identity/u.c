/* SPDX-License-Identifier: BSD-2-Clause */
/* Two arrays of one length are two types, also where only the comparison "is it the same
 * type written twice?" sees them: the first struct has one array twice, the other (in s.c)
 * two that differ. vmlinux has struct mix in this first shape.
 */
#include <tk/types.h>

struct identity_mix {
	u32 a[4];
	u32 b[4];
};

struct identity_deep {
	u32 (*a)[4];
	u32 (*b)[4];
};

struct mix {
	u32 a[4];
	s32 b[4];
};

int identity_u(struct identity_mix *m, struct identity_deep *d, struct mix *x)
{
	return m->b[1] + (*d->b)[1] + x->b[1];
}
