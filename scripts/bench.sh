#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Time and memory of bin/gobtfenc and of pahole on the same modules, as a Markdown table.
#
#	scripts/bench.sh [RUNS]  runs of each (default 5); of pahole over all modules one
#
#	GOBTFENC_KERNEL_DIR      an unpacked kernel (default: what scripts/fetch-kernel.sh fetches)
#	MODULES                  modules to take alone, with commas (default xfs,af_key)
set -eu
cd "$(dirname "$0")/.."

kernel=$(scripts/fetch-kernel.sh)
exec go run ./internal/kerneltest -bench "${1:-5}" -alone "${MODULES:-xfs,af_key}" -gobtfenc bin/gobtfenc "$kernel"
