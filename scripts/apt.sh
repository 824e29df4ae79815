# SPDX-License-Identifier: BSD-2-Clause
#
# For scripts that fetch Debian packages, to be read with ". scripts/apt.sh" after $cache, the folder
# for what is fetched, and say and die are there. It makes the folder $work, which goes when the
# script ends.

for tool in apt-get apt-cache dpkg-deb; do
	command -v $tool >/dev/null || die "$tool is missing: this needs a Debian or a system like it"
done
mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# The system's package lists first; where they are missing or too old, lists of our own.
own_lists=
apt() {
	tool=$1
	shift
	set -- -o APT::Sandbox::User="$(id -un)" "$@"
	[ -z "$own_lists" ] || set -- -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" "$@"
	"$tool" "$@"
}
use_own_lists() {
	own_lists=yes
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
	say "reading the package lists"
	apt apt-get update -qq >&2
}
