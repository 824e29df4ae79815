/* SPDX-License-Identifier: BSD-2-Clause */
struct conflict_own {
	long x, y;
};

struct conflict_twice {
	char a;
};

struct conflict_tag {
	int really;
};

/* An enum declared by its name only (GCC), complete in c.c. */
enum conflict_enum;

long conflict_b(struct conflict_own *o, struct conflict_twice *t, struct conflict_tag *u,
		enum conflict_enum *e)
{
	return o->x + t->a + u->really + (e != 0);
}
