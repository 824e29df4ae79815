package main

import (
	"os"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/checks"
)

// regressTree has gobtfenc regress accept the kernel as it is, find nothing worse,
// and find it worse by the rules of an older pahole, whose functions are others.
func regressTree(t *checks.Tally, e *encoders) error {
	baseline := e.out("baseline")
	regress := func(args ...string) error {
		took, err := e.run(e.tool, nil, append(append([]string{"regress", "--baseline", baseline, "--base", e.Vmlinux}, args...), e.Dir)...)
		t.Note("gobtfenc regress %s: %s", strings.Join(args, " "), took)
		return err
	}
	if err := regress("--update"); err != nil {
		return err
	}
	st, err := os.Stat(baseline)
	if err != nil {
		return err
	}
	t.Check(regress() == nil, "gobtfenc regress: nothing is worse than a baseline of %d bytes", st.Size())
	err = regress("--features", "pahole-1.24")
	t.Check(err != nil && strings.Contains(err.Error(), "is lost"), "gobtfenc regress: functions are lost by the rules of pahole 1.24")
	return nil
}
