/* SPDX-License-Identifier: BSD-2-Clause */
/* Does not complete it: its dev_context is the base's only if no unit of the module has the
 * complete struct; as one has, the declaration stands for that one.
 */
#include <tk/device.h>

struct device *fwdbase_dev(struct dev_context *ctx)
{
	return ctx->dev;
}
