/* SPDX-License-Identifier: BSD-2-Clause */
/* A static inline of a shared header kept out of line: FUNC and FUNC_PROTO are the base's.
 * The second unit of the module completes what the first only declares.
 */
#include <tk/device.h>
#include <tk/task.h>

int (*const split_ref_get)(struct ref *) = ref_get;

int split_wake(struct task *t)
{
	return task_wake(t);
}
