package main

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/internal/checks"
)

// diffTrees has gobtfenc diff compare what both encoders made. It exits with 1
// where there is a difference in meaning, or a module too few.
func diffTrees(t *checks.Tally, e *encoders) {
	took, err := e.run(e.tool, nil, "diff", fmt.Sprintf("-j%d", jobs), "--base", e.Vmlinux, e.out("pahole"), e.out("j2"))
	t.Check(err == nil, "gobtfenc diff: pahole's BTF and ours are the same: %s", took)
	if err != nil {
		t.Note("%v", err)
	}
}
