#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# bin/gobtfenc while everything goes wrong: see internal/faulttest, internal/hostiletest and
# docs/limits.md.
#
#	GOBTFENC_CORPUS  the folder of real modules to be damaged (default ../shared/corpus)
#	POINTS           how many system calls of each command meet each fault (default 0: all)
#	JOBS             how many commands meet faults at once (default: as many as processors)
#	COUNT            how many damaged copies of modules (default 10000)
set -eu
cd "$(dirname "$0")/.."

corpus=${GOBTFENC_CORPUS:-../shared/corpus}
go build -o bin/ ./internal/faulttest ./internal/hostiletest
bin/faulttest -gobtfenc bin/gobtfenc -points "${POINTS:-0}" -j "${JOBS:-$(nproc)}" testdata/kernel/obj
bin/hostiletest bounds -gobtfenc bin/gobtfenc
if [ ! -f "$corpus/vmlinux.btf.zst" ]; then
	[ -z "${CI:-}" ] || { echo "test-fault: no modules in $corpus" >&2; exit 1; }
	echo "test-fault: no modules in $corpus: none is damaged" >&2
	exit 0
fi
set --
for m in "$corpus"/*.ko.zst; do
	case $m in
	*/xfs.ko.zst) ;; # 50 MB a copy
	*) set -- "$@" "$m" ;;
	esac
done
bin/hostiletest corrupt -gobtfenc bin/gobtfenc -count "${COUNT:-10000}" -base "$corpus/vmlinux.btf.zst" "$@"
