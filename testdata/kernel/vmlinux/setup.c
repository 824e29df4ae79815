/* SPDX-License-Identifier: BSD-2-Clause */
#include <tk/task.h>
#include <tk/device.h>

/* The strong definition; vmlinux/task.c has the weak one, with another parameter name. */
int task_setup(struct task *t)
{
	return t->nice;
}

static struct task init_task = { .comm = "init" };

/* Two types of one name that differ, in the base itself: nothing may be resolved to either
 * by its name alone. The other is in vmlinux/other.c.
 */
struct conflict {
	int a;
	int b;
};

struct conflict setup_conflict;

int setup(void)
{
	setup_conflict.a = task_setup(&init_task);
	return task_wake(&init_task);
}
