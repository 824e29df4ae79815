// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#if __has_attribute(btf_decl_tag)
#define GB_DECL(x) __attribute__((btf_decl_tag(x)))
#define GB_TYPE(x) __attribute__((btf_type_tag(x)))
#else
#define GB_DECL(x)
#define GB_TYPE(x)
#endif
struct GB_DECL("gb_struct") gb_tagged {
	int plain;
	int first GB_DECL("gb_member") GB_DECL("gb_second");
	struct gb_tagged __rcu *next;
	char __user *from;
	int __percpu *counts;
	int GB_TYPE("gb_inner") * GB_TYPE("gb_outer") * both;
};
union GB_DECL("gb_union") gb_either { int i; long l; };
typedef int gb_number GB_DECL("gb_typedef");
static DEFINE_PER_CPU(struct gb_tagged, gb_tags) GB_DECL("gb_var");
noinline int gb_tell(struct gb_tagged *t GB_DECL("gb_param"), gb_number n) GB_DECL("gb_func");
noinline int gb_tell(struct gb_tagged *t, gb_number n)
{
	union gb_either e = { .i = n };
	return t->plain + t->first + (int)e.l;
}
static int gb_set(const char *val, const struct kernel_param *kp)
{
	return gb_tell(this_cpu_ptr(&gb_tags), val[0]);
}
static const struct kernel_param_ops gb_ops = { .set = gb_set };
module_param_cb(tags, &gb_ops, NULL, 0200);
MODULE_DESCRIPTION("decl tags of all that can have them, and type tags: by clang alone");
MODULE_LICENSE("Dual BSD/GPL");
