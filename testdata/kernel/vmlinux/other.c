/* SPDX-License-Identifier: BSD-2-Clause */
#include <tk/net.h>

struct conflict {
	long a;
};

struct conflict other_conflict;

enum mode {
	MODE_OFF,
	MODE_ON,
};

enum mode other_mode;

/* One array twice; the module identity has another array of that length in b. */
struct mix {
	u32 a[4];
	u32 b[4];
};

struct mix other_mix;

/* The same array and the same struct twice in one unit: one type each. */
int other_twice(int i)
{
	struct local {
		int v[7];
		struct link *l;
	} x = { { i } };

	{
		struct local {
			int v[7];
			struct link *l;
		} y = { { x.v[i & 3] } };

		asm volatile("" : : "r"(&y));
		return y.v[0];
	}
}

addr16_t other_addr(addr4_t a)
{
	addr16_t r = { .lo = a };

	return r;
}
