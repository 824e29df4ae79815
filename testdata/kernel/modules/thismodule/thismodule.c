/* SPDX-License-Identifier: BSD-2-Clause */
/* A module that says of which kernel it is: by its release in .modinfo, and by struct module. */
#include <tk/module.h>

static const char vermagic[] __attribute__((section(".modinfo"), used)) =
	"vermagic=" RELEASE " SMP preempt mod_unload modversions ";

struct own {
	struct module *owner;
	int value;
};

static void thismodule_exit(struct module *mod)
{
	mod->state = 0;
}

struct module this_module = { .name = "thismodule", .exit = thismodule_exit };
struct own this_own = { .owner = &this_module };
