/* SPDX-License-Identifier: BSD-2-Clause */
/* One source, many builds: compilers, DWARF versions and formats, compressed sections,
 * machines. It says nothing that a compiler may describe in its own way: one of each kind
 * that C has everywhere, and the byte order's own thing, bit-fields.
 */
typedef unsigned char u8;
typedef unsigned int u32;

struct plain_node;
struct plain_opaque;

enum plain_state {
	PLAIN_OFF,
	PLAIN_ON = 5,
	PLAIN_NEG = -2,
};

union plain_word {
	u8 byte[4];
	u32 all;
	struct {
		short lo, hi;
	};
};

typedef int (*plain_fn)(struct plain_node *n, const char *fmt, ...);

struct plain_bits {
	u32 first : 3;
	u32 second : 13;
	int third : 7;
	u8 byte;
	u32 last : 1;
};

struct plain_node {
	struct plain_node *next;
	struct plain_opaque *opaque;
	const union plain_word *word;
	volatile enum plain_state state;
	struct plain_bits bits;
	plain_fn fn;
	int grid[2][3];
	float ratio;
	u8 tail[];
};

int plain_percpu __attribute__((section(".data..percpu"))) = 3;

int plain_step(struct plain_node *node, enum plain_state state)
{
	node->state = state;
	return node->bits.third + node->grid[1][2] + plain_percpu;
}

u32 plain_word(const union plain_word *word, u32 mask)
{
	return word->all & mask;
}
