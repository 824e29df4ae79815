/* SPDX-License-Identifier: BSD-2-Clause */
/* The struct of tags.c again with a tag more on a member: one STRUCT, the union of the tags. */
#define tag(x) __attribute__((btf_decl_tag(x)))
#define ttag(x) __attribute__((btf_type_tag(x)))
#include <tk/types.h>

union tags_union {
	int a tag("first") tag("more");
	long b;
} tag("root");

long tags_more(union tags_union *u)
{
	return u->b;
}
