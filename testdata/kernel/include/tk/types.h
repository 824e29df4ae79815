/* SPDX-License-Identifier: BSD-2-Clause */
/* The names every unit shares: what vmlinux has, a module must not have again. */
#ifndef TK_TYPES_H
#define TK_TYPES_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef int s32;
typedef long long s64;
typedef unsigned long ulong_t;
typedef _Bool flag_t;

struct link {
	struct link *next, *prev;
};

struct ref {
	int count;
};

#define __percpu_data __attribute__((section(".data..percpu")))
#define __noinline __attribute__((noinline, noclone))
#define __weak __attribute__((weak))

/* A static inline with a body big enough that a module keeps its own copy of it when it
 * takes its address; its FUNC is the same as the one of vmlinux.
 */
static inline int ref_get(struct ref *r)
{
	return ++r->count;
}

#endif
