#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What splitting does, seen on a kernel: each module's BTF standing alone, its BTF on top of
# vmlinux, how many times smaller that is, and how many of its types vmlinux has.
#
#	scripts/demo.sh                 the small tree of testdata/kernel
#	KERNEL=debian scripts/demo.sh   a whole Debian kernel, fetched by scripts/fetch-kernel.sh
#	KERNEL=FOLDER scripts/demo.sh   any folder with a vmlinux and modules that have DWARF
#
#	GOBTFENC  the command (default: built from this tree)
#	TOP       of a large kernel, how many modules the table shows (default 20)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "${GOBTFENC:-}" ]; then
	GOBTFENC=$work/gobtfenc
	(cd "$root" && go build -o "$GOBTFENC" ./cmd/gobtfenc)
fi

# A tree's modules, one path a line, and its vmlinux.
kernel=${KERNEL:-testdata}
case $kernel in
testdata)
	tree=$root/testdata/kernel/obj
	vmlinux=$tree/vmlinux
	# nodebug.ko has no DWARF at all, which alone is a failure.
	find "$tree" -maxdepth 1 -name '*.ko' ! -name nodebug.ko | LC_ALL=C sort >"$work/modules"
	;;
*)
	tree=$kernel
	[ "$kernel" != debian ] || tree=$("$here/fetch-kernel.sh")
	vmlinux=$(find "$tree" -name 'vmlinux*' -type f -size +0 | LC_ALL=C sort | head -n 1)
	find "$tree" -name '*.ko' -type f | LC_ALL=C sort >"$work/modules"
	;;
esac
[ -n "$vmlinux" ] || { echo "demo: no vmlinux in $tree" >&2; exit 1; }
[ -s "$work/modules" ] || { echo "demo: no modules in $tree" >&2; exit 1; }

# encode OUT [FLAG...]: every module to OUT/NAME.btf. Paths may hold spaces. A module that fails
# is missing in the table, and the demo's exit status is 1.
failed=0
encode() {
	out=$1
	shift
	mkdir -p "$out"
	while IFS= read -r m; do
		set -- "$@" "$m"
	done <"$work/modules"
	"$GOBTFENC" encode --out-dir "$out" "$@" || failed=1
}

echo "$(basename "$vmlinux"): the base, from its DWARF"
mkdir -p "$work/base"
"$GOBTFENC" encode --out-dir "$work/base" "$vmlinux"
base=$(find "$work/base" -name '*.btf')

echo
echo "$(wc -l <"$work/modules") modules, each alone"
encode "$work/alone"
echo
echo "the same on top of the base"
encode "$work/split" --base "$base"
echo

# types FILE [FLAG...]: how many types of its own it has.
types() { "$GOBTFENC" dump --format raw "$@" | grep -c '^\[' || :; }

size() { wc -c <"$1" | tr -d ' '; }

for f in "$work"/alone/*.btf; do
	name=$(basename "$f" .btf)
	[ -f "$work/split/$name.btf" ] || continue
	printf '%s\t%s\t%s\n' "$(size "$f")" "$(size "$work/split/$name.btf")" "$name"
done | sort -t "$(printf '\t')" -k1,1nr -k3,3 >"$work/sizes"

shown=${TOP:-20}
[ "$kernel" != testdata ] || shown=$(wc -l <"$work/sizes")
head -n "$shown" "$work/sizes" | while IFS="$(printf '\t')" read -r alone split name; do
	all=$(types "$work/alone/$name.btf")
	own=$(types --base "$base" "$work/split/$name.btf")
	printf '%s\t%s\t%s\t%s\t%s\n' "$name" "$alone" "$split" "$all" "$own"
done | awk -F '\t' '
	BEGIN { printf "%-24s %12s %12s %8s %8s %8s %8s\n", "module", "alone, bytes", "split, bytes", "ratio", "types", "own", "shared" }
	{ printf "%-24s %12d %12d %8.1f %8d %8d %8d\n", $1, $2, $3, $2 / ($3 ? $3 : 1), $4, $5, $4 - $5 }'
awk -F '\t' -v shown="$shown" '
	{ alone += $1; split_ += $2 }
	END {
		if (NR > shown) printf "%-24s\n", "… and " NR - shown " more"
		printf "%-24s %12d %12d %8.1f\n", NR " modules", alone, split_, alone / (split_ ? split_ : 1)
	}' "$work/sizes"
exit $failed
