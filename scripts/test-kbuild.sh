#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Has Kbuild build a small kernel and its modules with scripts/kbuild/pahole for pahole, and
# compares with the same kernel built with pahole: see internal/kbuildtest. Before that, the rules of
# gobtfenc check are compared with the kernel's selftest: see internal/selftest. The first run compiles
# the kernel, which takes 20 minutes on two cores and 3 GB; later ones link.
#
#	SOURCE  an unpacked kernel source (default: Debian's package linux-source-6.12)
#	WORK    folder for what is built (default ${XDG_CACHE_HOME:-~/.cache}/gobtfenc/kbuild)
#	CONFIG  symbols that are set in the kernel (default scripts/kbuild/test.config)
#	PAHOLE  what Kbuild is given (default scripts/kbuild/pahole); what it is compared with is the
#	        pahole in PATH
set -eu
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/gobtfenc
SOURCE=${SOURCE:-$(scripts/fetch-source.sh)}
go run ./internal/selftest "$SOURCE"
exec go run ./internal/kbuildtest -gobtfenc bin/gobtfenc -pahole "${PAHOLE:-scripts/kbuild/pahole}" \
	-config "${CONFIG:-scripts/kbuild/test.config}" -source "$SOURCE" -work "${WORK:-$cache/kbuild}"
