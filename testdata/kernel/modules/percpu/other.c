/* SPDX-License-Identifier: BSD-2-Clause */
/* A static of the same name in a second unit, and the definition of a declared one. */
#include <tk/types.h>

int percpu_elsewhere __percpu_data;
static u16 percpu_static __percpu_data = 3;

int percpu_other(void)
{
	return percpu_static++ + percpu_elsewhere;
}
