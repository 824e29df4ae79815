/* SPDX-License-Identifier: BSD-2-Clause */
/* kfuncs whose pointers lead into an arena, which are another address space to programs. */
#include <tk/types.h>
#include <tk/args.h>
#include <tk/btf_ids.h>

#define KF_ARENA_RET 0x2000
#define KF_ARENA_ARG1 0x4000
#define KF_ARENA_ARG2 0x8000

struct arena_node {
	struct arena_node *next;
};

__noinline void *arena_alloc(void *map, u32 pages)
{
	asm volatile("");
	return map;
}

__noinline void arena_free(void *map, void *ptr, u32 pages)
{
	asm volatile("");
}

__noinline struct arena_node *arena_both(struct arena_node *a, const struct arena_node *b)
{
	asm volatile("");
	return a;
}

/* The same type and no flag: a plain pointer. */
__noinline struct arena_node *arena_plain(struct arena_node *a, void *b)
{
	asm volatile("");
	return a;
}

/* In no set: the flags are not looked at. */
__noinline void *arena_hook(void *a)
{
	asm volatile("");
	return a;
}

asm(SET8_BEGIN(arena_set, BTF_SET8_IS_KFUNCS)
    SET8_FUNC(arena_alloc, 1, KF_ARENA_RET)
    SET8_FUNC(arena_free, 2, KF_ARENA_ARG2)
    SET8_FUNC(arena_both, 3, KF_ARENA_RET | KF_ARENA_ARG1 | KF_ARENA_ARG2)
    SET8_FUNC(arena_plain, 4, 0)
    SET8_END(arena_set)
    SET8_BEGIN(arena_hooks, 0)
    SET8_FUNC(arena_hook, 5, KF_ARENA_RET)
    SET8_END(arena_hooks));
