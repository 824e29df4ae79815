/* SPDX-License-Identifier: BSD-2-Clause */
#include <tk/device.h>

static struct link devices;
static struct driver *drivers;
static struct dev_context contexts[4];

int device_add(struct device *dev)
{
	struct driver *d;

	dev->node.next = &devices;
	devices.prev = &dev->node;
	ref_get(&dev->ref);
	for (d = drivers; d; d = d->next)
		if (d->match(dev, d))
			return dev->ops->probe(dev);
	return -1;
}

void device_del(struct device *dev)
{
	dev->state = DEV_GONE;
	dev->ops->remove(dev);
}

struct dev_context *dev_context_of(struct device *dev)
{
	return &contexts[dev->state & 3];
}

/* Keeps the out-of-line copy of the inline. */
int (*const ref_get_p)(struct ref *) = ref_get;
