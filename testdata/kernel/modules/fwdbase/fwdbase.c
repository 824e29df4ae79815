/* SPDX-License-Identifier: BSD-2-Clause */
/* Completes struct dev_private and union quota, which the base only declares. A struct of
 * the base that reaches such a declaration is another type here and stays in the module:
 * dev_context. One that does not, struct device, is shared.
 */
#include <tk/device.h>

struct dev_private {
	int magic;
	struct dev_context *back;
	union quota *quota;
};

union quota {
	u64 bytes;
	u32 packets[2];
};

int fwdbase_get(struct device *dev)
{
	struct dev_context *ctx = dev_context_of(dev);

	return ctx->priv->magic + ctx->priv->quota->packets[1];
}
