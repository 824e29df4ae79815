/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TK_TASK_H
#define TK_TASK_H

#include <tk/types.h>

struct packet;

struct task {
	struct task *parent;
	struct link children;
	volatile long state;
	const char *const comm;
	int (*wake)(struct task *restrict self, struct task *restrict by);
	unsigned int on_cpu : 1;
	unsigned int prio : 7;
	signed int nice : 6;
	struct packet *backlog;
	u64 times[2][3];
};

struct task *task_current(void);
int task_wake(struct task *t);

#endif
