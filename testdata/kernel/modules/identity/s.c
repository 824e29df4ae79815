/* SPDX-License-Identifier: BSD-2-Clause */
#include <tk/types.h>

struct identity_mix {
	u32 a[4];
	s32 b[4];
};

struct identity_deep {
	u32 (*a)[4];
	s32 (*b)[4];
};

int identity_s(struct identity_mix *m, struct identity_deep *d)
{
	return m->b[1] + (*d->b)[1];
}
