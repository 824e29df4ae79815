// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include <linux/module.h>
#include <linux/seq_file.h>
struct gb_state;
extern int gb_touch(struct gb_state *s, unsigned long n);
static int __init gb_user_init(void) { return gb_touch(NULL, 0); }
module_init(gb_user_init);
MODULE_DESCRIPTION("uses a type it only knows by name");
MODULE_LICENSE("Dual BSD/GPL");
