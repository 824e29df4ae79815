// Command kerneltest runs gobtfenc over all modules of a real kernel and
// checks what it made: by meaning against the BTF that the modules ship with,
// byte for byte between runs that differ in what must not matter, and in time
// and memory against pahole on the same machine.
//
//	kerneltest -gobtfenc bin/gobtfenc [-corpus DIR] KERNEL
//
// KERNEL is a folder with a vmlinux and modules that have DWARF and .BTF, as
// scripts/fetch-kernel.sh unpacks it. Each check prints a line; the last one
// counts them. The exit status is 1 if one failed.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/gobtfenc/gobtfenc/internal/checks"
	"github.com/gobtfenc/gobtfenc/internal/cost"
	"github.com/gobtfenc/gobtfenc/internal/kerneldir"
)

const (
	// maxRSS is what a run over a whole kernel may hold, in bytes.
	maxRSS = 400 << 20

	// minRatio is how many times faster than pahole a run has to be.
	minRatio = 10

	// jobs is how many modules both encoders work on at once.
	jobs = 2
)

// compat makes gobtfenc choose functions and variables as the pahole does that
// distributions built their kernels with.
const compat = "pahole-1.24"

func main() {
	tool := flag.String("gobtfenc", "bin/gobtfenc", "the command under test")
	corpus := flag.String("corpus", "", "folder with all-modules.head.tar.zst, empty for none")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*tool, *corpus, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "kerneltest:", err)
		os.Exit(1)
	}
}

// run tests with the kernel in dir.
func run(tool, corpus, dir string) error {
	k, err := kerneldir.Find(dir)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "kerneltest")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	return test(&encoders{Kernel: k, tool: tool, work: work}, corpus)
}

func test(e *encoders, corpus string) error {
	fmt.Printf("kernel %s: %d modules\n", e.Release, len(e.Modules))

	// A child's peak memory counts from what its parent held when it started
	// it (exec keeps the high-water mark), so all encoders run before anything
	// is read here.
	t := &checks.Tally{}
	if err := measure(t, e); err != nil {
		return err
	}
	diffTrees(t, e)
	if err := checkGood(t, e); err != nil {
		return err
	}
	if err := regressTree(t, e); err != nil {
		return err
	}
	if err := encodeVmlinux(t, e); err != nil {
		return err
	}
	if err := encodeFeatures(t, e); err != nil {
		return err
	}
	inPlace := e.out("tree")
	if err := encodeInPlace(t, e, inPlace); err != nil {
		return err
	}
	if err := compareAll(t, e, corpus); err != nil {
		return err
	}
	if err := compareVmlinux(t, e, corpus); err != nil {
		return err
	}
	if err := compareFeatures(t, e, corpus); err != nil {
		return err
	}
	if err := compareInPlace(t, e, inPlace); err != nil {
		return err
	}
	if err := resolveIDs(t, e); err != nil {
		return err
	}
	if err := compareDumps(t, e); err != nil {
		return err
	}
	return t.Close()
}

// measure runs gobtfenc with and without base and in different orders, and
// pahole between two of these runs, so that a machine that is busy for a while
// hits both.
func measure(t *checks.Tally, e *encoders) error {
	var err error
	if e.paholeVersion, err = paholeVersion(); err != nil {
		return err
	}
	runs := []struct {
		out  string
		args []string
		runs *[]cost.Cost
	}{
		{"j2", []string{"-j2", "--features", compat}, &e.timed},
		{"", nil, nil}, // pahole
		{"shuffled", []string{"-j2", "--features", compat}, &e.timed},
		{"again", []string{"-j2", "--features", compat}, &e.timed},
		{"j1", []string{"-j1", "--features", compat}, &e.others},
		{"default", []string{"-j2"}, &e.others},
	}
	for _, r := range runs {
		if r.out == "" {
			u, err := e.pahole("pahole", e.Modules)
			if err != nil {
				return err
			}
			e.paholeCost = u
			continue
		}
		files := e.Kernel.Modules
		if r.out == "shuffled" {
			files = shuffled(files)
		}
		u, err := e.encode(r.out, files, append([]string{"--base", e.Kernel.Vmlinux}, r.args...)...)
		if err != nil {
			return err
		}
		*r.runs = append(*r.runs, u)
	}
	u, err := e.encode("alone", e.Kernel.Modules, "-j2")
	if err != nil {
		return err
	}
	e.alone = u

	ours := cost.Median(e.timed)
	ratio := e.paholeCost.Wall.Seconds() / ours.Wall.Seconds()
	t.Note("gobtfenc --features %s -j%d: median of %d: %s", compat, jobs, len(e.timed), ours)
	t.Note("xargs -P%d pahole %s: %s", jobs, e.paholeVersion, e.paholeCost)
	t.Check(ratio >= minRatio, "%.1f times faster than pahole, at least %d", ratio, minRatio)
	peak := uint64(0)
	for _, u := range append(e.timed, e.others...) {
		peak = max(peak, u.RSS)
	}
	t.Check(peak < maxRSS, "peak memory %s, below %s", cost.MiB(peak), cost.MiB(maxRSS))
	t.Note("without base: %s", e.alone)
	return nil
}
