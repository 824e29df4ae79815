#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Has Kbuild build the modules of testdata/outoftree against a kernel's headers, with
# scripts/kbuild/pahole for pahole, and compares with what pahole makes: see internal/kbuildtest.
#
#	HEADERS  a kernel's build directory with a vmlinux (default: Debian's package of headers for
#	         its 6.12 cloud kernel, unpacked in the cache)
#	PAHOLE   what Kbuild is given (default scripts/kbuild/pahole); what it is compared with is the
#	         pahole in PATH
set -eu
cd "$(dirname "$0")/.."

if [ -z "${HEADERS:-}" ]; then
	meta=linux-headers-6.12-cloud-amd64
	dir=$(scripts/fetch-packages.sh linux-headers-6.12 "$meta:linux-headers-.*-cloud-amd64")
	# It names its neighbours by version.
	release=$(cd "$dir/usr/src" && echo linux-headers-*-cloud-amd64)
	release=${release#linux-headers-}
	release=${release%-cloud-amd64}
	rest=$(scripts/fetch-packages.sh "linux-headers-$release" "linux-headers-$release-cloud-amd64" \
		"linux-headers-$release-common" "linux-kbuild-$release")
	HEADERS=$rest/usr/src/linux-headers-$release-cloud-amd64
	# The package is made to lie in /usr/src.
	echo "include $rest/usr/src/linux-headers-$release-common/Makefile" >"$HEADERS/Makefile"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go run ./internal/kbuildtest -gobtfenc bin/gobtfenc -pahole "${PAHOLE:-scripts/kbuild/pahole}" \
	-headers "$HEADERS" -work "$work"
