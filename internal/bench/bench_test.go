package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const objects = "../../testdata/kernel/obj/"

// fake is a program that writes its name into a log. In a tree it refuses a
// module that it has seen before.
const fake = `#!/bin/sh
if [ "$1" = --version ]; then echo v1.24; exit; fi
echo "$(basename "$0") $XDG_CACHE_HOME" >>"$LOG"
for f; do
	case $f in
	*/tree/*)
		[ "$(tail -c 4 "$f")" != seen ] || { echo "$f is as the run before left it"; exit 1; }
		printf seen >>"$f"
	esac
done
`

// fakeBench has a kernel of two modules and programs that do nothing.
func fakeBench(t *testing.T) (b *bench, log string) {
	t.Helper()
	dir := t.TempDir()
	for from, to := range map[string]string{"vmlinux": "vmlinux-6.0", "funcs.ko": "xfs.ko", "split.ko": "af_key.ko"} {
		data, err := os.ReadFile(objects + from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b = &bench{runs: 3, longRuns: 1, only: regexp.MustCompile(""), table: io.Discard, log: io.Discard}
	for name, to := range map[string]*string{"ours": &b.tool, "walk": &b.walk, "theirs": &b.pahole} {
		*to = filepath.Join(dir, name)
		if err := os.WriteFile(*to, []byte(fake), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	log = filepath.Join(dir, "log")
	t.Setenv("LOG", log)
	if err := b.find(dir, ""); err != nil {
		t.Fatal(err)
	}
	return b, log
}

// run runs the bench and returns the table and the report.
func run(t *testing.T, b *bench, scale bool) (string, report) {
	t.Helper()
	var table strings.Builder
	b.table = &table
	to := filepath.Join(t.TempDir(), "bench.json")
	if err := b.run(t.Context(), scale, to); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	var rep report
	if err := json.Unmarshal(data, &rep); err != nil {
		t.Fatal(err)
	}
	return table.String(), rep
}

func TestCompare(t *testing.T) {
	if _, err := exec.LookPath("objcopy"); err != nil {
		t.Skip("no objcopy:", err)
	}
	b, _ := fakeBench(t)
	table, rep := run(t, b, false)
	var works []string
	for _, r := range rep.Rows {
		works = append(works, r.Work)
		want := 3
		if strings.HasPrefix(r.Against.Command, "xargs") {
			want = 1
		}
		if len(r.Ours.Samples) != 3 || len(r.Against.Samples) != want || r.Ours.Median.Wall <= 0 || r.DebugInfo == 0 || r.Files == 0 {
			t.Errorf("row %+v", r)
		}
		if !strings.Contains(table, "\n| "+r.Work+" | ") {
			t.Errorf("no row %q", r.Work)
		}
	}
	want := []string{
		"all 2 modules", "all 2 modules, in place", "all 2 modules, -j2 against -j1", "xfs.ko",
		"af_key.ko, caches empty", "af_key.ko, caches warm", "vmlinux",
	}
	if !slices.Equal(works, want) {
		t.Errorf("rows %q", works)
	}
	if rep.Kernel != "6.0" || rep.Pahole != "v1.24" || rep.Runs != 3 || rep.Host.CPUs == 0 || rep.Host.LoadAfter == "" {
		t.Errorf("report %+v", rep)
	}
	if !strings.Contains(table, "Modules of 6.0; v1.24, pahole v1.24; ") {
		t.Errorf("heading of %s", table)
	}
	lines := strings.Split(strings.TrimSpace(table), "\n")
	for _, l := range lines[2:] {
		if n := strings.Count(l, "|"); n != strings.Count(lines[2], "|") {
			t.Errorf("%d bars in %s", n, l)
		}
	}
	if _, err := os.Stat(b.work); err == nil {
		t.Error("the folder is still there")
	}
}

// TestTurns checks that programs run in turns, behind runs that do not count, and
// which cache each has.
func TestTurns(t *testing.T) {
	for _, c := range []struct {
		only, cache string
		before      int
	}{{"empty", cold, 1}, {"warm", warm, 2}} {
		b, log := fakeBench(t)
		b.runs, b.only = 2, regexp.MustCompile(c.only)
		run(t, b, false)
		got, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		ours := "ours " + filepath.Join(b.work, c.cache) + "\n"
		round := ours + "theirs " + os.Getenv("XDG_CACHE_HOME") + "\nwalk " + os.Getenv("XDG_CACHE_HOME") + "\n"
		if string(got) != strings.Repeat(ours, c.before)+round+round {
			t.Errorf("%s: programs ran as\n%s", c.only, got)
		}
	}
}

func TestFails(t *testing.T) {
	b, _ := fakeBench(t)
	b.only = regexp.MustCompile("xfs")
	if err := os.WriteFile(b.walk, []byte("#!/bin/sh\necho no walk; exit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := b.run(t.Context(), false, ""); err == nil || !strings.Contains(err.Error(), "xfs.ko: ") || !strings.Contains(err.Error(), "no walk") {
		t.Errorf("error %v", err)
	}
	b.only = regexp.MustCompile("zfs")
	if err := b.run(t.Context(), false, ""); err == nil {
		t.Error("no row, and no error")
	}
}

// TestInterrupt ends a run while a program sleeps, and looks for what is left.
func TestInterrupt(t *testing.T) {
	b, _ := fakeBench(t)
	b.only = regexp.MustCompile("xfs")
	if err := os.WriteFile(b.walk, []byte("#!/bin/sh\nexec sleep 60\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := b.run(ctx, false, ""); err == nil || time.Since(start) > 30*time.Second {
		t.Errorf("after %v: error %v", time.Since(start), err)
	}
	if _, err := os.Stat(b.work); err == nil {
		t.Error("the folder is still there")
	}
}

// TestScale measures modules that are all too small to be taken alone.
func TestScale(t *testing.T) {
	b, _ := fakeBench(t)
	table, rep := run(t, b, true)
	if len(rep.Rows) != 1 || len(rep.Rows[0].Walk.Samples) != 3 || !strings.Contains(table, "\n| 2 modules | 2 | 0.0 MB | ") {
		t.Errorf("rows %+v, table\n%s", rep.Rows, table)
	}
}

func ofSizes(all ...uint64) (modules []sized) {
	for _, n := range all {
		modules = append(modules, sized{size: n})
	}
	return modules
}

func TestEveryNth(t *testing.T) {
	all := ofSizes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	for n, want := range map[int][]sized{1: ofSizes(5), 2: ofSizes(2, 7), 5: ofSizes(1, 3, 5, 7, 9), 10: all} {
		if got := everyNth(all, n); !slices.Equal(got, want) {
			t.Errorf("%d of 10: %v", n, got)
		}
	}
}

func TestDoublings(t *testing.T) {
	got := doublings(ofSizes(0, 90e3, 190e3, 230e3, 1e6, 1.7e6))
	if want := ofSizes(90e3, 190e3, 230e3, 1e6, 1.7e6); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
