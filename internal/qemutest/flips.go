package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/checks"
)

// Valid BTF of which one bit is another: whether BPF_BTF_LOAD takes it, and what
// it writes into its log about what it does not take, has to be what btf.Check
// says. A base is large, and its log many times as large, so of one the verdict
// alone is asked for.

// flipModule is the module whose BTF, without a base, has its bits changed.
const flipModule = "overlay"

// flipSet is BTF and how many of its bits are changed, one at a time.
type flipSet struct {
	name  string
	path  string // here
	data  []byte
	count int
}

func (s *flipSet) guestPath() string { return "/flips/" + s.name + ".btf" }

// step is what the guest is told.
func (s *flipSet) step() step { return step{"flips", strconv.Itoa(s.count), s.guestPath()} }

// writeFlips writes the BTFs.
func (h *host) writeFlips() ([]flipSet, error) {
	dir := filepath.Join(h.work, "flips")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	m := h.modules[flipModule]
	if m == nil {
		return nil, fmt.Errorf("no module %s", flipModule)
	}
	sets := []flipSet{
		{name: flipModule, path: filepath.Join(dir, "module.btf"), count: h.flips},
		{name: "vmlinux", path: filepath.Join(dir, "base.btf"), count: h.baseFlips, data: h.baseBytes},
	}
	err := command(h.ctx, h.tool, "encode", "--detached", sets[0].path, m.path)
	if err == nil {
		sets[0].data, err = os.ReadFile(sets[0].path)
	}
	return sets, errors.Join(err, os.WriteFile(sets[1].path, h.baseBytes, 0o644))
}

// logged is how large BTF may be of whose faults the log is wanted, in bytes.
const logged = 1 << 20

// verdicts calls judge with data of which one bit after the other is changed,
// and returns what it says.
func verdicts(data []byte, count int, judge func(data []byte) string) []string {
	data = slices.Clone(data)
	all := make([]string, count)
	for i := range all {
		bit := btftest.FlipBit(len(data), i)
		btftest.Flip(data, bit)
		all[i] = judge(data)
		btftest.Flip(data, bit)
	}
	return all
}

// accepted is a verdict; others are refused and the log behind it.
const (
	accepted = "accepted"
	refused  = "refused"
)

// ours is our verdict.
func ours(data []byte) string {
	rules := linux612
	rules.Load = true
	err := btf.Check(data, nil, rules)
	if err == nil {
		return accepted
	}
	if len(data) > logged {
		return refused
	}
	var h *btf.HeaderError
	if errors.As(err, &h) {
		return refused + "\n" + h.Msg
	}
	var r *btf.RuleError
	errors.As(err, &r)
	return refused + "\n" + endOfLog(strings.Join(r.Log, "\n"))
}

// endOfLog returns the last line of a log, and with one that is about a part of
// a type that type's line before it.
func endOfLog(log string) string {
	lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
	last := len(lines) - 1
	for i := last; i >= 0; i-- {
		if strings.HasPrefix(lines[i], "\t") {
			continue
		}
		if i < last {
			return lines[i] + "\n" + lines[last]
		}
		break
	}
	return lines[last]
}

// judgeFlips compares the kernel's verdicts with ours.
func (b *boot) judgeFlips(t *checks.Tally) {
	for _, s := range b.flipSets {
		a := b.said(s.step().verb, s.step().name, s.step().file)
		text, err := unpack(a.detail)
		if !a.ok || err != nil {
			t.Check(false, "%s with one bit changed: %q: %v", s.name, a.detail, err)
			continue
		}
		kernel, our := strings.Split(string(text), "\x00"), verdicts(s.data, s.count, ours)
		var bad []string
		taken := 0
		for i := range min(len(kernel), len(our)) {
			if our[i] == accepted {
				taken++
			}
			if kernel[i] != our[i] {
				bad = append(bad, fmt.Sprintf("%d, bit %d: the kernel: %q, we: %q", i, btftest.FlipBit(len(s.data), i), kernel[i], our[i]))
			}
		}
		t.Check(len(kernel) == s.count && len(bad) == 0, "%s with one of %d bits changed: of %d the kernel refuses %d, and so do we: %d differ",
			s.name, 8*len(s.data), s.count, s.count-taken, len(bad))
		tell(t, bad)
	}
}
