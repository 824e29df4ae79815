# SPDX-License-Identifier: BSD-2-Clause
#
# For scripts that fetch Debian packages, to be read with ". scripts/apt.sh" after $cache, the folder
# for what is fetched, and say and die are there. It makes the folder $work, which goes when the
# script ends.
#
#	arch    the packages' architecture, empty for this machine's
#	suite   the Debian release that they are of, empty for what the system's sources name
#
# Packages of another architecture or release are looked up in lists of our own: neither dpkg nor the
# system's sources hear of them.

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
	[ -z "${arch:-}" ] || set -- -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o Dir::State::Status=/dev/null "$@"
	[ ! -f "$work/sources.list" ] || set -- -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null "$@"
	"$tool" "$@"
}
use_own_lists() {
	own_lists=yes
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
	[ -z "${suite:-}" ] || [ -f "$work/sources.list" ] || use_suite
	say "reading the package lists"
	apt apt-get update -qq >&2
}

# use_suite: the main component of $suite, from where the system has Debian's packages.
use_suite() {
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1)
	[ -n "$mirror" ] || die "no sources of Debian's packages, so none of $suite"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/sources.list"
}

[ -z "${arch:-}${suite:-}" ] || use_own_lists
