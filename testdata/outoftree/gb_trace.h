/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM gb
#if !defined(GB_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define GB_TRACE_H
#include <linux/tracepoint.h>
TRACE_EVENT(gb_event,
	TP_PROTO(const struct task_struct *task, unsigned long what),
	TP_ARGS(task, what),
	TP_STRUCT__entry(__field(int, pid) __field(unsigned long, what)),
	TP_fast_assign(__entry->pid = task->pid; __entry->what = what;),
	TP_printk("%d %lu", __entry->pid, __entry->what));
#endif
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE gb_trace
#include <trace/define_trace.h>
