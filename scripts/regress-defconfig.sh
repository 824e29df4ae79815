#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds a kernel's defconfig as scripts/ci does and tells, as Markdown, what is worse in the BTF of
# its modules than it was at the first run, which writes the baseline. Arguments are those of
# gobtfenc regress: --update accepts what is worse. The first run compiles the kernel, which takes
# an hour on two cores; later ones compile what has changed.
#
#	SOURCE    an unpacked kernel source (default: Debian's package linux-source-6.12)
#	WORK      folder for what is built (default ${XDG_CACHE_HOME:-~/.cache}/gobtfenc/defconfig)
#	BASELINE  what is compared with (default WORK/btf.baseline)
set -eu
cd "$(dirname "$0")/.."

SOURCE=${SOURCE:-$(scripts/fetch-source.sh)}
WORK=${WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/gobtfenc/defconfig}
BASELINE=${BASELINE:-$WORK/btf.baseline}

# Variables of the make that calls this are not the kernel's.
MAKEFLAGS='' scripts/ci/defconfig.sh "$SOURCE" "$WORK/out" >&2
[ -f "$BASELINE" ] || set -- --update "$@"
exec bin/gobtfenc regress --baseline "$BASELINE" --base "$WORK/out/vmlinux" --junit "$WORK/btf.xml" "$@" "$WORK/out"
