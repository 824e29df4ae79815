#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Fetches Debian packages, unpacks them side by side and prints the folder:
#
#	scripts/fetch-packages.sh NAME PACKAGE...
#
# Nothing is installed and nothing outside the folder changes; root is not needed. The packages
# come through apt, which checks them against the signed lists. A second run finds the folder and
# fetches nothing. A file in the cache with an older version is as good as a new one.
#
#	NAME      of the folder below ${XDG_CACHE_HOME:-~/.cache}/gobtfenc
#	PACKAGE   a package, or PACKAGE:PATTERN for what a package without files of its own depends
#	          on, by an extended regular expression
set -eu

say() { printf 'fetch-packages: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

name=$1
shift
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gobtfenc
dir=$cache/$name
if [ -f "$dir/.complete" ]; then
	echo "$dir"
	exit 0
fi

. "$(dirname "$0")/apt.sh"

# depends PACKAGE PATTERN: the packages among its dependencies, alternatives left out, that match.
depends() {
	apt apt-cache show --no-all-versions "$1" | sed -n 's/^Depends: //p' | tr ',' '\n' |
		sed 's/|.*//; s/([^)]*)//; s/^ *//; s/ *$//' | grep -Ex "$2"
}

# download PACKAGE[:PATTERN]...: puts them into $work.
download() {
	for want in "$@"; do
		case $want in
		*:*) package=$(depends "${want%%:*}" "${want#*:}" 2>/dev/null | head -n 1) ;;
		*) package=$want ;;
		esac
		[ -n "$package" ] || return 1
		say "downloading $package"
		(cd "$work" && apt apt-get download -q "$package" >"$work/log" 2>&1) || return 1
	done
}
if ! download "$@"; then
	rm -f "$work"/*.deb # of versions that newer lists may not have
	use_own_lists
	download "$@" || {
		[ ! -f "$work/log" ] || cat "$work/log" >&2
		die "cannot be had: $*"
	}
fi

# In the cache a half folder of our own gives way; a whole one was put there by another run.
[ -f "$dir/.complete" ] || rm -rf "$dir"
mkdir "$work/root"
for deb in "$work"/*.deb; do
	dpkg-deb -x "$deb" "$work/root"
done
basename -a "$work"/*.deb >"$work/root/.complete"
chmod 755 "$work/root"
# Another run may have been faster; its folder is as good.
mv -T "$work/root" "$dir" 2>/dev/null || [ -f "$dir/.complete" ] || die "cannot put $dir in its place"
echo "$dir"
