/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TK_DEVICE_H
#define TK_DEVICE_H

#include <tk/types.h>

struct device;
struct driver;

enum dev_state {
	DEV_DOWN,
	DEV_UP,
	DEV_GONE = -1,
};

/* A type of the base that no unit of the base completes. */
struct dev_private;
union dev_key;

struct dev_ops {
	int (*probe)(struct device *dev);
	void (*remove)(struct device *dev);
	int (*ioctl)(struct device *dev, unsigned int cmd, ...);
	const char *(*name)(const struct device *dev);
};

struct device {
	struct link node;
	struct ref ref;
	struct device *parent;
	const struct dev_ops *ops;
	enum dev_state state;
	u8 irqs[4];
	u8 dma_begin[0];
	u32 dma_mask;
	u8 dma_end[0];
	char name[16];
};

struct driver {
	const char *name;
	struct link devices;
	struct driver *next;
	int (*match)(struct device *dev, struct driver *drv);
};

/* Reaches two forward declarations of the base, so a module that completes one of them
 * cannot use the base's dev_context.
 */
struct dev_context {
	struct device *dev;
	struct dev_private *priv;
	union dev_key *key;
};

int device_add(struct device *dev);
void device_del(struct device *dev);
struct dev_context *dev_context_of(struct device *dev);

#endif
