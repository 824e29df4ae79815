#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes sure that commands, headers of C and other files are there:
#
#	scripts/install-packages.sh COMMAND|HEADER.h|/PATH...
#
# What is missing is installed from Debian's packages, through sudo where that is needed. Where
# that cannot be done it is an error under CI; elsewhere the tests that need the command are
# skipped and say so.
set -eu

say() { printf 'install-packages: %s\n' "$*" >&2; }

# package COMMAND: the Debian package that has it.
package() {
	case $1 in
	gcc) echo gcc libc6-dev ;;
	eu-elflint) echo elfutils ;;
	objcopy | readelf) echo binutils ;;
	pahole) echo dwarves ;;
	qemu-system-x86_64) echo qemu-system-x86 ;;
	slurmctld | slurmd | sbatch) echo slurm-wlm ;;
	xz) echo xz-utils ;;
	ld.lld*) echo "lld${1#ld.lld}" ;;
	llvm-objcopy*) echo "llvm${1#llvm-objcopy}" ;;
	libelf.h) echo libelf-dev ;;
	openssl/*.h) echo libssl-dev ;;
	script) echo bsdutils ;;
	*/bash_completion) echo bash-completion ;;
	*) echo "$1" ;;
	esac
}

missing() {
	for c in "$@"; do
		case $c in
		*.h) [ -f "/usr/include/$c" ] || echo "$c" ;;
		/*) [ -f "$c" ] || echo "$c" ;;
		*) command -v "$c" >/dev/null || echo "$c" ;;
		esac
	done
}

give_up() {
	say "$1; missing: $(missing $commands | tr '\n' ' ')"
	[ -z "${CI:-}" ] || exit 1
	exit 0
}

commands=$*
lacking=$(missing $commands)
[ -n "$lacking" ] || exit 0
packages=$(for c in $lacking; do package "$c"; done | tr '\n' ' ')

command -v apt-get >/dev/null || give_up "no apt-get: install them by hand"
sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || give_up "not root and no sudo: apt-get install $packages"
	sudo=sudo
fi
say "installing $packages"
install_them() {
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $packages </dev/null >&2
}
# Fresh machines have no package lists, others have old ones.
install_them 2>/dev/null || {
	$sudo apt-get update -qq >&2 || say "apt-get update failed"
	install_them || give_up "apt-get failed"
}
[ -z "$(missing $commands)" ] || give_up "installed $packages"
