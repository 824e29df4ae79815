#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Which statements of the packages that read and write are run by all tests together, those
# that run the command among them:
#
#	scripts/cover.sh [PACKAGE...]    tests of these (default: of those packages, and of the command)
#	LONG=1                           the long tests too, which look at more input and run little more
#
# Prints a line per package; fails below 90 %. What no test runs is in bin/cover.out, for
# go tool cover -html or -func.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p bin

packages=./elfio,./dwarf,./dwarfconv,./btf/...,./splitdedup,./encoder,./btfids,./report/...
least=90

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2086 # a list
[ $# -gt 0 ] || set -- ${packages//,/ } ./cmd/gobtfenc
# The commands that tests run write what they ran where the test does. Two tests cannot have
# that: one that compares all words on stderr, and one in which no file may grow. Nor is there
# anything of a process that is killed.
short=-short
[ -z "${LONG:-}" ] || short=
go test $short -count=1 -timeout 60m -skip '^TestPaholeMisuse$|^TestKill$|^TestInterrupt|^TestScript$/^treefull$' \
	-coverpkg="$packages" -coverprofile="$work/tests" "$@" >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}

# Each test binary has every block: one counts when any came by.
awk '$1 != "mode:" && $1 ~ /gobtfenc\/(elfio|dwarf|dwarfconv|btf|splitdedup|encoder|btfids|report)\// {
	key = $1 " " $2; seen[key] = seen[key] + $3
} END {
	print "mode: set"
	for (k in seen) print k, (seen[k] > 0)
}' "$work/tests" | sort >bin/cover.out

awk -v least=$least 'NR > 1 || $1 != "mode:" {
	if (split($1, a, ":") < 2 || $1 == "mode:") next
	sub(/\/[^\/]*$/, "", a[1])
	all[a[1]] += $2
	if ($3 > 0) run[a[1]] += $2
} END {
	for (p in all) {
		percent = 100 * run[p] / all[p]
		name = p
		sub(/^.*gobtfenc\/gobtfenc\//, "", name)
		printf "%-20s %5.1f %% of %5d statements\n", name, percent, all[p] | "sort"
		if (percent < least) bad = 1
	}
	close("sort")
	exit bad
}' bin/cover.out
