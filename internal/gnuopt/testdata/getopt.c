// SPDX-License-Identifier: BSD-2-Clause
//
// Reads command lines, one a line, their words ended by \001, and prints what
// glibc's getopt_long makes of each with the table of TestGetopt: -x or --x for
// an option, =ARG behind it, then operands in <>.

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ALPHA = 256, ALPHABET, BASE, BASIC };

static const struct option longs[] = {
	{"alpha", no_argument, 0, ALPHA},
	{"alphabet", optional_argument, 0, ALPHABET},
	{"jobs", optional_argument, 0, 'j'},
	{"base", required_argument, 0, BASE},
	{"basic", no_argument, 0, BASIC},
	{"encode", no_argument, 0, 'J'},
	{0},
};

static void line(char *s)
{
	char *argv[64] = {"x"};
	int argc = 1, c;

	for (char *end; (end = strchr(s, '\001')) && argc < 63; s = end + 1) {
		*end = 0;
		argv[argc++] = s;
	}
	optind = 0;
	while ((c = getopt_long(argc, argv, "j::Jo:", longs, 0)) != -1) {
		if (c == '?')
			return;
		if (c < 256)
			printf("-%c", c);
		else
			printf("--%s", longs[c == ALPHA ? 0 : c == ALPHABET ? 1 : c == BASE ? 3 : 4].name);
		if (optarg)
			printf("=%s", optarg);
		printf(" ");
	}
	for (; optind < argc; optind++)
		printf("<%s> ", argv[optind]);
}

int main(void)
{
	static char buf[4096];

	setvbuf(stdout, 0, _IONBF, 0);
	dup2(1, 2);
	while (fgets(buf, sizeof buf, stdin)) {
		line(buf);
		printf("\n");
	}
	return 0;
}
