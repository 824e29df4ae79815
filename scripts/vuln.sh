#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Looks for known vulnerabilities in what gobtfenc calls, the standard library included:
#
#	scripts/vuln.sh
#
#	VULNDB    version of the database (default: the newest; "pinned": that of
#	          tools/release/go.mod)
#
# The database comes as a Go module, so that nothing but the module proxy has to be
# reached.
set -euo pipefail
cd "$(dirname "$0")/.."

module=golang.org/x/vulndb
case ${VULNDB:-latest} in
pinned) version=$(go -C tools/release list -m -f '{{.Version}}' $module) ;;
*) version=$(go -C tools/release list -m -f '{{.Version}}' "$module@${VULNDB:-latest}") ;;
esac
folder=$(go -C tools/release mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
echo "database: $version, $(find "$folder/data/osv" -name '*.json' | wc -l) entries"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bin/indexdb -vulns "$folder/data/osv" -out "$work"
bin/govulncheck -db "file://$work" -test ./...
