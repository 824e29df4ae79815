package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/checks"
)

// What the guest's answers have to be is worked out here, from what was built
// and put into it. A step that has no answer is one that failed: whatever the
// guest leaves out, some check misses it (TestJudge takes away each).

// minLoaded is how many modules have to be loaded in one boot.
const minLoaded = 200

// refusals are modules that do not stay loaded for reasons of their own, and
// what they say.
var refusals = map[string]syscall.Errno{
	"kvm_intel": syscall.EOPNOTSUPP, // no VMX
	"ptp_kvm":   syscall.EOPNOTSUPP, // not under KVM
	"ptp_vmw":   syscall.EPERM,      // not under VMware
	"tcrypt":    syscall.EAGAIN,     // is done when it is loaded
}

// linux612 is what a kernel of this series asks of a module's BTF.
var linux612 = btf.Rules{TagsFirst: true, NoTagFlag: true, NarrowInfo: true, MaxKind: btf.KindEnum64}

// said returns the guest's answer to a step. Where there is none, that is one
// that no check takes.
func (b *boot) said(verb, name, file string) answer {
	a, ok := b.answers[step{verb, name, file}]
	if !ok {
		return answer{false, "no answer"}
	}
	return a
}

func (b *boot) judge(t *checks.Tally) {
	err := b.qemuErr
	if err == nil {
		err = b.reportErr
	}
	if err == nil && len(b.answers) != len(b.steps) {
		err = fmt.Errorf("steps that are the same have one answer")
	}
	t.Check(err == nil, "the guest answered %d of %d steps and powered off%s", len(b.answers), len(b.steps), because(err))
	if err != nil {
		b.tellConsole(t)
	}
	vmlinux := b.said("btf", "vmlinux", "")
	t.Check(vmlinux == answer{true, fingerprint(b.baseBytes)}, "the kernel that was booted has the BTF of %s", filepath.Base(b.vmlinux))

	loaded := b.judgeLoads(t)
	b.judgeBTF(t, loaded)
	for _, name := range programChecks {
		b.judgeCheck(t, name)
	}
	b.judgeKfuncs(t)
	b.judgeDistilled(t)
	for _, stage := range []string{stagePrograms, stageKfuncs, stageModules, stageDistilled} {
		b.judgeLog(t, stage)
	}
	b.judgeForeign(t)
	b.judgeFlips(t)
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// tellConsole shows how the console ended.
func (b *boot) tellConsole(t *checks.Tally) {
	text, err := os.ReadFile(b.console())
	if err != nil {
		t.Note("console: %v", err)
		return
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, line := range lines[max(0, len(lines)-30):] {
		t.Note("console: %q", strings.TrimRight(line, "\r"))
	}
	if i := len(b.answers); i < len(b.steps) {
		t.Note("the step that was not answered: %v", b.steps[i])
	}
}

// judgeLoads counts what was loaded, and fails what was not for no good reason.
func (b *boot) judgeLoads(t *checks.Tally) (loaded map[string]bool) {
	loaded = map[string]bool{}
	v := b.variants[stageModules]
	hardware, needs := 0, 0
	var bad []string
	for _, name := range v.modules {
		a := b.said("load", name, v.guestPath(name))
		needed := !slices.ContainsFunc(b.modules[name].depends, func(d string) bool { return !loaded[d] })
		refusal, known := refusals[name]
		switch {
		case a.ok:
			loaded[name] = true
		case a.detail == syscall.ENODEV.Error(), known && a.detail == refusal.Error():
			hardware++
		case !needed && a.detail == syscall.ENOENT.Error():
			needs++
		default:
			bad = append(bad, fmt.Sprintf("%s: %s", name, a.detail))
		}
	}
	t.Check(len(loaded) >= minLoaded, "%d modules loaded, at least %d; %d lack their hardware, %d a module that does",
		len(loaded), minLoaded, hardware, needs)
	t.Check(len(bad) == 0, "%d modules do not load for another reason", len(bad))
	tell(t, bad)
	return loaded
}

// tell prints the first of a list of things that are wrong.
func tell(t *checks.Tally, bad []string) {
	for i, s := range bad {
		if i == 10 {
			t.Note("and %d more", len(bad)-i)
			return
		}
		t.Note("%s", s)
	}
}

// judgeBTF compares what the kernel shows of each module with what was written.
func (b *boot) judgeBTF(t *checks.Tally, loaded map[string]bool) {
	var bad []string
	size, same := 0, 0
	for _, name := range b.variants[stageModules].modules {
		if !loaded[name] {
			continue
		}
		want := b.built[stageModules][name].btf
		if a := b.said("btf", name, ""); !a.ok || a.detail != fingerprint(want) {
			bad = append(bad, fmt.Sprintf("%s: %s, wrote %s", name, a.detail, fingerprint(want)))
			continue
		}
		same++
		size += len(want)
	}
	t.Check(len(bad) == 0 && same > 0, "/sys/kernel/btf has byte for byte what was written: %d of %d modules, %d bytes", same, len(loaded), size)
	tell(t, bad)
}

func (b *boot) judgeCheck(t *checks.Tally, name string) {
	a := b.said("check", name, "")
	t.Check(a.ok, "%s: %s", name, a.detail)
}

// judgeKfuncs wants the kfuncs of a module to be there, and not to be there
// without ids: the second shows that the first can fail.
func (b *boot) judgeKfuncs(t *checks.Tally) {
	b.judgeCheck(t, "kfunc")
	b.judgeCheck(t, "kfunc-distilled")
	file := b.variants[stageUnfilled].guestPath(kfuncModule)
	load, check := b.said("load", kfuncModule, file), b.said("check", "kfunc-unfilled", "")
	detail := check.detail
	if !load.ok {
		detail = "load: " + load.detail
	}
	_, answered := b.answers[step{"check", "kfunc-unfilled", ""}]
	_, logged := b.logOf(stageUnfilled)
	unloaded := b.said("unload", kfuncModule, stageUnfilled).ok == load.ok && b.said("unload", kfuncModule, stageKfuncs).ok
	t.Check(answered && logged && unloaded && !check.ok, "without ids in .BTF_ids of %s it fails: %s", kfuncModule, detail)
}

// judgeDistilled compares modules that the kernel has taken to its base with
// what gobtfenc expects of a kernel with that base.
func (b *boot) judgeDistilled(t *checks.Tally) {
	v := b.variants[stageDistilled]
	var bad []string
	size := 0
	for _, name := range v.modules {
		made := b.built[stageDistilled][name]
		err := b.compareDistilled(name, made)
		if err != nil {
			bad = append(bad, fmt.Sprintf("%s: %v", name, err))
		}
		size += len(made.btf) + len(made.distilled)
	}
	t.Check(len(bad) == 0, "%d modules with a distilled base, made for a kernel with other ids, are what relocation says: %d differ, %d bytes",
		len(v.modules), len(bad), size)
	tell(t, bad)
}

func (b *boot) compareDistilled(name string, made built) error {
	if made.distilled == nil {
		return fmt.Errorf("no .BTF.base was written")
	}
	if a := b.said("load", name, b.variants[stageDistilled].guestPath(name)); !a.ok {
		return fmt.Errorf("load: %s", a.detail)
	}
	a := b.said("bytes", name, "")
	if !a.ok {
		return fmt.Errorf("%s", a.detail)
	}
	raw, err := unpack(a.detail)
	if err != nil {
		return err
	}
	got, err := btf.Parse(raw, b.base)
	if err != nil {
		return err
	}
	text := btftest.Text(got)
	if text == "" || text != made.relocated {
		return fmt.Errorf("%s", firstDifference(text, made.relocated))
	}
	return nil
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("%q, expected %q", g[i], w[i])
		}
	}
	return "one is the beginning of the other"
}

// logOf returns the log of a stage without its mark, and whether it is whole.
func (b *boot) logOf(stage string) (lines []string, ok bool) {
	a := b.said("log", stage, "")
	if !a.ok {
		return []string{a.detail}, false
	}
	marked := false
	for line := range strings.Lines(a.detail) {
		line = strings.TrimSuffix(line, "\n")
		if line == stageMark+stage {
			marked = true
		} else if marked {
			lines = append(lines, line)
		}
	}
	return lines, marked
}

// judgeLog wants nothing in the log of a stage.
func (b *boot) judgeLog(t *checks.Tally, stage string) {
	lines, ok := b.logOf(stage)
	t.Check(ok && len(lines) == 0, "stage %s: %d complaints about BTF in the kernel's log", stage, len(lines))
	tell(t, lines)
}

// judgeForeign compares the kernel's verdict on BTF of another base with ours.
// A kernel that allows for that loads the module without BTF and says so once;
// another refuses the module and names it.
func (b *boot) judgeForeign(t *checks.Tally) {
	v := b.variants[stageForeign]
	log, logged := b.logOf(stageForeign)
	var bad []string
	refused := 0
	for _, name := range v.modules {
		invalid := btf.Check(b.built[stageForeign][name].btf, b.base, linux612)
		load, shown := b.said("load", name, v.guestPath(name)), b.said("btf", name, "")
		gone := !shown.ok && strings.Contains(shown.detail, syscall.ENOENT.Error())
		var good bool
		switch {
		case invalid == nil:
			good = load.ok && shown.ok
		case b.mismatch:
			refused++
			good = load.ok && gone
		default:
			refused++
			good = load == (answer{false, syscall.EINVAL.Error()}) && gone &&
				slices.Contains(log, fmt.Sprintf("failed to validate module [%s] BTF: %d", name, -int(syscall.EINVAL)))
		}
		if !good {
			bad = append(bad, fmt.Sprintf("%s: load: %q, BTF: %q, we say: %v", name, load.detail, shown.detail, invalid))
		}
	}
	t.Check(logged && len(bad) == 0 && refused > 0, "BTF of another base: of %d modules the kernel refuses the %d that break its rules", len(v.modules), refused)
	tell(t, bad)
	if b.mismatch {
		const warning = "Kernel module BTF mismatch detected, BTF debug info may be unavailable for some modules"
		t.Check(slices.ContainsFunc(log, func(l string) bool { return strings.HasSuffix(l, warning) }), "the kernel's log says so: %.34s…", warning)
	}
}
