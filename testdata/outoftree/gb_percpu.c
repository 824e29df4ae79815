// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include <linux/module.h>
#include <linux/percpu.h>
struct gb_counts { u64 packets, bytes; struct { u32 drops : 7, marks : 25; }; };
static DEFINE_PER_CPU(struct gb_counts, gb_counts);
DEFINE_PER_CPU(int, gb_depth);
static int gb_count(const char *val, const struct kernel_param *kp)
{
	this_cpu_inc(gb_counts.packets);
	return this_cpu_inc_return(gb_depth);
}
static const struct kernel_param_ops gb_ops = { .set = gb_count };
module_param_cb(count, &gb_ops, NULL, 0200);
MODULE_DESCRIPTION("per-CPU variables: a DATASEC");
MODULE_LICENSE("Dual BSD/GPL");
