/* SPDX-License-Identifier: BSD-2-Clause */
/* C11 _Atomic is DW_TAG_atomic_type, which BTF has no kind for: it stands for its type. */
#include <tk/types.h>

struct atomic_holder {
	_Atomic int count;
	_Atomic(struct link *) head;
	int *_Atomic next;
};

int atomic_use(struct atomic_holder *h)
{
	return h->count;
}
