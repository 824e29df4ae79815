/* SPDX-License-Identifier: BSD-2-Clause */
struct conflict_twice {
	int a, b;
};

enum conflict_enum {
	CONFLICT_ONE = 1,
	CONFLICT_BIG = 1LL << 33,
};

int conflict_c(struct conflict_twice *t, enum conflict_enum e)
{
	return t->b + (e == CONFLICT_BIG);
}
