#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Fetches a Debian kernel with its debug information, unpacks it and prints the folder:
#
#	scripts/fetch-kernel.sh                 FOLDER/usr/lib/debug/boot/vmlinux-RELEASE
#	                                        FOLDER/usr/lib/debug/lib/modules/RELEASE/kernel/**/*.ko
#
# or the same kernel as it is booted:
#
#	scripts/fetch-kernel.sh image RELEASE   FOLDER/boot/vmlinuz-RELEASE
#	                                        FOLDER/boot/config-RELEASE
#
# Nothing is installed and nothing outside the folder changes; root is not needed. The package
# comes through apt, which checks it against the signed lists. A second run finds the folder,
# checks that every file is there in its size, and fetches nothing.
#
#	GOBTFENC_KERNEL_DIR      the folder itself; used as it is if it has a kernel in it
#	                         (default ${XDG_CACHE_HOME:-~/.cache}/gobtfenc/PACKAGE)
#	GOBTFENC_KERNEL_PACKAGE  the package (default: the kernel that the project's reference
#	                         figures are from if it is still to be had, else the newest 6.12)
#	GOBTFENC_KERNEL_ARCH     Debian's name of the machine that the package is for (default: this one)
#	GOBTFENC_KERNEL_SUITE    the Debian release that it is of (default: what the system's sources name)
#	GOBTFENC_IMAGE_DIR       the folder of the kernel that is booted
set -eu

reference=linux-image-6.12.111+deb12-cloud-amd64-dbg
newest=linux-image-6.12-cloud-amd64-dbg
arch=${GOBTFENC_KERNEL_ARCH:-}
suite=${GOBTFENC_KERNEL_SUITE:-}

say() { printf 'fetch-kernel: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# files FOLDER: every regular file and its size, sorted.
files() { (cd "$1" && find . -type f ! -name .complete -printf '%s %p\n' | LC_ALL=C sort); }

# has FOLDER PATH: whether a file of that name, which may have an asterisk, lies in it.
has() { [ -n "$(find "$1" -path "$1/$2" -size +0 2>/dev/null | head -n 1)" ]; }

# has_kernel FOLDER: whether it has what is asked for, whoever put it there.
case ${1:-} in
'')
	dir=${GOBTFENC_KERNEL_DIR:-}
	packages=${GOBTFENC_KERNEL_PACKAGE:-$reference $newest}
	cached=${GOBTFENC_KERNEL_PACKAGE:-$reference linux-image-6.12.*-cloud-amd64-dbg}
	size="300 MB"
	[ -z "${GOBTFENC_KERNEL_PACKAGE:-}" ] || size="300 MB to 1.3 GB"
	has_kernel() { has "$1" 'usr/lib/debug/boot/vmlinux-*' && has "$1" 'usr/lib/debug/lib/modules/*.ko'; }
	;;
image)
	release=${2:?release}
	dir=${GOBTFENC_IMAGE_DIR:-}
	packages=linux-image-$release
	cached=$packages
	size="35 MB"
	has_kernel() { has "$1" "boot/vmlinuz-$release" && has "$1" "boot/config-$release"; }
	;;
*) die "usage: fetch-kernel.sh [image RELEASE]" ;;
esac

# is_whole FOLDER: whether it is what this script unpacked, to the file.
is_whole() { [ -f "$1/.complete" ] && files "$1" | cmp -s - "$1/.complete"; }

if [ -n "$dir" ] && has_kernel "$dir"; then
	if [ -f "$dir/.complete" ] && ! is_whole "$dir"; then
		die "$dir is not as it was unpacked: remove it, or its .complete to use it all the same"
	fi
	(cd "$dir" && pwd)
	exit 0
fi
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gobtfenc
if [ -z "$dir" ]; then
	# Offline too: whatever was fetched before is good.
	for p in $cached; do
		for d in "$cache"/$p; do
			is_whole "$d" && echo "$d" && exit 0
		done
	done
fi

. "$(dirname "$0")/apt.sh"

# real PACKAGE: the package itself, or the one that a package without files of its own stands for.
real() {
	apt apt-cache show --no-all-versions "$1" >"$work/show" 2>/dev/null || return 1
	[ -s "$work/show" ] || return 1
	behind=$(sed -n 's/^Depends: \(.*, \)\{0,1\}\(linux-image-[^ ,]*-dbg\).*/\2/p' "$work/show")
	echo "${behind:-$1}"
}

# download: puts the first package to be had into $work and its name into $package.
download() {
	for want in $packages; do
		package=$(real "$want") || continue
		[ -n "$dir" ] || is_whole "$cache/$package" && return 0
		say "downloading $package (about $size)"
		(cd "$work" && apt apt-get download -q "$package" >"$work/log" 2>&1) && return 0
		grep -v '^W:' "$work/log" >&2 || :
	done
	return 1
}
if ! download; then
	use_own_lists
	download || die "no package to be had among: $packages"
fi

dir=${dir:-$cache/$package}
if is_whole "$dir"; then
	echo "$dir"
	exit 0
fi
# In the cache a damaged folder of our own gives way; whatever else lies there does not.
case $dir in "$cache"/linux-image-*) [ ! -f "$dir/.complete" ] || rm -rf "$dir" ;; esac
[ ! -e "$dir" ] || rmdir "$dir" 2>/dev/null || die "$dir is in the way: not a kernel and not empty"
mkdir -p "$(dirname "$dir")"
new=$(mktemp -d "$(dirname "$dir")/.unpack.XXXXXX")
trap 'rm -rf "$work" "$new"' EXIT
need=$(dpkg-deb -f "$work"/*.deb Installed-Size)
free=$(df -Pk "$new" | awk 'NR == 2 { print $4 }')
[ "$free" -gt "$need" ] || die "$need KiB are needed in $(dirname "$dir"), $free are free"
say "unpacking into $dir ($((need / 1024)) MiB)"
dpkg-deb -x "$work"/*.deb "$new"
has_kernel "$new" || die "$package has not what a kernel has"
files "$new" >"$work/complete"
mv "$work/complete" "$new/.complete"
chmod 755 "$new"
# Another run may have been faster; its folder is as good.
mv -T "$new" "$dir" 2>/dev/null || is_whole "$dir" || die "cannot put $dir in its place"
(cd "$dir" && pwd)
