#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Fetches the source of Debian's kernel 6.12, 150 MB, unpacks it and prints the folder. As with
# scripts/fetch-packages.sh, nothing outside the folder changes, and a second run fetches nothing.
set -eu

package=linux-source-6.12
dir=$("$(dirname "$0")"/fetch-packages.sh $package $package)
source=$dir/$package
if [ ! -f "$source.complete" ]; then
	echo "fetch-source: unpacking $source" >&2
	tar -xf "$dir/usr/src/$package.tar.xz" -C "$dir"
	rm "$dir/usr/src/$package.tar.xz"
	touch "$source.complete"
fi
echo "$source"
