#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes a release of the commit that is checked out: for each system and machine a static
# binary in an archive, for Linux also .deb and .rpm, a list of what is in the binaries
# (CycloneDX), and the sums of all:
#
#	scripts/release.sh [FOLDER]    default bin/release
#
#	TARGETS    "linux/amd64 darwin/arm64 ...": only these
#
# All of it is made twice, from two folders and with compiler caches of their own, and the
# bytes have to be equal. Nothing of the work tree goes in that is not committed.
set -euo pipefail
cd "$(dirname "$0")/.."

targets=${TARGETS:-linux/amd64 linux/arm64 linux/386 linux/arm linux/riscv64 linux/ppc64le linux/s390x linux/loong64
	darwin/amd64 darwin/arm64 freebsd/amd64 openbsd/amd64 netbsd/amd64}
out=${1:-bin/release}
mkdir -p "$out"
out=$(cd "$out" && pwd)
bin=$PWD/bin

version=$(git describe --tags --always)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
export CGO_ENABLED=0 GOFLAGS=-mod=readonly
umask 022

# Packages want versions that begin with a digit and grow.
case $version in
v[0-9]*) PACKAGE_VERSION=$(echo "${version#v}" | tr - +) ;;
*) PACKAGE_VERSION=0~$(date -d "@$SOURCE_DATE_EPOCH" +%Y%m%d).$version ;;
esac
export PACKAGE_VERSION

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

# build SOURCE RESULT makes everything.
build() {
	local source=$1 result=$2 target goos goarch name stage doc module
	mkdir -p "$result"
	# The binary of this machine is the one that make install takes completions and
	# manual pages from.
	make -C "$source" -s bin/gobtfenc VERSION="$version"
	make -C "$source" -s install PREFIX=/usr DESTDIR="$source.stage" VERSION="$version"
	doc=$source.stage/usr/share/doc/gobtfenc
	install -D -m 644 "$source/LICENSE" "$doc/copyright"
	gzip -9n "$source.stage"/usr/share/man/man1/*.1
	for target in $targets; do
		goos=${target%/*} goarch=${target#*/}
		name=gobtfenc-$PACKAGE_VERSION-$goos-$goarch
		stage=$source.stage/usr/bin/gobtfenc
		echo "$name"
		(cd "$source" && GOOS=$goos GOARCH=$goarch go build -trimpath -buildvcs=false \
			-ldflags "-s -w -X main.version=$version" -o "$stage" ./cmd/gobtfenc)
		chmod 755 "$stage"
		(cd "$source" && GOOS=$goos GOARCH=$goarch licences) >"$doc/licences"
		while read -r module; do
			grep -q "^==== $module " "$doc/licences" || {
				echo "release: no licence of $module" >&2
				return 1
			}
		done < <(go version -m "$stage" | awk '$1 == "dep" {print $2}')
		find "$source.stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
		if [ "$goos" = linux ] && readelf -lW "$stage" | grep -E 'INTERP|DYNAMIC'; then
			echo "release: $name is not static" >&2
			return 1
		fi
		tar -C "$source.stage" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
			--transform="s,^\./usr,$name," -cf - ./usr | gzip -9n >"$result/$name.tar.gz"
		"$bin/cyclonedx-gomod" bin -json -std -noserial -notimestamp -version "$version" -output "$result/$name.cdx.json" "$stage" 2>"$work/log" || {
			cat "$work/log" >&2
			return 1
		}
		if [ "$goos" = linux ]; then
			package "$source" "$result" "$goarch"
		fi
	done
	(cd "$result" && sha256sum -- * >SHA256SUMS)
}

# licences prints those of what others have in the binary, as most of them ask for.
licences() {
	local module version folder file
	printf '==== Go\n\n'
	cat "$(go env GOROOT)/LICENSE"
	go list -deps -f '{{$dir := .Dir}}{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}
{{.Path}} {{.Version}} {{$dir}}
{{end}}{{end}}' ./cmd/gobtfenc | sort -u >"$work/modules"
	while read -r module version folder; do
		[ -n "$module" ] || continue
		find "$folder" -maxdepth 1 -type f \( -iname '*licen[sc]e*' -o -iname 'copying*' -o -iname 'notice*' \) | sort | while read -r file; do
			printf '\n==== %s %s: %s\n\n' "$module" "$version" "${file##*@"$version"/}"
			cat "$file"
		done
	done <"$work/modules"
}

# package SOURCE RESULT GOARCH makes .deb and .rpm of what is staged.
package() {
	local arch=$3
	[ "$arch" = arm ] && arch=arm7
	(cd "$1.stage" && PACKAGE_ARCH=$arch "$bin/nfpm" package -f "$1/scripts/nfpm.yaml" -p deb -t "$2/" &&
		PACKAGE_ARCH=$arch "$bin/nfpm" package -f "$1/scripts/nfpm.yaml" -p rpm -t "$2/") >/dev/null
}

for folder in one another/and/deeper; do
	mkdir -p "$work/$folder/source"
	git archive HEAD | tar -xC "$work/$folder/source"
done
build "$work/one/source" "$work/one/result"
echo "once more, elsewhere"
GOCACHE=$work/cache build "$work/another/and/deeper/source" "$work/another/result"
diff -r "$work/one/result" "$work/another/result"
cp "$work/one/result/"* "$out/"
echo "equal both times: $(find "$work/one/result" -type f | wc -l) files of $version in $out"
