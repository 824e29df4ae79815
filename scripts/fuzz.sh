#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs every fuzz target of the tree, one after the other:
#
#	scripts/fuzz.sh [TIME]    each for TIME (default 30s), or so often: 1000x
#	TARGETS=REGEXP            only those whose "package target" matches
#	COVER=1                   afterwards, how many of the statements of its package each
#	                          target runs, with its seeds and with what fuzzing has found so far
#
# A number of times suits CI, where a deadline that a busy machine misses is no finding. What
# a target finds lies in the package's testdata/fuzz afterwards: a test from then on. Ends with
# a line for each target.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

grep -rEo --include='*_test.go' '^func Fuzz[[:alnum:]]+' . | sed -E 's|/[^/]*:func | |' | sort |
	grep -E -- "${TARGETS:-}" >"$work/targets"

while read -r package target; do
	printf '\n== %s %s\n' "$package" "$target"
	# An input of interest is made smaller by 30 runs, and not for a minute (the default),
	# which is most of the time where many are found.
	go test -run '^$' -fuzz "^$target\$" -fuzztime "${1:-30s}" -fuzzminimizetime 30x "$package" </dev/null |
		tee "$work/log" || failed=1
	numbers=$(sed -nE 's/^fuzz: elapsed: ([^,]*), execs: ([0-9]*).*\(total: ([0-9]*)\)$/\2 \1 \3/p' "$work/log" | tail -n 1)
	echo "${numbers:-- - -}" >>"$work/done"
done <"$work/targets"

# go test runs the seeds only, which it looks for in the package's testdata: a copy of the tree
# gets what else was found. Prints the share of statements with the seeds, and with all.
covered() {
	(
		cd "$work/tree"
		for found in "" "$(go env GOCACHE)/fuzz/$(go list "$1")/$2"; do
			if [ -d "$found" ]; then
				mkdir -p "$1/testdata/fuzz/$2"
				cp "$found"/* "$1/testdata/fuzz/$2/"
			fi
			go test -count=1 -run "^$2\$" -coverpkg "$1" "$1" |
				sed -nE 's/.*coverage: ([0-9.]+%).*/\1/p'
		done
	) </dev/null
}

if [ -n "${COVER:-}" ]; then
	git ls-files -z | xargs -0 cp --parents -t "$(mkdir "$work/tree" && echo "$work/tree")"
	while read -r package target; do
		covered "$package" "$target" | paste -sd' ' >>"$work/covered"
	done <"$work/targets"
fi

printf '\n%-24s %-18s %10s %9s %7s %7s %7s\n' package target executions elapsed corpus seeds all
[ -e "$work/covered" ] || sed 's/.*/- -/' "$work/targets" >"$work/covered"
paste -d' ' "$work/targets" "$work/done" "$work/covered" |
	while read -r line; do
		# shellcheck disable=SC2086 # words
		printf '%-24s %-18s %10s %9s %7s %7s %7s\n' $line
	done
exit $failed
