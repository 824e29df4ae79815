/* SPDX-License-Identifier: BSD-2-Clause */
/* Two units through GCC's link-time optimiser: the units refer to each other's types and
 * abstract functions by DW_FORM_ref_addr.
 */
#include <tk/device.h>
#include "lto.h"

struct lto_a {
	struct lto_shared shared;
	struct device *dev;
};

int lto_entry(struct lto_a *a, int n)
{
	return lto_help(&a->shared, n) + lto_kept(&a->shared, n);
}
