// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include <linux/module.h>
#include <linux/sched.h>
#define CREATE_TRACE_POINTS
#include "gb_trace.h"
static int __init gb_trace_init(void) { trace_gb_event(current, 1); return 0; }
module_init(gb_trace_init);
MODULE_DESCRIPTION("a trace event");
MODULE_LICENSE("Dual BSD/GPL");
