#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Looks for known vulnerabilities in what gobtfenc calls, the standard library included:
#
#	scripts/vuln.sh
#
#	VULNDB    version of the database (default: latest)
#
# The database comes as a Go module, so that nothing but the module proxy has to be
# reached. govulncheck reads it from a folder of the form that a server has
# (go.dev/doc/security/vuln/database): an entry per file, and who is affected by which.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

field() { jq -r ".$1 // empty" "$work/module.json"; }
(cd "$work" && go mod download -json "golang.org/x/vulndb@${VULNDB:-latest}") >"$work/module.json" || {
	field Error >&2
	exit 1
}
folder=$(field Dir)/data/osv
echo "database $(field Version): $(find "$folder" -name '*.json' | wc -l) entries"

# What befalls only systems that no release is for, such as Windows, is left out: govulncheck
# itself tells of all systems.
systems=$(sed -n '/^targets=/,/}/p' scripts/release.sh | grep -oE '[a-z]+/' | sort -u | tr -d / | jq -R . | jq -cs .)
mkdir "$work/db" "$work/db/index"
ln -s "$folder" "$work/db/ID"
find "$folder" -name '*.json' -exec cat {} + | jq -s --argjson systems "$systems" '
	def ours: .ecosystem_specific.imports // [] | . == [] or any(.[]; .goos // [] | . == [] or any(.[]; IN($systems[])));
	[.[] | select(.withdrawn | not) | {id, modified} as $entry | .affected[] | select(ours) | {path: .package.name, entry: $entry}]
	| group_by(.path) | map({path: .[0].path, vulns: (map(.entry) | unique_by(.id))})' >"$work/db/index/modules.json"
echo "for $systems: $(jq '[.[].vulns[].id] | unique | length' "$work/db/index/modules.json")"
echo '{"modified":"1970-01-01T00:00:00Z"}' >"$work/db/index/db.json"

bin/govulncheck -db "file://$work/db" ./...
