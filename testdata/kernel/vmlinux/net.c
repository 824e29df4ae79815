/* SPDX-License-Identifier: BSD-2-Clause */
#include <tk/net.h>
#include <tk/task.h>

enum big_flags net_flags = BIG_HIGH;
enum verdict net_verdict;

int packet_send(struct packet *p)
{
	if (!p->cloned)
		net_flags |= BIG_LOW;
	p->owner->backlog = p;
	return task_wake(p->owner);
}

int packet_walk(struct packet *p, packet_fn fn, void *arg)
{
	int ret = 0;

	for (; p && !ret; p = (struct packet *)p->list.next)
		ret = fn(p, arg);
	return ret;
}
