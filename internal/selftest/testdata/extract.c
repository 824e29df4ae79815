// SPDX-License-Identifier: BSD-2-Clause
//
// Prints the BTFs of the kernel's selftest, one to a line: its name, whether a kernel refuses it,
// what then is in the log, the BTF in hexadecimal; each behind a tab. raw_tests.inc is the part of
// the kernel's prog_tests/btf.c with the table of tests and the function that makes BTF of an entry.
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include "test_btf.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define _CHECK(condition, tag, duration, format...)                                             \
	({                                                                                      \
		if (condition)                                                                  \
			fprintf(stderr, format);                                                \
		condition;                                                                      \
	})

#include "raw_tests.inc"

static void print(const struct btf_raw_test *t)
{
	unsigned int size;
	unsigned char *blob = btf_raw_create(&hdr_tmpl, t->raw_types, t->str_sec, t->str_sec_size, &size, NULL);
	struct btf_header *h = (void *)blob;

	if (!blob)
		exit(1);
	h->hdr_len += t->hdr_len_delta;
	h->type_off += t->type_off_delta;
	h->str_off += t->str_off_delta;
	h->str_len += t->str_len_delta;
	printf("%s\t%d\t%s\t", t->descr, t->btf_load_err, t->err_str ? t->err_str : "");
	for (unsigned int i = 0; i < size; i++)
		printf("%02x", blob[i]);
	putchar('\n');
	free(blob);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(raw_tests); i++)
		print(&raw_tests[i]);
	return 0;
}
