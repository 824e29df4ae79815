/* SPDX-License-Identifier: BSD-2-Clause */
/* The plain case: a driver with a little of its own on top of what vmlinux has. In this unit
 * struct task and struct driver are declared only; the base has both complete.
 */
#include <tk/device.h>
#include <tk/net.h>

struct split_card {
	struct device dev;
	struct packet *queue[8];
	struct driver *drv;
	struct task *owner;
	packet_fn deliver;
};

static int split_probe(struct device *dev)
{
	struct split_card *c = (struct split_card *)dev;

	return packet_walk(c->queue[0], c->deliver, c);
}

static void split_remove(struct device *dev)
{
	packet_send(((struct split_card *)dev)->queue[0]);
}

const struct dev_ops split_ops = {
	.probe = split_probe,
	.remove = split_remove,
};

int split_init(struct split_card *c)
{
	c->dev.ops = &split_ops;
	return device_add(&c->dev);
}
