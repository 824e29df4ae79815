package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/checks"
)

// goodBoot is a boot in which all is as it should be, with modules of one type.
func goodBoot(t *testing.T, mismatch bool) *boot {
	base := btftest.MustParse(t, "[1] INT 'int' size=4 bits_offset=0 encoding=SIGNED", nil)
	raw := func(b *btf.BTF) []byte { return btf.Append(nil, &b.Types, b.Strs, b.Order) }
	good := btftest.MustParse(t, "[2] TYPEDEF 'good' type_id=1", base)
	bad := raw(btftest.MustParse(t, "[2] TYPEDEF '(anon)' type_id=1", base))

	b := &boot{
		host:     &host{kernel: &kernel{vmlinux: "vmlinux", modules: map[string]*module{}}, base: base, baseBytes: raw(base), mismatch: mismatch},
		variants: map[string]*variant{}, built: map[string]map[string]built{}, answers: map[step]answer{},
	}
	names := slices.Concat(programModules, []string{kfuncModule, "nohw", "needs"})
	for i := range minLoaded {
		names = append(names, fmt.Sprintf("m%d", i))
	}
	for _, v := range []*variant{
		{name: stageModules, modules: names}, {name: stageUnfilled, modules: []string{kfuncModule}},
		{name: stageDistilled, modules: append([]string{kfuncModule}, distilledModules...)}, {name: stageForeign, modules: foreignModules},
	} {
		b.variants[v.name], b.built[v.name] = v, map[string]built{}
		for _, name := range v.modules {
			b.modules[name] = &module{name: name}
			b.built[v.name][name] = built{btf: raw(good), distilled: raw(base), relocated: btftest.Text(good)}
		}
	}
	b.modules["needs"].depends = []string{"nohw"}
	b.built[stageForeign][foreignModules[0]] = built{btf: bad}
	b.flipSets = []flipSet{{name: flipModule, data: raw(base), count: 40}}
	if _, err := b.plan(); err != nil {
		t.Fatal(err)
	}
	refused := ""
	for _, s := range b.steps {
		a := answer{ok: true}
		switch {
		case s.name == "vmlinux":
			a.detail = fingerprint(raw(base))
		case s.name == "nohw":
			a = answer{false, syscall.ENODEV.Error()}
		case s.name == "needs":
			a = answer{false, syscall.ENOENT.Error()}
		case s.name == foreignModules[0] && s.verb == "load" && !mismatch:
			a = answer{false, syscall.EINVAL.Error()}
			refused = fmt.Sprintf("failed to validate module [%s] BTF: -22\n", s.name)
		case s.name == foreignModules[0] && s.verb == "load":
			refused = "Kernel module BTF mismatch detected, BTF debug info may be unavailable for some modules\n"
		case s.name == foreignModules[0]:
			a = answer{false, "open: " + syscall.ENOENT.Error()}
		case s.verb == "bytes":
			a.detail = packed(t, raw(good))
		case s.verb == "flips":
			a.detail = packed(t, []byte(strings.Join(verdicts(raw(base), 40, ours), "\x00")))
		case s.verb == "btf":
			a.detail = fingerprint(raw(good))
		case s.name == "kfunc-unfilled":
			a = answer{false, "no such kfunc"}
		case s.verb == "log":
			a.detail = stageMark + s.name + "\n"
			if s.name == stageForeign {
				a.detail += refused
			}
		}
		b.answers[s] = a
	}
	return b
}

func verdict(b *boot) (passed, failed int, said string) {
	var out strings.Builder
	t := checks.Tally{To: &out}
	b.judge(&t)
	return t.Passed, t.Failed, out.String()
}

// A boot is good if every answer is the right one, and bad if any is not: each
// is judged.
func TestJudge(t *testing.T) {
	for _, mismatch := range []bool{true, false} {
		b := goodBoot(t, mismatch)
		if _, failed, said := verdict(b); failed != 0 {
			t.Fatalf("mismatch %v: a good boot fails:\n%s", mismatch, said)
		}
		good := maps.Clone(b.answers)
		for _, s := range b.steps {
			if s.verb == "stage" {
				continue // the log has its mark
			}
			if strings.Trim(s.name, "0123456789") == "m" && s.name != "m0" {
				continue // as m0
			}
			if s.verb == "btf" && (s.name == "nohw" || s.name == "needs") {
				continue // not loaded
			}
			for _, a := range []answer{{!good[s].ok, good[s].detail}, {false, "broken"}} {
				if a.ok && (s.name == "nohw" || s.name == "needs") {
					continue // it has the hardware, then
				}
				if s.name == "kfunc-unfilled" && !a.ok {
					continue // however it fails
				}
				b.answers[s] = a
				if _, failed, said := verdict(b); failed == 0 {
					t.Errorf("mismatch %v: %v: %+v for %+v passes:\n%s", mismatch, s, a, good[s], said)
				}
			}
			delete(b.answers, s)
			if _, failed, said := verdict(b); failed == 0 {
				t.Errorf("mismatch %v: no answer to %v passes:\n%s", mismatch, s, said)
			}
			b.answers[s] = good[s]
		}
	}
}

// A boot without answers passes nothing.
func TestJudgeNothing(t *testing.T) {
	b := goodBoot(t, true)
	b.answers = nil
	b.reportErr = errors.New("nothing came")
	b.keep = t.TempDir()
	if err := os.WriteFile(b.console(), []byte("one\nKernel panic\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	passed, failed, said := verdict(b)
	// Only "no module fails for another reason" and the like could be empty.
	if passed != 0 || failed == 0 {
		t.Errorf("%d passed, %d failed:\n%s", passed, failed, said)
	}
	for _, part := range []string{`console: "Kernel panic"`, "not answered: btf vmlinux"} {
		if !strings.Contains(said, part) {
			t.Errorf("does not say %q:\n%s", part, said)
		}
	}
}

func packed(t *testing.T, b []byte) string {
	t.Helper()
	text, err := pack(b)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// One verdict or one word of the log that is another fails the check.
func TestJudgeFlips(t *testing.T) {
	for _, test := range []struct {
		name   string
		ok     bool
		change func(all []string) []string
	}{
		{"as it is", true, func(all []string) []string { return all }},
		{"one is missing", false, func(all []string) []string { return all[1:] }},
		{"one is accepted", false, func(all []string) []string {
			i := slices.IndexFunc(all, func(s string) bool { return s != accepted })
			all[i] = accepted
			return all
		}},
		{"another log", false, func(all []string) []string {
			i := slices.IndexFunc(all, func(s string) bool { return s != accepted })
			all[i] += "x"
			return all
		}},
	} {
		b := goodBoot(t, false)
		s := b.flipSets[0]
		all := test.change(verdicts(s.data, s.count, ours))
		b.answers[s.step()] = answer{true, packed(t, []byte(strings.Join(all, "\x00")))}
		tally := checks.Tally{To: io.Discard}
		b.judgeFlips(&tally)
		if (tally.Failed == 0) != test.ok {
			t.Errorf("%s: %d failed", test.name, tally.Failed)
		}
	}
}

func TestEndOfLog(t *testing.T) {
	for log, want := range map[string]string{
		"[1] INT a\n[2] INT b Invalid\n":               "[2] INT b Invalid",
		"[1] STRUCT a\n\tm\n\tn\n\to Invalid member\n": "[1] STRUCT a\n\to Invalid member",
		"\tcut off\n\to Invalid member":                "\to Invalid member",
		"":                                             "",
	} {
		if got := endOfLog(log); got != want {
			t.Errorf("%q: %q, want %q", log, got, want)
		}
	}
}

func TestJudgeLog(t *testing.T) {
	for _, test := range []struct {
		log string
		ok  bool
	}{
		{stageMark + "modules\n", true},
		{"failed to validate module [x] BTF: -22\n" + stageMark + "modules\n", true}, // of the stage before
		{"", false},
		{stageMark + "programs\n", false},
		{stageMark + "modules\nfailed to validate module [x] BTF: -22\n", false},
		{stageMark + "modules\nmissing module BTF, cannot register kfuncs\n", false},
	} {
		b := &boot{answers: map[step]answer{{"log", stageModules, ""}: {true, test.log}}}
		tally := checks.Tally{To: io.Discard}
		b.judgeLog(&tally, stageModules)
		if (tally.Failed == 0) != test.ok {
			t.Errorf("%q: %d failed", test.log, tally.Failed)
		}
	}
}

func TestMessage(t *testing.T) {
	for record, want := range map[string]string{
		"6,1,2,-;BPF: a; b\n SUBSYSTEM=x\n": "BPF: a; b",
		"6,1,2,-;":                          "",
		"nonsense":                          "",
	} {
		if got := message(record); got != want {
			t.Errorf("%q: %q, want %q", record, got, want)
		}
	}
}

// testTimeout is long for a script that ends and short for one that hangs.
const testTimeout = time.Second

// fakeQemu puts a script in qemu's place.
func fakeQemu(t *testing.T, script string) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "qemu-system-x86_64"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// A qemu that fails, hangs, or ends before the guest has said all is a failed
// check.
func TestBoot(t *testing.T) {
	const whole = `@0 ok 1 \"\"\n@end 1\n`
	for _, test := range []struct{ script, err string }{
		{`printf '` + strings.ReplaceAll(whole, `\"`, `"`) + `' >REPORT`, ""},
		{"echo no machine >&2; exit 1", "no machine"},
		{"exec sleep 60", "has not powered off in"},
		{`printf '@0 ok 1 ""\n' >REPORT`, "1 of 1 steps answered"},
		{`printf 'Kernel panic' >REPORT`, "step 0: the answer is"},
		{"exit 0", "no such file"},
	} {
		b := &boot{host: &host{keep: t.TempDir(), timeout: testTimeout, ctx: t.Context()}, steps: []step{{"stage", "a", ""}}}
		fakeQemu(t, strings.ReplaceAll(test.script, "REPORT", filepath.Join(b.keep, "report")))
		b.start()
		err := errors.Join(b.qemuErr, b.reportErr)
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: error %v, want %q", test.script, err, test.err)
		}
	}
}
