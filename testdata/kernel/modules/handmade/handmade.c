/* SPDX-License-Identifier: BSD-2-Clause */
/* A usual unit beside the odd one: what that one does must not touch this. */
#include <tk/device.h>

struct handmade {
	struct device *dev;
	long nine[9];
};

int handmade_use(struct handmade *h)
{
	return h->nine[3] + h->dev->dma_mask;
}
