#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# bin/gobtfenc against pahole and bin/gobtfenc-walk on a whole Debian kernel, as a Markdown table
# and, with every sample, in bin/bench.json: see internal/bench, which takes the arguments. With
# -scale as the first, how cost grows with work: bin/scale.json, and bin/scale.svg drawn from it.
#
#	PAHOLE                    the pahole (default: that in PATH)
#	GOBTFENC_KERNEL_DIR       an unpacked kernel (default: what scripts/fetch-kernel.sh fetches)
#	GOBTFENC_FULL_KERNEL_DIR  a second one, of the amd64 flavour, which is larger (default: none)
set -eu
cd "$(dirname "$0")/.."

kernel=$(scripts/fetch-kernel.sh)
to=bench
[ "${1-}" != -scale ] || to=scale
go run ./internal/bench -json bin/$to.json ${GOBTFENC_FULL_KERNEL_DIR:+-full "$GOBTFENC_FULL_KERNEL_DIR"} "$@" "$kernel"
[ $to != scale ] || go run ./internal/bench -plot bin/scale.json >bin/scale.svg
