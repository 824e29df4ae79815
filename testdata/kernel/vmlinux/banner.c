/* SPDX-License-Identifier: BSD-2-Clause */
/* A vmlinux of its own, smaller still: the banner with the release, and struct module. */
#include <tk/module.h>

/* printk's form of it, in which no release stands. */
const char linux_proc_banner[] = "Linux version %s (%s)\n";
const char linux_banner[] = "Linux version " RELEASE " (tk@tk) #1\n";

struct module *modules;

void module_exit(struct module *mod)
{
	mod->exit(mod);
}
