/* SPDX-License-Identifier: BSD-2-Clause */
/* DECL_TAG on each thing that can have one, TYPE_TAG chains on pointers. clang only. */
#include <tk/device.h>

#define tag(x) __attribute__((btf_decl_tag(x)))
#define ttag(x) __attribute__((btf_type_tag(x)))
#define __user_ ttag("user")
#define __rcu_ ttag("rcu")

struct tags_node {
	int value tag("counted");
	struct tags_node __rcu_ *next;
	char __user_ *from;
	const int __user_ *cfrom;
	/* Two tags on one pointer: their order is part of the type. */
	int ttag("inner") ttag("outer") *chain;
	int ttag("outer") ttag("inner") *niahc;
	/* A tag on each of two pointers. */
	int ttag("one") * ttag("two") *two;
	/* The types of the base, one with a tag and one without. */
	struct device __rcu_ *dev;
	struct device *plain;
} tag("root");

union tags_union {
	int a tag("first") tag("again");
	long b;
} tag("root");

typedef int tags_int tag("typedef");

int tags_percpu __percpu_data tag("var");

/* Declared with a tag here, and the same tag twice. */
tag("exported") tag("exported")
int tags_get(struct tags_node __rcu_ *n tag("arg"), tags_int unused tag("arg"))
{
	return n->value + tags_percpu;
}

static tag("local") __attribute__((noinline)) int tags_local(union tags_union *u)
{
	asm volatile("");
	return u->a;
}

int tags_put(union tags_union *u, char __user_ *p)
{
	return tags_local(u) + !p;
}
