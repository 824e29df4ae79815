/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables of .data..percpu: which of them become VAR and DATASEC entries. */
#include <tk/task.h>

struct percpu_stat {
	u64 hits;
	struct task *last;
};

/* Out of order by name and by address of the declaration; DATASEC is by offset. */
struct percpu_stat percpu_stats __percpu_data;
static int percpu_static __percpu_data = 1;
u8 percpu_byte __percpu_data;
u64 percpu_array[3] __percpu_data __attribute__((aligned(64)));
struct task *const volatile percpu_qual __percpu_data;

/* No size: no VAR, for the kernel refuses one of size 0. */
struct {
} percpu_nothing __percpu_data;
int percpu_none[0] __percpu_data;

/* Names that are filtered out. */
int __UNIQUE_ID_percpu7 __percpu_data;
int __exitcall_percpu __percpu_data;

/* Declared here, defined in other.c: one VAR. */
extern int percpu_elsewhere __percpu_data;

/* Not per CPU, by the section: no VAR. */
int percpu_not;
static const int percpu_rodata = 4;

/* Static in a function: its own scope, no VAR of pahole's. */
int percpu_use(void)
{
	static int percpu_in_body __percpu_data;

	percpu_stats.hits++;
	return ++percpu_in_body + percpu_static++ + percpu_elsewhere + *(volatile const int *)&percpu_rodata;
}
