/* SPDX-License-Identifier: BSD-2-Clause */
/* Which functions BTF can describe. Each comment gives the case; funcs.want the outcome. */
#include <tk/types.h>
#include <tk/args.h>
#include "funcs.h"

int funcs_sink;

/* First in .text: the functions under test are not at offset 0. */
__attribute__((no_reorder)) void funcs_first(void)
{
}

/* IPA-SRA passes one member in place of the pointer: symbol funcs_isra.isra.0, and n is still
 * in its register, b is gone.
 */
static __attribute__((noinline)) int funcs_isra(struct funcs_big *b, int n)
{
	return funcs_ext(b->a) + n;
}

/* The same for a struct by value, of which one member is used. */
static __attribute__((noinline)) int funcs_isra_value(struct funcs_big b, int n)
{
	return funcs_ext(b.c[1]) + n;
}

/* An unused first parameter is removed: the second one is found in the first's register. */
static __attribute__((noinline)) int funcs_shifted(int unused, int n)
{
	return funcs_ext(n) * 3;
}

/* An unused last parameter is removed: the others are where they were. */
static __attribute__((noinline)) int funcs_last_unused(int n, int unused)
{
	return funcs_ext(n) * 5;
}

/* Always called with one value: funcs_const.constprop.0. */
static __attribute__((noinline)) int funcs_const(int n, int always)
{
	int i, s = 0;

	for (i = 0; i < always; i++) {
		s += funcs_ext(n + i);
		asm volatile("");
	}
	return s;
}

/* The test at the top is inlined, the rest becomes funcs_split.part.0. */
static long funcs_split(struct funcs_big *b, int n)
{
	if (n < 0)
		return 0;
	for (int i = 0; i < 20; i++) {
		funcs_ext(b->a + i);
		funcs_ext(b->b - i);
		funcs_ext(b->c[i & 3]);
		funcs_ext(n);
		funcs_ext(i);
	}
	return b->a + b->c[1];
}

/* A cold half: funcs_chilly.cold, which is the same function and no second address. */
int funcs_chilly(struct funcs_big *b)
{
	if (__builtin_expect(b->a == 77, 0)) {
		funcs_die(b);
		funcs_sink = 1;
	}
	return funcs_ext(b->b);
}

/* Static, same name and prototype in both units, at two addresses. */
static __noinline int funcs_twin(int n)
{
	asm volatile("");
	return n + 1;
}

/* Static, same name, other prototypes. */
static __noinline int funcs_cousin(int n)
{
	asm volatile("");
	return n - 1;
}

/* Weak here with other parameter names, strong in more.c. */
__weak int funcs_weak(struct funcs_big *nullable)
{
	return nullable->a;
}

/* Weak and nothing stronger. */
__weak int funcs_weak_only(struct funcs_big *b)
{
	return b->b;
}

/* A parameter without a name (C23, a GCC extension before). */
int funcs_unnamed(int a, int)
{
	return a;
}

/* A parameter that nothing reads: still passed, still where it was. */
int funcs_unused(int a, struct funcs_big *b)
{
	return a;
}

/* Structs by value: in two registers, in memory, over-aligned and packed ones on the stack. */
int funcs_pair(struct funcs_pair p, int n)
{
	return p.a + p.b + n;
}

int funcs_memory(struct funcs_big b, int n)
{
	return b.a + n;
}

int funcs_stack(int a, int b, int c, int d, int e, int f, struct funcs_pair p)
{
	return a + b + c + d + e + f + p.a;
}

int funcs_packed_stack(int a, int b, int c, int d, int e, int f, struct funcs_packed p)
{
	return a + b + c + d + e + f + p.b;
}

int funcs_aligned_stack(int a, int b, int c, int d, int e, int f, struct funcs_aligned p)
{
	return a + b + c + d + e + f + p.a;
}

/* Returned by value: through memory, the first register is taken. */
struct funcs_big funcs_return_big(int n)
{
	struct funcs_big b = { .a = n };

	return b;
}

/* More parameters than registers. */
int funcs_many(int a, int b, int c, int d, int e, int f, int g, long h)
{
	return a + b + c + d + e + f + g + h;
}

int funcs_varargs(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = va_arg(ap, int);
	va_end(ap);
	return n + funcs_va(fmt, ap);
}

/* A name that C does not know and GCC takes. */
int funcs_odd$name(int a)
{
	return a;
}

void funcs_nothing(void)
{
}

_Noreturn void funcs_forever(int n)
{
	for (;;)
		funcs_sink = n;
}

/* One address, two names: only the name of the DIE is one. */
int funcs_target(int n)
{
	return n + 9;
}
int funcs_alias(int n) __attribute__((alias("funcs_target")));

/* Inlined everywhere: no symbol, no FUNC. */
static inline int funcs_inline_only(int n)
{
	return n ^ funcs_sink;
}

/* A parameter that is written before it is read again: its place changes in the function. */
int funcs_moves(int n, int m)
{
	n = funcs_ext(m);
	return funcs_ext(n) + m;
}

/* Parameters of every width in registers. */
int funcs_widths(u8 a, s8 b, u16 c, flag_t d, u64 e, void *f)
{
	return a + b + c + d + (int)e + !f;
}

/* Two statics of one name, each the first of its section: offset 0 twice, not one address. */
static __attribute__((no_reorder, noinline, noclone, section(".init.text"))) int funcs_at_zero(int n)
{
	asm volatile("");
	return n + 4;
}

/* Functions of other sections; each section starts at 0. */
__attribute__((section(".init.text"))) int funcs_init(int a)
{
	return funcs_at_zero(a);
}

__attribute__((section(".exit.text"))) void funcs_exit(struct funcs_pair *p)
{
	funcs_ext(p->a);
}

int funcs_all(struct funcs_big *b, int n)
{
	struct funcs_big l = *b;

	funcs_sink += funcs_isra(b, n) + funcs_isra(&l, n + 2) + funcs_isra_value(l, n) +
		      funcs_isra_value(*b, n + 3) + funcs_shifted(n, n + 1) + funcs_shifted(3, n) +
		      funcs_last_unused(n, 1) + funcs_last_unused(n + 1, 2);
	funcs_sink += funcs_const(n, 11) + funcs_const(n + 4, 11);
	funcs_sink += funcs_split(b, n) + funcs_split(b + 1, n + 1) + funcs_split(b + 2, n + 5) +
		      funcs_split(b + 6, n + 7);
	return funcs_twin(n) + funcs_cousin(n) + funcs_inline_only(n) + funcs_weak(b);
}
