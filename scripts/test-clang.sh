#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds the small kernel of test-kbuild by clang, once with DWARF 5 and ThinLTO and once with DWARF 4,
# and compares what gobtfenc makes of vmlinux, of its modules and of modules out of the tree with what
# pahole makes of the same files, by itself and through Kbuild: see internal/kbuildtest. The first
# run compiles two kernels, which takes an hour on two cores and 5 GB; later ones link.
#
#	SOURCE  an unpacked kernel source (default: Debian's package linux-source-6.12)
#	WORK    folder for what is built (default ${XDG_CACHE_HOME:-~/.cache}/gobtfenc/clang)
#	LLVM    the version of clang, as Kbuild takes it (default -19)
#	NEWER   another pahole, 1.31 or later, to compare the default features with (default: none); what
#	        all else is compared with is the pahole in PATH
set -eu
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/gobtfenc
SOURCE=${SOURCE:-$(scripts/fetch-source.sh)}
exec go run ./internal/kbuildtest -gobtfenc bin/gobtfenc -config scripts/kbuild/test.config \
	-llvm "${LLVM:--19}" -newer "${NEWER:-}" -source "$SOURCE" -work "${WORK:-$cache/clang}"
