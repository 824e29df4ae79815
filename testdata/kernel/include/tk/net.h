/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TK_NET_H
#define TK_NET_H

#include <tk/types.h>

struct task;

typedef u32 addr4_t;
typedef struct {
	u64 lo, hi;
} addr16_t;

struct packet {
	struct link list;
	union {
		struct task *owner;
		u64 stamp;
	};
	unsigned int len;
	u8 flags_begin[0];
	u8 cloned : 1;
	u8 nohdr : 1;
	u8 kind : 3;
	u8 flags_end[0];
	addr4_t saddr;
	addr16_t src6;
	u8 data[];
};

typedef int (*packet_fn)(struct packet *p, void *arg);

enum verdict {
	VERDICT_DROP,
	VERDICT_PASS,
};

enum big_flags {
	BIG_LOW = 1,
	BIG_HIGH = 1ULL << 40,
};

int packet_send(struct packet *p);
int packet_walk(struct packet *p, packet_fn fn, void *arg);

#endif
