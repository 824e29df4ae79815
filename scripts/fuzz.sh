#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs every fuzz target of the tree, one after the other:
#
#	scripts/fuzz.sh [TIME]    each for TIME (default 30s), or so often: 1000x
#
# A number of times suits CI, where a deadline that a busy machine misses is no finding. What
# a target finds lies in the package's testdata/fuzz afterwards: a test from then on.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
while read -r package target; do
	printf '\n== %s %s\n' "$package" "$target"
	go test -run '^$' -fuzz "^$target\$" -fuzztime "${1:-30s}" "$package" || failed=1
done < <(grep -rEo --include='*_test.go' '^func Fuzz[[:alnum:]]+' . | sed -E 's|/[^/]*:func | |' | sort)
exit $failed
