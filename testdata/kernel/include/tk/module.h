/* SPDX-License-Identifier: BSD-2-Clause */
/* What every module has and what tells one kernel from another: struct module, which changes
 * with the configuration, and the release.
 */
#ifndef TK_MODULE_H
#define TK_MODULE_H

#include <tk/types.h>

#ifndef RELEASE
#define RELEASE "6.12.0-tk"
#endif

struct lock {
	u32 value;
#ifdef CONFIG_DEBUG_LOCK
	u32 owner;
#endif
};

struct module {
	int state;
	struct link list;
	char name[56];
	struct lock lock;
	void (*exit)(struct module *mod);
};

#endif
