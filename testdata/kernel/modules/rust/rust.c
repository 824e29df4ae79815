/* SPDX-License-Identifier: BSD-2-Clause */
/* The C half of a module that is mostly Rust. */
#include <tk/device.h>

struct rust_abi {
	struct device *dev;
	void *vtable;
};

int rust_helper(struct rust_abi *r)
{
	return device_add(r->dev);
}
