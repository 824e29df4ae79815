// Package regress tells what is worse in a tree's BTF than in what was accepted
// before, the baseline.
//
// A module's BTF is compared with that of the baseline by meaning (report/diff),
// measured, and checked by the rules of the kernel (btf). The baseline holds the
// BTF itself, not its hashes: what is lost or changed can be named, down to the
// member.
package regress

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/number"
	"github.com/gobtfenc/gobtfenc/report/diff"
)

// Rule is what a finding is about.
type Rule string

// The rules.
const (
	Lost    Rule = "lost"    // a module, type or function is there no more
	Changed Rule = "changed" // a type or function is another one
	Failed  Rule = "failed"  // a module could not be encoded
	Grown   Rule = "grown"   // beyond the budget
	Copied  Rule = "copied"  // types that the base, or the module itself, has already
	Invalid Rule = "invalid" // a kernel would refuse it
)

// Finding is something that is worse.
type Finding struct {
	Module  string
	Rule    Rule
	What    string // "struct cfg", "function dev_open", or empty: the module
	Details []string
	Allowed bool // by a Leave
}

// Options say what counts as worse.
type Options struct {
	Total  Growth // of all modules together
	Module Growth // of each
	Leave  []Leave
	Jobs   int
}

// rules are those of the newest kernel and of libbpf.
var rules = btf.Rules{Load: true, Libbpf: true}

// Got is what became of a module: its BTF, which may be empty, or an error.
type Got struct {
	Name string
	BTF  []byte
	Err  error
}

// Report is the outcome.
type Report struct {
	Modules  []string  // all that were looked at, by name
	New      []string  // those of them that the baseline has not
	Findings []Finding // by module
	OldBytes uint64    // of the modules that are in both
	NewBytes uint64
}

// vmlinux is the name of the base in a report.
const vmlinux = "vmlinux"

// Compare compares the modules of a tree, by name, which stand on base, with the
// baseline. It returns an error where the BTF of a base or of the baseline cannot
// be read.
func Compare(old *Baseline, base []byte, got []Got, o Options) (*Report, error) {
	oldBase, err := parseBase(old.Base)
	if err != nil {
		return nil, fmt.Errorf("baseline: base: %w", err)
	}
	newBase, err := parseBase(base)
	if err != nil {
		return nil, fmt.Errorf("base: %w", err)
	}
	if string(old.Base) == string(base) {
		newBase = oldBase
	}
	c := &comparison{Options: o, comparer: diff.NewComparer(oldBase, newBase), oldBase: oldBase, newBase: newBase}
	c.compareBases()
	if err := c.compareAll(pair(old.Modules, got)); err != nil {
		return nil, err
	}
	return c.finish(), nil
}

// parseBase reads the BTF of a base, nil for none.
func parseBase(data []byte) (*btf.BTF, error) {
	if len(data) == 0 {
		return nil, nil
	}
	return btf.Parse(data, nil)
}

// both is a module of the baseline and of the tree, either of which may be nil.
type both struct {
	name string
	old  *Module
	got  *Got
}

// pair brings together what has one name, by name.
func pair(old []Module, got []Got) []both {
	byName := map[string]*both{}
	of := func(name string) *both {
		if byName[name] == nil {
			byName[name] = &both{name: name}
		}
		return byName[name]
	}
	for i := range old {
		of(old[i].Name).old = &old[i]
	}
	for i := range got {
		of(got[i].Name).got = &got[i]
	}
	all := make([]both, 0, len(byName))
	for _, b := range byName {
		all = append(all, *b)
	}
	slices.SortFunc(all, func(a, b both) int { return strings.Compare(a.name, b.name) })
	return all
}

type comparison struct {
	Options
	comparer         *diff.Comparer
	oldBase, newBase *btf.BTF
	report           Report
}

// compareBases looks at the base as at a module, whose types may be lost, too.
func (c *comparison) compareBases() {
	if c.oldBase == nil || c.newBase == nil || c.oldBase == c.newBase {
		return
	}
	alone := diff.NewComparer(nil, nil)
	m := alone.Compare(vmlinux, asInput(c.oldBase, 0), asInput(c.newBase, 0))
	c.report.Findings = append(c.report.Findings, differences(&m)...)
}

// compareAll compares all modules, some at once, in their order.
func (c *comparison) compareAll(all []both) error {
	found := make([][]Finding, len(all))
	var g errgroup.Group
	g.SetLimit(max(c.Jobs, 1))
	for i := range all {
		g.Go(func() (err error) {
			found[i], err = c.compareOne(&all[i])
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	r := &c.report
	for i := range all {
		b := &all[i]
		r.Findings = append(r.Findings, found[i]...)
		r.Modules = append(r.Modules, b.name)
		switch {
		case b.old == nil:
			r.New = append(r.New, b.name)
		case b.got != nil && b.got.Err == nil:
			r.OldBytes += uint64(len(b.old.BTF))
			r.NewBytes += uint64(len(b.got.BTF))
		}
	}
	return nil
}

// compareOne returns what is worse in a module.
func (c *comparison) compareOne(b *both) ([]Finding, error) {
	switch {
	case b.got == nil:
		return []Finding{{Module: b.name, Rule: Lost}}, nil
	case b.got.Err != nil:
		return []Finding{{Module: b.name, Rule: Failed, Details: []string{b.got.Err.Error()}}}, nil
	}
	var found []Finding
	if b.old != nil {
		if was, now := uint64(len(b.old.BTF)), uint64(len(b.got.BTF)); c.Module.exceeded(was, now) {
			found = append(found, Finding{Module: b.name, Rule: Grown, Details: []string{grownBy(was, now)}})
		}
	}
	if len(b.got.BTF) > 0 {
		if err := btf.Check(b.got.BTF, c.newBase, rules); err != nil {
			return append(found, Finding{Module: b.name, Rule: Invalid, Details: []string{err.Error()}}), nil
		}
	}
	old, err := c.oldInput(b.old)
	if err != nil {
		return nil, err
	}
	now, err := input(b.got.BTF, c.newBase)
	if err != nil {
		return append(found, Finding{Module: b.name, Rule: Invalid, Details: []string{err.Error()}}), nil
	}
	if old == nil && now == nil {
		return found, nil
	}
	m := c.comparer.Compare(b.name, old, now)
	if m.New != nil && m.New.Copies > 0 {
		found = append(found, Finding{Module: b.name, Rule: Copied, Details: []string{number.Plural(m.New.Copies, "type", "types")}})
	}
	if m.New == nil {
		return append(found, Finding{Module: b.name, Rule: Lost, Details: []string{"has no BTF"}}), nil
	}
	return append(found, differences(&m)...), nil
}

// oldInput reads the BTF of a module of the baseline, nil for none.
func (c *comparison) oldInput(m *Module) (*diff.Input, error) {
	if m == nil {
		return nil, nil
	}
	in, err := input(m.BTF, c.oldBase)
	if err != nil {
		return nil, fmt.Errorf("baseline: %q: %w", m.Name, err)
	}
	return in, nil
}

// input reads the BTF of a module, nil for none.
func input(data []byte, base *btf.BTF) (*diff.Input, error) {
	if len(data) == 0 {
		return nil, nil
	}
	b, err := btf.Parse(data, base)
	if err != nil {
		return nil, err
	}
	return asInput(b, len(data)), nil
}

// asInput returns b, of n bytes, as diff takes it. What is exported is no matter.
func asInput(b *btf.BTF, n int) *diff.Input {
	return &diff.Input{BTF: b, Bytes: uint64(n), Exports: func() map[string]bool { return nil }}
}

// differences returns what of a module is lost or changed. What is only affected
// is not: what it refers to is named where it is changed.
func differences(m *diff.Module) []Finding {
	var found []Finding
	for i := range m.Differences {
		d := &m.Differences[i]
		f := Finding{Module: m.Name, What: d.Kind + " " + d.Name}
		switch d.Change {
		case diff.Removed:
			f.Rule, f.Details = Lost, []string{d.Old}
		case diff.Changed:
			f.Rule = Changed
			for _, detail := range d.Details {
				f.Details = append(f.Details, detail.String())
			}
		default:
			continue
		}
		found = append(found, f)
	}
	return found
}

// finish adds what is said of all modules together, and what has leave.
func (c *comparison) finish() *Report {
	r := &c.report
	if c.Total.exceeded(r.OldBytes, r.NewBytes) {
		r.Findings = append(r.Findings, Finding{Rule: Grown, Details: []string{grownBy(r.OldBytes, r.NewBytes)}})
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Allowed = slices.ContainsFunc(c.Leave, func(l Leave) bool { return l.covers(f) })
	}
	return r
}

// Worse returns how many findings have no leave.
func (r *Report) Worse() int {
	n := 0
	for i := range r.Findings {
		if !r.Findings[i].Allowed {
			n++
		}
	}
	return n
}
