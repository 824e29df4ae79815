/* SPDX-License-Identifier: BSD-2-Clause */
#include <tk/task.h>
#include <tk/args.h>

struct task *current_task __percpu_data;
u64 task_switches __percpu_data;
static int task_depth __percpu_data;

struct task *task_current(void)
{
	return current_task;
}

int task_wake(struct task *t)
{
	int ret = t->wake(t, current_task);

	task_switches++;
	if (task_depth++ > 3)
		ret = -1;
	return ret;
}

__weak int task_setup(struct task *task)
{
	return task->prio;
}

int log_line(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = va_arg(ap, int) + fmt[0];
	va_end(ap);
	return n;
}

struct load {
	float now;
	double mean;
	long double sum;
	__int128 ticks;
} task_load;

/* Declared only, here and in the whole of vmlinux; the module fwdbase completes it. */
union quota;
union quota *task_quota(struct task *t)
{
	return (union quota *)t->backlog;
}
