#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds vmlinux and all modules of a kernel's defconfig, with DWARF and BTF, in a folder of their
# own:
#
#	scripts/ci/defconfig.sh SOURCE OUT [ARGUMENT...]
#
# What defconfig has built in becomes a module where it can be one. The BTF is gobtfenc's. ARCH and
# CROSS_COMPILE are make's, and so are arguments, such as LLVM=1. Modules are not signed.
set -eu

source=${1:?source of a kernel}
out=${2:?folder for what is built}
shift 2
scripts=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)

# The same source makes the same files, whenever and wherever it is built.
export KBUILD_BUILD_TIMESTAMP='Thu Jan 1 00:00:00 UTC 1970' KBUILD_BUILD_USER=ci KBUILD_BUILD_HOST=ci KBUILD_BUILD_VERSION=1

kbuild() { make -C "$source" O="$out" PAHOLE="$scripts/kbuild/pahole" "$@"; }

kbuild "$@" defconfig
"$source/scripts/config" --file "$out/.config" -e MODULES -d MODULE_SIG -d LOCALVERSION_AUTO -e BPF_SYSCALL \
	-d DEBUG_INFO_NONE -e DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT -e DEBUG_INFO_BTF -e DEBUG_INFO_BTF_MODULES
kbuild "$@" olddefconfig
kbuild "$@" yes2modconfig
for symbol in MODULES DEBUG_INFO_BTF DEBUG_INFO_BTF_MODULES; do
	grep -qx "CONFIG_$symbol=y" "$out/.config" || {
		echo "defconfig: this kernel cannot have CONFIG_$symbol" >&2
		exit 1
	}
done
kbuild -j"$(nproc)" "$@" vmlinux modules
