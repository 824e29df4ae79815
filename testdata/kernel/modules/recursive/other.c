/* SPDX-License-Identifier: BSD-2-Clause */
/* The cycle of recursive.c entered from its other end, the first struct declared only
 * until the second is complete.
 */
struct rec_a;
struct device;

struct rec_b {
	struct rec_a *a;
	int (*fn)(struct rec_a *, struct rec_b *);
	union {
		struct rec_b *b;
		struct device *dev;
	};
};

struct rec_self;

int rec_other(struct rec_b *b, struct rec_self *s)
{
	return b->fn(b->a, b->b) + (s != 0);
}
