#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Boots a Debian kernel under qemu, loads modules whose BTF is bin/gobtfenc's, and asks the kernel
# about them: see internal/qemutest.
#
#	GOBTFENC_KERNEL_DIR  an unpacked kernel with DWARF (default: what scripts/fetch-kernel.sh fetches)
#	GOBTFENC_IMAGE_DIR   the same kernel as it is booted (default: likewise)
#	GOBTFENC             the command under test (default bin/gobtfenc)
#	QEMU_FLIPS           how many bits are changed of a module's BTF and of vmlinux's: "300 10"
#	QEMU_KEEP            a folder that keeps the initramfs, the console and the report
set -eu
cd "$(dirname "$0")/.."

for tool in qemu-system-x86_64 objcopy; do
	command -v $tool >/dev/null || {
		echo "test-qemu: skipped: no $tool" >&2
		[ -z "${CI:-}" ] || exit 1
		exit 0
	}
done

# fetch: finds the kernel, its release and its image.
fetch() {
	kernel=$(scripts/fetch-kernel.sh) || return 1
	release=$(find "$kernel" -name 'vmlinux-*' -printf '%f\n' | head -n 1)
	release=${release#vmlinux-}
	image=$(scripts/fetch-kernel.sh image "$release")
}
fetch || {
	# Archives drop old kernels, also while a part of one is still in the cache.
	[ -z "${GOBTFENC_KERNEL_DIR:-}${GOBTFENC_KERNEL_PACKAGE:-}" ] || exit 1
	echo "test-qemu: trying the newest kernel" >&2
	export GOBTFENC_KERNEL_PACKAGE=linux-image-6.12-cloud-amd64-dbg
	fetch
}
read -r flips base_flips <<-EOF
	${QEMU_FLIPS:-300 10}
EOF
# The program is the guest's first process too, where there are no libraries.
CGO_ENABLED=0 exec go run ./internal/qemutest -gobtfenc "${GOBTFENC:-bin/gobtfenc}" -keep "${QEMU_KEEP:-}" \
	-flips "$flips" -base-flips "$base_flips" \
	-vmlinuz "$image/boot/vmlinuz-$release" "$kernel"
