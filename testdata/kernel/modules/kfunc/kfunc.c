/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions that BPF programs may call: .BTF_ids has a set8 with the flag that says so, each
 * FUNC in it gets the DECL_TAG bpf_kfunc, one with the flag 1<<12 also bpf_fastcall.
 */
#include <tk/device.h>
#include <tk/task.h>
#include <tk/btf_ids.h>

#define KF_ACQUIRE 0x1
#define KF_RELEASE 0x2
#define KF_FASTCALL 0x1000

struct kfunc_iter {
	struct task *pos;
	u64 opaque[2];
};

__noinline struct task *kfunc_task_get(struct task *task)
{
	asm volatile("");
	return task->parent;
}

__noinline void kfunc_task_put(struct task *task)
{
	asm volatile("" : : "r"(task));
}

__noinline u32 kfunc_cpu(void)
{
	asm volatile("");
	return 0;
}

/* In a set8 without the flag: no tag. */
__noinline int kfunc_hook(struct device *dev)
{
	asm volatile("" : : "r"(dev));
	return 0;
}

/* In no set. */
int kfunc_other(struct kfunc_iter *it)
{
	return kfunc_hook(0) + (it->pos != 0);
}

/* The same name and prototype as vmlinux has a FUNC of, and in a set: the FUNC is the base's,
 * the tag is the module's own and points into the base.
 */
__noinline int task_wake(struct task *t)
{
	asm volatile("" : : "r"(t));
	return 1;
}

asm(SET8_BEGIN(kfunc_set, BTF_SET8_IS_KFUNCS)
    SET8_FUNC(kfunc_task_get, 1, KF_ACQUIRE)
    SET8_FUNC(kfunc_task_put, 2, KF_RELEASE)
    SET8_FUNC(kfunc_cpu, 3, KF_FASTCALL)
    SET8_FUNC(task_wake, 4, 0)
    SET8_FUNC(kfunc_not_there, 5, 0)
    SET8_END(kfunc_set)
    SET8_BEGIN(kfunc_hooks, 0)
    SET8_FUNC(kfunc_hook, 6, 0)
    SET8_END(kfunc_hooks)
    ID_ONE(struct, task, 7)
    ID_ONE(struct, kfunc_iter, 8)
    ID_ONE(func, kfunc_other, 9));
