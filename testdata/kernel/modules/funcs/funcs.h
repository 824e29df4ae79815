/* SPDX-License-Identifier: BSD-2-Clause */
struct funcs_big {
	long a, b;
	long c[4];
};

struct funcs_pair {
	long a, b;
};

struct funcs_packed {
	char a;
	long b;
} __attribute__((packed));

struct funcs_aligned {
	int a;
} __attribute__((aligned(32)));

int funcs_ext(int n);
int funcs_va(const char *fmt, va_list ap);
void funcs_die(struct funcs_big *b) __attribute__((cold));
int funcs_weak(struct funcs_big *b);
