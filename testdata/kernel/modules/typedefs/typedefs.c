/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses types of vmlinux and nothing else, typedefs above all: no type of its own at all, and
 * its functions are the base's by name and prototype. The split BTF is empty.
 */
#include <tk/device.h>
#include <tk/net.h>
#include <tk/task.h>

addr4_t typedefs_addr;
addr16_t typedefs_addr16;
packet_fn typedefs_fn;
const char *typedefs_name;
struct driver typedefs_driver;
struct task *typedefs_task;
struct dev_context typedefs_context;

int setup(void)
{
	return typedefs_task->prio;
}

addr16_t other_addr(addr4_t a)
{
	return (addr16_t){ .hi = a };
}
