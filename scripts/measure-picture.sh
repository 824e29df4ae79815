#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes docs/measure.png: the page of gobtfenc measure of a Debian kernel, in Chromium.
#
#	scripts/measure-picture.sh
#
#	GOBTFENC  the command (default: built from this tree)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$here/install-packages.sh" chromium

if [ -z "${GOBTFENC:-}" ]; then
	GOBTFENC=$work/gobtfenc
	(cd "$root" && go build -o "$GOBTFENC" ./cmd/gobtfenc)
fi
kernel=$("$here/fetch-kernel.sh")
vmlinux=$(find "$kernel" -name 'vmlinux-*' -type f -size +0 | LC_ALL=C sort | head -n 1)
modules=$(find "$kernel" -path '*/lib/modules/*/kernel' -type d | LC_ALL=C sort | head -n 1)
cd "$(dirname "$modules")"
"$GOBTFENC" measure --base "$vmlinux" -o "$work/page.html" kernel
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
	--window-size=1280,1210 --screenshot="$work/page.png" "file://$work/page.html"
mv "$work/page.png" "$root/docs/measure.png"
