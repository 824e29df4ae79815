package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// inTree builds the kernel with pahole, then with gobtfenc in the way of that pahole, which has to
// give the same, then with the shim as it is.
func (b *bench) inTree() error {
	ref := &objtree{source: b.source, dir: filepath.Join(b.work, "pahole"), pahole: b.reference, log: b.log}
	symbols, err := os.ReadFile(b.config)
	if err != nil {
		return err
	}
	want, err := b.build(ref, string(symbols))
	if err != nil {
		return err
	}
	same, err := ref.clone(filepath.Join(b.work, "same"), b.asSame())
	if err != nil {
		return err
	}
	if err := b.sameVersion(same, want); err != nil {
		return err
	}
	o, got, err := b.byDefault(ref, want)
	if err != nil {
		return err
	}
	for _, step := range []func(*objtree, *kernelBTF) error{
		b.unchanged, b.oneSource, b.newVmlinux, b.batch, b.ourIDs, b.interrupted, b.broken, b.installed,
	} {
		if err := step(o, got); err != nil {
			return err
		}
	}
	if err := b.times(ref, o); err != nil {
		return err
	}
	return b.outOfTree(o.dir)
}

// build builds the tree with pahole, or with what is left of an earlier run.
func (b *bench) build(o *objtree, symbols string) (*kernelBTF, error) {
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return nil, err
	}
	if err := b.configure(o, symbols); err != nil {
		return nil, err
	}
	// An earlier run had resolve_btfids fill the modules in twice, which mixes up flags.
	if _, err := o.removeModules(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	m := o.make()
	if m.err != nil {
		return nil, fmt.Errorf("build with pahole: %w", m.err)
	}
	k, err := o.read()
	if err != nil {
		return nil, err
	}
	version, err := o.config("CONFIG_PAHOLE_VERSION")
	if err != nil {
		return nil, err
	}
	b.Note("%s with pahole %s: make -j%d took %v, %d steps", filepath.Base(o.source), version, jobs, round(m.wall), strings.Count(m.out, "\n"))
	b.Check(len(k.modules) >= minModules, "%d modules, at least %d", len(k.modules), minModules)
	return k, nil
}

// configure sets up a tree by the symbols given, as a .config has them, all others as few as can be,
// and checks that Kconfig took each of them.
func (b *bench) configure(o *objtree, symbols string) error {
	stamp := o.path(".kbuildtest.config")
	if old, err := os.ReadFile(stamp); err != nil || string(old) != symbols {
		wanted := o.path(".kbuildtest.wanted")
		if err := os.WriteFile(wanted, []byte(symbols), 0o644); err != nil {
			return err
		}
		c := o.command("allnoconfig")
		c.Env = append(os.Environ(), "KCONFIG_ALLCONFIG="+wanted)
		if m := start(o.log, c); m.err != nil {
			return fmt.Errorf("allnoconfig: %w", m.err)
		}
		if err := os.Rename(wanted, stamp); err != nil {
			return err
		}
	}
	have, err := os.ReadFile(o.path(".config"))
	if err != nil {
		return err
	}
	var lost []string
	for line := range strings.Lines(symbols) {
		if strings.HasPrefix(line, "CONFIG_") && !strings.Contains(string(have), "\n"+line) {
			lost = append(lost, strings.TrimSpace(line))
		}
	}
	b.Check(len(lost) == 0, "%d symbols of the configuration that Kconfig did not take", len(lost))
	tell(b, lost)
	return nil
}

// lastWithoutList is the last version of pahole that Kbuild gives no list of features. What it then
// does by itself has changed since: gobtfenc pahole is the pahole that came later, unless told.
const lastWithoutList = 125

// sameScript is a pahole of another version, for Kbuild, which asks that version for other things.
const sameScript = `#!/bin/sh
[ "$*" != --version ] || { echo v%s; exit; }
exec "%s" "$@" %s
`

// asSame is where the pahole that sameVersion calls is.
func (b *bench) asSame() string { return filepath.Join(b.work, "pahole-same") }

// sameVersion has gobtfenc be the pahole of the reference in a tree that the reference has made, and
// wants the same types and the same .BTF_ids. The .ko are made anew, and the tree is removed.
func (b *bench) sameVersion(o *objtree, want *kernelBTF) error {
	version, err := paholeVersion(b.reference)
	if err != nil {
		return err
	}
	rules := ""
	if version.number <= lastWithoutList {
		rules = "--btf_features=pahole-1.24"
	}
	script := fmt.Sprintf(sameScript, version, b.shim, rules)
	if err := os.WriteFile(o.pahole, []byte(script), 0o755); err != nil {
		return err
	}
	names, err := o.removeModules()
	if err != nil {
		return err
	}
	if err := o.remove("vmlinux"); err != nil {
		return err
	}
	m := o.make()
	b.Check(m.err == nil, "make with gobtfenc as pahole %s%s", version, because(m.err))
	tell(b, m.complaints())
	if m.err != nil {
		return m.err
	}
	b.Note("linking and BTF anew: %v", round(m.wall))
	got, err := o.read()
	if err != nil {
		return err
	}
	b.clean(m, len(names))
	referee := btftest.NewReferee()
	d := compareVmlinux(referee, want, got)
	b.Check(d.none(), "vmlinux against pahole's: %s", d)
	tell(b, d.files)
	b.Note(".BTF of vmlinux: %d bytes, pahole %d", got.baseBytes, want.baseBytes)
	if d, err = compareModules(referee, want, got); err != nil {
		return err
	}
	b.Check(d.none(), "%d modules against pahole's: %s", len(names), d)
	tell(b, d.files)
	b.Check(len(d.ids) == 0, ".BTF_ids of vmlinux and %d modules, of which %d say something else", got.withIDs(), len(d.ids))
	tell(b, d.ids)
	b.Check(got.bytes <= want.bytes, ".BTF of %d modules: %d bytes, at most the %d of pahole", len(names), got.bytes, want.bytes)
	return os.RemoveAll(o.dir)
}

// clean checks what make said of a build in which the BTF of vmlinux and of n modules was made.
func (b *bench) clean(m built, n int) {
	b.Check(len(m.targets("BTF [M]")) == n, "make made the BTF of %d of %d modules", len(m.targets("BTF [M]")), n)
	b.Check(len(m.complaints()) == 0, "%d lines in which pahole, resolve_btfids or make complain", len(m.complaints()))
	tell(b, m.complaints())
}

// byDefault builds with the shim as it is. That the .ko have pahole's .BTF already must not
// matter. What differs from the reference is only what Kbuild asks newer versions for: other
// functions, and tags.
func (b *bench) byDefault(ref *objtree, want *kernelBTF) (*objtree, *kernelBTF, error) {
	o, err := ref.clone(filepath.Join(b.work, "ours"), b.shim)
	if err != nil {
		return nil, nil, err
	}
	if err := o.remove("vmlinux"); err != nil {
		return nil, nil, err
	}
	m := o.make()
	b.Check(m.err == nil, "make PAHOLE=shim%s", because(m.err))
	tell(b, m.complaints())
	if m.err != nil {
		return nil, nil, m.err
	}
	got, err := o.read()
	if err != nil {
		return nil, nil, err
	}
	b.clean(m, len(got.modules))
	version, err := o.config("CONFIG_PAHOLE_VERSION")
	if err != nil {
		return nil, nil, err
	}
	b.Check(version >= "126", "Kconfig found pahole %s: it asks by name for what it wants", version)
	referee := btftest.NewReferee()
	d, err := compareModules(referee, want, got)
	if err != nil {
		return nil, nil, err
	}
	d.add("vmlinux", referee.Compare(want.base, got.base))
	allowed, err := b.mayDiffer()
	if err != nil {
		return nil, nil, err
	}
	other := 0
	for kind, n := range d.kinds {
		if !slices.Contains(allowed, kind) {
			other += n
		}
	}
	b.Check(other == 0 && d.dup+d.dupInBase == 0, "what version %s is asked for and pahole was not: %v, %d of another kind, %d twice",
		version, d.kinds, other, d.dup+d.dupInBase)
	if other != 0 {
		tell(b, d.files)
	}
	b.Check(len(d.ids) == 0, ".BTF_ids of vmlinux and %d modules, of which %d say something else", got.withIDs(), len(d.ids))
	tell(b, d.ids)
	b.valid(got)
	return o, got, nil
}

// mayDiffer returns the kinds in which the shim, as it is, and the reference may differ: none if both
// are asked for the same, else functions, tags, and per-CPU variables static in a function, which
// only the old one has.
func (b *bench) mayDiffer() ([]string, error) {
	version, err := paholeVersion(b.reference)
	if err != nil || version.number > lastWithoutList {
		return nil, err
	}
	return []string{"FUNC", "FUNC_PROTO", "DECL_TAG", "VAR", "DATASEC"}, nil
}

// valid checks a tree's BTF by the kernel's rules.
func (b *bench) valid(k *kernelBTF) {
	var bad []string
	for name, m := range k.modules {
		if err := btf.Check(m.raw, k.base, btf.Rules{Load: true, TagsFirst: true}); err != nil {
			bad = append(bad, fmt.Sprintf("%s: %v", name, err))
		}
	}
	b.Check(len(bad) == 0, "%d modules break the kernel's rules", len(bad))
	tell(b, bad)
}

// installed checks that modules_install, which strips, keeps every .BTF.
func (b *bench) installed(o *objtree, want *kernelBTF) error {
	root := filepath.Join(b.work, "root")
	if err := os.RemoveAll(root); err != nil {
		return err
	}
	m := o.make("INSTALL_MOD_PATH="+root, "INSTALL_MOD_STRIP=1", "modules_install")
	n := 0
	for name, w := range want.modules {
		paths, err := filepath.Glob(filepath.Join(root, "lib/modules/*/kernel", name))
		if err != nil {
			return err
		}
		if len(paths) != 1 {
			continue
		}
		raw, err := section(paths[0], ".BTF")
		if err == nil && string(raw) == string(w.raw) {
			n++
		}
	}
	b.Check(m.err == nil && n == len(want.modules), "modules_install strips %d of %d modules and keeps their .BTF%s", n, len(want.modules), because(m.err))
	return os.RemoveAll(root)
}

// times measures the BTF step of all modules alone: vmlinux is newer than they, and nothing else
// is to be done. What make takes to find that out is subtracted. What is compared is the time of
// the processors: that by the clock depends on what else they do.
func (b *bench) times(theirs, ours *objtree) error {
	var took [2]time.Duration
	for i, o := range []*objtree{theirs, ours} {
		idle := o.make("modules")
		if err := o.touch("vmlinux"); err != nil {
			return err
		}
		m := o.make("modules")
		if err := errors.Join(idle.err, m.err); err != nil {
			return fmt.Errorf("make modules: %w", err)
		}
		took[i] = m.cpu - idle.cpu
		b.Note("BTF of %d modules with %s: %v of processor time besides the %v of a make that finds nothing to do",
			len(m.targets("BTF [M]")), []string{"pahole", "the shim"}[i], round(took[i]), round(idle.cpu))
	}
	b.Note("the BTF step of the shim is %.1f times faster", took[0].Seconds()/took[1].Seconds())
	return nil
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// tell shows the first of what is wrong, in an order of its own.
func tell(b *bench, lines []string) {
	slices.Sort(lines)
	for i, l := range lines {
		if i == 10 {
			b.Note("… and %d more", len(lines)-i)
			return
		}
		b.Note("%s", strings.ReplaceAll(l, "\n", "\n       "))
	}
}
