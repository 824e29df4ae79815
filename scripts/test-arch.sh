#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# bin/gobtfenc over whole Debian kernels of other machines, one after the other: see
# internal/archtest.
#
#	scripts/test-arch.sh [ARCH...]   default: arm64
#
# arm64 is compared with the BTF that it ships with, the others with what pahole 1.24 makes of the same
# files here: those of Debian 12 ship without, and riscv64 and loong64 with that of a newer pahole. A
# kernel is 360 MB to 1.1 GB to fetch and 1.5 to 9 GB unpacked, of which only arm64's stays.
#
#	GOBTFENC_KERNEL_DIR  an unpacked kernel, of whatever machine, instead of all that
#	SAMPLE               how many modules pahole encodes (default 60; 0 for all)
#	PAHOLE               the pahole 1.24 (default: that in PATH, which Debian 12 has)
#	KEEP                 a folder for what pahole makes, in which the next run finds it
set -eu
cd "$(dirname "$0")/.."

# of ARCH: the packages to be had for it, the best one first, the release if it is not in the
# system's sources, and whether its own BTF is of no use.
of() {
	suite= own=
	case $1 in
	arm64) packages="linux-image-6.12.111+deb12-cloud-arm64-dbg linux-image-6.12-cloud-arm64-dbg" ;;
	armel) packages=linux-image-rpi-dbg ;;
	armhf) packages=linux-image-armmp-dbg ;;
	i386) packages=linux-image-686-dbg ;;
	mipsel) packages=linux-image-mips32r2el-dbg ;;
	mips64el) packages=linux-image-octeon-dbg ;;
	ppc64el) packages=linux-image-powerpc64le-dbg ;;
	s390x) packages=linux-image-s390x-dbg ;;
	riscv64) packages=linux-image-riscv64-dbg suite=trixie own=-own ;;
	loong64) packages=linux-image-loong64-dbg suite=sid own=-own ;;
	*) echo "test-arch: unknown machine $1" >&2 && exit 2 ;;
	esac
}

compare() {
	go run ./internal/archtest -gobtfenc bin/gobtfenc -sample "${SAMPLE:-60}" -pahole "${PAHOLE:-pahole}" \
		$own ${KEEP:+-keep "$KEEP/$(basename "$1")"} "$1"
}

own=
if [ -n "${GOBTFENC_KERNEL_DIR:-}" ]; then
	compare "$GOBTFENC_KERNEL_DIR"
	exit
fi
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gobtfenc
status=0
for arch in ${*:-arm64}; do
	of "$arch"
	before=$(ls "$cache" 2>/dev/null || :)
	kernel=$(GOBTFENC_KERNEL_ARCH=$arch GOBTFENC_KERNEL_SUITE=$suite GOBTFENC_KERNEL_PACKAGE=$packages scripts/fetch-kernel.sh)
	compare "$kernel" || status=1
	case $arch in arm64) continue ;; esac
	# What was there before this run is not ours to remove.
	name=$(basename "$kernel")
	printf '%s\n' "$before" | grep -qxF "$name" || rm -rf "${cache:?}/$name"
done
exit $status
