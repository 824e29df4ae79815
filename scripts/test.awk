# SPDX-License-Identifier: BSD-2-Clause
#
# Reads the output of go test -v and prints what is worth reading: a line per package, skipped
# tests with their reasons, failed packages whole. The last line counts.
#
#	status  exit status of go test
#	strict  1: a test skipped because a tool or the corpus is missing is a failure
#
# Exit status 1 if go test failed, if a skip was refused, or if no test ran.

# The tests say "no clang", "no corpus of …".
function lacking(reason) {
	return reason ~ /\.go:[0-9]+: no (corpus|gcc|clang|objcopy|eu-elflint|bpftool|pahole|make)|pahole is "",/
}

# What a test says comes under a line that names the test; its result may come much later.
/^=== (RUN|NAME|CONT)/ { test = $3 }
/^ *[A-Za-z0-9_]+\.go:[0-9]+: / {
	said[test] = $0
	sub(/^ +/, "", said[test])
}

/^ *--- PASS: / { passed++ }
/^ *--- FAIL: / { bad++ }
/^ *--- SKIP: / {
	reason = said[$3] ? said[$3] : "no reason given"
	sub(/\/.*/, "/…", $3)
	skipped++
	if (strict && lacking(reason)) {
		refused++
		reason = reason ": not allowed under CI"
	}
	if (!count[$3 ": " reason]++)
		order[++n] = $3 ": " reason
}

{ text = text $0 "\n" }

/^(ok|FAIL) *\t/ {
	if ($1 == "FAIL") {
		failures++
		printf "%s", text
	} else
		print
	for (i = 1; i <= n; i++)
		printf "\tskipped %d× %s\n", count[order[i]], order[i]
	text = ""
	n = 0
	split("", count)
	split("", said)
}
/^\?.*no test files/ { text = "" }

END {
	if (status != 0 && !failures) {
		printf "%s", text
		failures++
	}
	if (refused)
		printf "%d skipped that must not be under CI\n", refused
	# A package that does not build counts as one failure.
	printf "%d passed, %d failed, %d skipped\n", passed, bad ? bad : failures, skipped
	exit status != 0 || refused > 0 || !passed
}
