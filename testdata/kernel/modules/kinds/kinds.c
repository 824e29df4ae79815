/* SPDX-License-Identifier: BSD-2-Clause */
/* Every kind that a C compiler can write, and the shapes of each. */
#include <tk/types.h>

/* INT: all names and sizes of C, each reached through a member. */
struct kinds_ints {
	_Bool b;
	char c;
	signed char sc;
	unsigned char uc;
	short s;
	unsigned short us;
	int i;
	unsigned int ui;
	long l;
	unsigned long ul;
	long long ll;
	unsigned long long ull;
	__int128 i128;
	unsigned __int128 u128;
	__WCHAR_TYPE__ w;
	__CHAR16_TYPE__ c16;
};

/* FLOAT of 4, 8 and 16 bytes. */
struct kinds_floats {
	float f;
	double d;
	long double ld;
	_Float128 q;
};

/* STRUCT with kind_flag: signed and unsigned bit-fields, one of full width, one of an enum,
 * one of a typedef, a gap of width 0, one that crosses a storage unit when packed.
 */
enum kinds_colour {
	KC_RED,
	KC_GREEN,
	KC_BLUE,
};

struct kinds_bits {
	unsigned int a : 1;
	int b : 5;
	enum kinds_colour colour : 2;
	u32 full : 32;
	u64 wide : 40;
	unsigned int : 0;
	flag_t flag : 1;
	u8 : 3;
	u8 tail : 4;
};

struct kinds_packed {
	u8 a;
	u32 b;
	u64 c : 33;
	u16 d : 9;
	u8 e[3];
} __attribute__((packed));

struct kinds_aligned {
	u8 a;
	u64 b __attribute__((aligned(64)));
};

/* No bit-field: kind_flag is 0. Anonymous members to three levels. */
struct kinds_anon {
	int first;
	union {
		int i;
		struct {
			short lo;
			union {
				short hi;
				u8 byte[2];
			};
		};
	};
	struct {
		int named;
	} n;
	enum {
		KA_ONE = 1,
		KA_TWO,
	} e;
};

struct kinds_empty {
};

union kinds_union {
	u8 bytes[16];
	u64 words[2];
	u32 low : 4;
	void *ptr;
};

/* ARRAY: nested, of 0, flexible, of unknown bound, of pointers, of arrays through a typedef. */
typedef u16 kinds_row[5];

struct kinds_arrays {
	int cube[2][3][4];
	kinds_row rows[6];
	int (*to_unknown)[];
	void (*calls[2])(void);
	struct link zero[0];
	u32 flex[];
};

extern int kinds_unknown[];

/* ENUM signed and unsigned, packed to a byte; ENUM64 signed and unsigned. */
enum kinds_signed {
	KS_NEG = -5,
	KS_MIN = -2147483647 - 1,
	KS_POS = 7,
};

enum kinds_unsigned {
	KU_TOP = 0xffffffffU,
};

enum kinds_small {
	KM_A,
	KM_B = 200,
} __attribute__((packed));

enum kinds_64u {
	K64_BIG = 0xffffffff00000001ULL,
	K64_ONE = 1,
};

enum kinds_64s {
	K64_NEG = -1,
	K64_HUGE = 0x7fffffff00000000LL,
};

/* FWD of each kind. */
struct kinds_fwd_struct;
union kinds_fwd_union;
enum kinds_fwd_enum;

/* CV qualifiers and restrict at each place. */
struct kinds_quals {
	const int c;
	volatile int v;
	const volatile int cv;
	const char *const volatile p;
	int *restrict r;
	const struct kinds_fwd_struct *fs;
	union kinds_fwd_union *const fu;
	enum kinds_fwd_enum *fe;
	const int arr[3];
	const void *cvoid;
};

/* FUNC_PROTO: varargs, none, nested; each by typedef. */
typedef int (*kinds_va)(const char *, ...);
typedef void (*kinds_none)(void);
typedef kinds_va (*kinds_nested)(kinds_none, int (*)(struct kinds_bits *), ...);
typedef int kinds_fn(int a, int b);
typedef int kinds_kr();

struct kinds_procs {
	kinds_va va;
	kinds_none none;
	kinds_nested nested;
	kinds_fn *fn;
	kinds_kr *kr;
};

struct kinds {
	struct kinds_ints ints;
	struct kinds_floats floats;
	struct kinds_bits bits;
	struct kinds_packed packed;
	struct kinds_aligned aligned;
	struct kinds_anon anon;
	struct kinds_empty empty;
	union kinds_union u;
	enum kinds_signed es;
	enum kinds_unsigned eu;
	enum kinds_small em;
	enum kinds_64u e64u;
	enum kinds_64s e64s;
	struct kinds_quals quals;
	struct kinds_procs procs;
	struct kinds_arrays arrays;
};

/* Types of 64 bits at once and of a vector: a vector is an array in DWARF. */
typedef int kinds_vec __attribute__((vector_size(16)));

int kinds_percpu __percpu_data;

/* A VLA: the bound is not a constant, so the array has 0 elements. */
int kinds_vla(int n, int (*rows)[n])
{
	/* A type that only a function's body knows is a type too. */
	struct kinds_in_body {
		int n;
		kinds_vec *v;
	} s = { n, (kinds_vec *)rows };

	asm volatile("" : : "r"(&s));
	return rows[1][kinds_unknown[n]] + kinds_percpu;
}

int kinds_use(struct kinds *k)
{
	return k->bits.b + (k->e64u == K64_BIG) + k->procs.va("x", 1);
}
