/* SPDX-License-Identifier: BSD-2-Clause */
#include <tk/device.h>
#include "lto.h"

static int lto_static(struct lto_shared *s)
{
	return s->left ? s->left->value : s->value;
}

int lto_help(struct lto_shared *s, int n)
{
	return lto_static(s) + n;
}

__noinline int lto_kept(struct lto_shared *s, int n)
{
	asm volatile("");
	return lto_static(s) * n;
}
