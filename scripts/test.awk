# SPDX-License-Identifier: BSD-2-Clause
#
# Reads the output of go test -v (variable status: its exit status) and prints what is worth
# reading: a line per package, skipped tests with their reasons, failed packages whole. The last
# line counts. Exit status 1 for a failure, and under CI for a skip that the tests' own rules do
# not allow.

function allowed(reason) { return reason ~ /kernel|-short|short mode/ }

# A test's messages come before its own line, each behind FILE:LINE.
/^ *[A-Za-z0-9_]+\.go:[0-9]+: / { said = $0; sub(/^ +/, "", said) }

/^ *--- PASS: / { passed++ }
/^ *--- FAIL: / { bad++ }
/^ *--- SKIP: / {
	skipped++
	verdict = "skipped"
	if (ENVIRON["CI"] != "" && !allowed(said)) {
		verdict = "SKIPPED, which CI does not allow"
		refused++
	}
	skips = skips "  " verdict ": " $3 ": " said "\n"
}

{ text = text $0 "\n" }

/^(ok|FAIL|\?|---) *\t/ || /^FAIL$/ {
	if ($1 == "FAIL" && NF > 1) {
		failures++
		printf "%s", text
	} else if ($1 == "ok")
		print
	printf "%s", skips
	text = skips = ""
}

END {
	if (status != 0 && !failures) {
		printf "%s", text
		failures++
	}
	printf "%d passed, %d failed, %d skipped\n", passed, bad + (bad ? 0 : failures), skipped
	if (refused)
		printf "%d skipped that must not be under CI\n", refused
	exit status != 0 || refused > 0
}
