/* SPDX-License-Identifier: BSD-2-Clause */
/* The second unit: the other half of each case that takes two. */
#include <tk/types.h>
#include <tk/args.h>
#include "funcs.h"

static __noinline int funcs_twin(int n)
{
	asm volatile("");
	return n + 2;
}

static __noinline long funcs_cousin(struct funcs_big *b, int n)
{
	asm volatile("");
	return b->a - n;
}

static __attribute__((noinline, noclone, section(".more.text"))) int funcs_at_zero(int n)
{
	asm volatile("");
	return n + 5;
}

int funcs_weak(struct funcs_big *b)
{
	return b->c[2];
}

/* Prototypes that differ by const and by the parameters' names only are the same. */
int funcs_more(const struct funcs_big *b, struct funcs_pair *p)
{
	return funcs_at_zero(p->b) + funcs_twin(b->a) + funcs_cousin((struct funcs_big *)b, p->a);
}
