/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions whose signature clang changes at -O2. clang 14 does so without a word: the Makefile
 * puts the mark of clang 22 (DW_CC_nocall) on every prototype.
 */
#include <tk/types.h>
#include <tk/args.h>

struct sig_pair {
	long a, b;
};

struct sig_mixed {
	int low, high;
	int *ptr;
};

struct sig_big {
	long a, b, c;
};

long sig_sink(long a), sig_sink2(long a, long b);
void sig_use(void *p);

/* A parameter that nothing reads is not passed, wherever it stands. */
static __noinline long sig_gone_first(int a, long b)
{
	return sig_sink(b);
}

static __noinline long sig_gone_middle(long a, int b, long c)
{
	return sig_sink2(a, c);
}

static __noinline long sig_gone_last(long *a, int b)
{
	return sig_sink(*a);
}

static __noinline long sig_gone_all(int a)
{
	return sig_sink(1);
}

/* Always called with one value. */
static __noinline long sig_const(int k, long b)
{
	return sig_sink2(k, b);
}

/* One member of a struct is passed in its place. */
static __noinline long sig_first_member(struct sig_pair p, long n)
{
	return sig_sink2(p.a, n);
}

static __noinline long sig_second_member(struct sig_pair p, long n)
{
	return sig_sink2(p.b, n);
}

static __noinline long sig_const_struct(const struct sig_mixed m, long n)
{
	return sig_sink2(*m.ptr, n);
}

/* Both registers of a struct are passed, or a part of one. */
static __noinline long sig_both_members(struct sig_pair p, long n)
{
	return sig_sink2(p.b + p.a, n);
}

static __noinline long sig_half_register(struct sig_mixed m, long n)
{
	return sig_sink2(m.high, n);
}

/* A struct in memory takes no register. */
static __noinline long sig_memory(struct sig_big b, long n, int unused)
{
	return sig_sink2(b.c, n);
}

static __noinline long sig_many(long a, long b, struct sig_pair p, struct sig_pair q, long c, struct sig_pair r)
{
	return sig_sink2(sig_sink2(a, b) + p.a + q.b, c + r.a);
}

static __noinline long sig_varargs(int a, ...)
{
	return sig_sink(a);
}

long sig_all(long a, long b, struct sig_pair p, struct sig_mixed m, struct sig_big g)
{
	long r = sig_gone_first(1, a) + sig_gone_first(2, b) + sig_gone_middle(a, 5, b) + sig_gone_last(&a, 2) + sig_gone_all(5);

	r += sig_const(7, a) + sig_const(7, b);
	r += sig_first_member(p, a) + sig_second_member(p, b) + sig_const_struct(m, r);
	r += sig_both_members(p, r) + sig_half_register(m, r);
	r += sig_memory(g, b, 2) + sig_many(a, b, p, p, r, p) + sig_varargs(r, 2);
	return r;
}
