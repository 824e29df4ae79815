/* SPDX-License-Identifier: BSD-2-Clause */
/* Types with names that the base or the other unit of the module uses for something else. */
#include <tk/types.h>

/* Not the base's struct task. */
struct task {
	int not_that_task;
};

/* The base's enum mode has another value for MODE_ON. */
enum mode {
	MODE_OFF,
	MODE_ON = 2,
};

/* Of the two in the base this is the second. */
struct conflict {
	long a;
};

/* Two of one name in this module. */
struct conflict_own {
	int x;
};

/* Declared only; complete in two shapes in b.c and c.c: it stays a FWD. */
struct conflict_twice;

/* Declared as a union here, complete as a struct in b.c: they are two things. */
union conflict_tag;

struct conflict_refs {
	struct task *t;
	enum mode m;
	struct conflict *c;
	struct conflict_own *o;
	struct conflict_twice *twice;
	union conflict_tag *tag;
};

/* A typedef of the base's name for another type. */
typedef long addr4_t;

int conflict_a(struct conflict_refs *r, addr4_t a)
{
	return r->t->not_that_task + r->m + r->c->a + r->o->x + a;
}

/* A FUNC of the base's name with another prototype. */
long device_del(struct conflict_own *o)
{
	return o->x;
}
