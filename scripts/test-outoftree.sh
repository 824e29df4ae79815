#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds the modules of testdata/outoftree against a kernel's headers, with pahole and with
# bin/gobtfenc, and compares: see internal/kerneltest/outoftree_test.go.
#
#	HEADERS  a kernel's build directory (default: Debian's linux-headers-*-cloud-amd64)
set -eu
cd "$(dirname "$0")/.."

for d in "${HEADERS:-}" /usr/src/linux-headers-*-cloud-amd64; do
	[ ! -f "$d/vmlinux" ] || { HEADERS=$d; break; }
done
[ -f "${HEADERS:-}/vmlinux" ] || { echo "test-outoftree: no headers with a vmlinux: install linux-headers-cloud-amd64" >&2; exit 1; }
HEADERS=$HEADERS GOBTFENC=$PWD/bin/gobtfenc exec go test -count=1 -tags outoftree -run TestOutOfTree -v ./internal/kerneltest
