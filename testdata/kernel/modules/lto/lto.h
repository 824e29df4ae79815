/* SPDX-License-Identifier: BSD-2-Clause */
struct lto_shared {
	struct lto_shared *left;
	int value;
	enum { LTO_A, LTO_B } mode;
};

int lto_help(struct lto_shared *s, int n);
int lto_kept(struct lto_shared *s, int n);
