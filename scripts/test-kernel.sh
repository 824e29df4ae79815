#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# bin/gobtfenc over a whole Debian kernel: see internal/kerneltest.
#
#	GOBTFENC_KERNEL_DIR  an unpacked kernel (default: what scripts/fetch-kernel.sh fetches)
#	GOBTFENC_CORPUS      the folder of reference results (default ../shared/corpus)
set -eu
cd "$(dirname "$0")/.."

corpus=${GOBTFENC_CORPUS:-../shared/corpus}
if [ ! -f "$corpus/all-modules.head.tar.zst" ]; then
	[ -z "${CI:-}" ] || { echo "test-kernel: no reference results in $corpus" >&2; exit 1; }
	corpus=
fi
kernel=$(scripts/fetch-kernel.sh)
exec go run ./internal/kerneltest -gobtfenc bin/gobtfenc -corpus "$corpus" "$kernel"
