// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include <linux/module.h>
#include <linux/netdevice.h>
struct gb_state { int mode; struct net_device *dev; struct list_head all; };
noinline int gb_touch(struct gb_state *s, unsigned long n);
noinline int gb_touch(struct gb_state *s, unsigned long n) { return s ? s->mode += n : 0; }
EXPORT_SYMBOL_GPL(gb_touch);
MODULE_DESCRIPTION("BTF of an out-of-tree module");
MODULE_LICENSE("Dual BSD/GPL");
