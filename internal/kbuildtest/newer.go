package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/cost"
)

// newest encodes with the default features and compares with a pahole that has the same. older is the
// BTF by a pahole that has not.
func (b *bench) newest(o *objtree, older *kernelBTF) error {
	got, err := b.encoded(o, "default")
	if err != nil {
		return err
	}
	for _, where := range []string{"vmlinux", "modules"} {
		b.Note("%s: tags with the default features: %s", where, spellTags(got.countTags(where)))
	}
	if b.newer == "" {
		return nil
	}
	version, err := paholeVersion(b.newer)
	if err != nil {
		return err
	}
	want, err := b.byPahole(o)
	if err != nil {
		return err
	}
	return b.equalButKnown(o, fmt.Sprintf("the default features against pahole %s", version), want, got, older)
}

// equalButKnown is equal, without what docs/differences.md lists of pahole 1.31 and modules by clang.
// Each case of it is looked at: a function that only pahole has must be one that explain gives a reason
// for, and a per-CPU variable that it has not must be in the older pahole's BTF.
func (b *bench) equalButKnown(o *objtree, what string, want, got, older *kernelBTF) error {
	referee := btftest.NewReferee()
	b.equalVmlinux(referee, what, want, got)
	var other, known []string
	for _, name := range slices.Sorted(maps.Keys(want.modules)) {
		diff := referee.Compare(want.modules[name].btf, got.modules[name].btf)
		functions := linesOf(diff.Missing, btf.KindFunc)
		for _, f := range functions {
			reason, err := b.reason(o, name, f)
			if err != nil {
				return err
			}
			if !slices.Contains(knownReasons, reason) {
				other = append(other, fmt.Sprintf("%s: %s: %q", name, f, reason))
			}
			known = append(known, fmt.Sprintf("%s: only pahole has %s: %s", name, f, reason))
		}
		variables := linesOf(diff.Extra, btf.KindVar)
		for _, v := range variables {
			if !older.modules[name].hasVar(v) {
				other = append(other, fmt.Sprintf("%s: the older pahole has no variable %s either", name, v))
			}
			known = append(known, fmt.Sprintf("%s: only the newer pahole has no variable %s", name, v))
		}
		// Prototypes go with their functions, and the DATASEC is another one with a variable more.
		protos, sections := linesOf(diff.Missing, btf.KindFuncProto), linesOf(diff.Extra, btf.KindDatasec)
		without := linesOf(diff.Missing, btf.KindDatasec)
		if len(protos) > len(functions) || len(sections) > len(variables) || len(without) > len(sections) ||
			len(functions)+len(protos)+len(without) != len(diff.Missing) || len(variables)+len(sections) != len(diff.Extra) ||
			len(diff.Dup)+len(diff.DupInBase) > 0 {
			other = append(other, name+": "+diff.String())
		}
	}
	b.Check(len(other) == 0, "%d modules, %s: %d differ in something that is not known; known: %d functions and variables", len(want.modules), what, len(other), len(known))
	tell(b, other)
	tell(b, known)
	return nil
}

// knownReasons are why functions are left out that pahole 1.31 has in modules by clang.
var knownReasons = []string{"optimized parameters", "several addresses"}

// reason asks explain why a module has no FUNC of a name.
func (b *bench) reason(o *objtree, module, name string) (string, error) {
	out, err := exec.Command(b.tool, "explain", "--base", o.path("vmlinux"), o.path(module), name).Output()
	if err != nil {
		return "", fmt.Errorf("explain %s %s: %w", module, name, err)
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimPrefix(first, name+": a function without BTF: "), nil
}

// linesOf returns the names of one kind in lines of a dump.
func linesOf(lines []string, kind btf.Kind) []string {
	var names []string
	for _, line := range lines {
		if k, name := btftest.KindAndName(line); k == kind.String() {
			names = append(names, name)
		}
	}
	return names
}

// hasVar reports whether a module has a VAR of a name.
func (m *moduleBTF) hasVar(name string) bool {
	for id := m.btf.First(); int(id) < m.btf.NumTypes(); id++ {
		if m.btf.Row(id).Info.Kind() == btf.KindVar && string(m.btf.Name(id)) == name {
			return true
		}
	}
	return false
}

// byPahole has the newer pahole do what encoded does.
func (b *bench) byPahole(o *objtree) (*kernelBTF, error) {
	names, err := o.modules()
	if err != nil {
		return nil, err
	}
	out, err := b.emptyFolder("newer")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	var g errgroup.Group
	g.SetLimit(jobs)
	for _, n := range append([]string{"vmlinux"}, names...) {
		args := []string{"-J", "--btf_features=default", "--lang_exclude=rust", "--btf_encode_detached=" + result(out, n), o.path(n)}
		if n != "vmlinux" {
			args = append([]string{"--btf_base", o.path("vmlinux")}, args...)
		}
		g.Go(func() error {
			_, err := cost.Run(exec.Command(b.newer, args...))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return readResults(out, o.path("vmlinux"), names)
}
