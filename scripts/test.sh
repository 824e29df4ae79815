#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What make test does: form, then tests, then the tests of what runs in parallel under the race
# detector. The log of all tests is bin/test.log; what is printed is one line per package, every
# skipped test with its reason, and failures whole.
#
#	GOBTFENC_CORPUS  the folder of real modules (default ../shared/corpus)
#
# Under CI (CI set) a test may be skipped only because the running kernel cannot be asked.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p bin

step() { printf '\n== %s\n' "$*"; }
failed=

step gofmt
unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
	printf 'not formatted: %s\n' $unformatted
	failed+=' gofmt'
fi

step go vet
go vet ./... || failed+=' vet'

step staticcheck
bin/staticcheck ./... || failed+=' staticcheck'

if [ -z "${GOBTFENC_CORPUS:-}" ] && [ -d ../shared/corpus ]; then
	GOBTFENC_CORPUS=$(cd ../shared/corpus && pwd)
	export GOBTFENC_CORPUS
fi
echo "corpus: ${GOBTFENC_CORPUS:-none found}"

# run LOG STRICT ARGUMENT...: go test with these arguments, told package by package.
run() {
	local log=$1 strict=$2 status=0
	shift 2
	go test -v "$@" >"$log" 2>&1 || status=$?
	awk -v status="$status" -v strict="$strict" -f scripts/test.awk "$log" || failed+=" $log"
}

step go test
run bin/test.log "$([ -n "${CI:-}" ] && echo 1 || echo 0)" -timeout 20m ./...

step go test -race
run bin/test-race.log 0 -timeout 20m -race -short ./encoder ./report/... ./internal/...

if [ -n "$failed" ]; then
	step "failed:$failed"
	exit 1
fi
