// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include <linux/module.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
__bpf_kfunc_start_defs();
__bpf_kfunc u64 gb_kfunc_add(u64 a, u64 b) { return a + b; }
__bpf_kfunc_end_defs();
BTF_KFUNCS_START(gb_kfuncs)
BTF_ID_FLAGS(func, gb_kfunc_add)
BTF_KFUNCS_END(gb_kfuncs)
static const struct btf_kfunc_id_set gb_set = { .owner = THIS_MODULE, .set = &gb_kfuncs };
static int __init gb_kfunc_init(void) { return register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &gb_set); }
module_init(gb_kfunc_init);
MODULE_DESCRIPTION("a kfunc and its .BTF_ids");
MODULE_LICENSE("Dual BSD/GPL");
