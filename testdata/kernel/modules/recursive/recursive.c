/* SPDX-License-Identifier: BSD-2-Clause */
/* Cycles: through itself, through each other, through pointers to functions and typedefs. */
#include <tk/device.h>

struct rec_self {
	struct rec_self *next;
	struct rec_self **slots[4];
};

struct rec_b;

struct rec_a {
	struct rec_b *b;
	const struct rec_a *a;
};

struct rec_b {
	struct rec_a *a;
	int (*fn)(struct rec_a *, struct rec_b *);
	union {
		struct rec_b *b;
		struct device *dev;
	};
};

/* The cycle goes through a typedef and a prototype. */
typedef struct rec_walk *(*rec_step)(struct rec_walk *w, int depth);

struct rec_walk {
	rec_step step;
	rec_step steps[3];
};

int rec_use(struct rec_self *s, struct rec_a *a, struct rec_walk *w)
{
	return s->next == *s->slots[0] && a->b->a == a && w->step(w, 1) == w;
}
