package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// report is a whole run: what was measured where, and every sample.
type report struct {
	Time     time.Time `json:"time"`
	Host     host      `json:"host"`
	Gobtfenc string    `json:"gobtfenc"` // versions
	Pahole   string    `json:"pahole"`
	Kernel   string    `json:"kernel"` // release of the input
	Full     string    `json:"full,omitempty"`
	Runs     int       `json:"runs"`
	LongRuns int       `json:"pahole_runs_over_all_modules"`
	Rows     []*row    `json:"rows"`
}

// newReport notes what is known before the first run.
func (b *bench) newReport() (*report, error) {
	out, err := exec.Command(b.tool, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --version: %w", b.tool, err)
	}
	if b.paholeVersion, err = askVersion(b.pahole); err != nil {
		return nil, err
	}
	r := &report{
		Time: time.Now().UTC().Truncate(time.Second), Host: readHost(),
		Gobtfenc: strings.TrimSpace(string(out)), Pahole: b.paholeVersion.text,
		Kernel: b.kernel.Release, Runs: b.runs, LongRuns: min(b.runs, b.longRuns),
	}
	if b.full != nil {
		r.Full = b.full.Release
	}
	return r, nil
}

// heading says in words what the table was measured with.
func (r *report) heading() string {
	kernels := r.Kernel
	if r.Full != "" {
		kernels += " and " + r.Full
	}
	return fmt.Sprintf("Modules of %s; %s, pahole %s; %d × %s, Linux %s, load %s before and %s after; median of %d.\n",
		kernels, r.Gobtfenc, r.Pahole, r.Host.CPUs, r.Host.CPU, r.Host.Kernel, r.Host.LoadBefore, r.Host.LoadAfter, r.Runs)
}

// write writes the report as JSON.
func (r *report) write(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// printPlot prints the plot of a report in JSON.
func printPlot(w io.Writer, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	r := new(report)
	if err := json.Unmarshal(b, r); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, row := range r.Rows {
		if row == nil || row.Ours == nil || row.Walk == nil || row.Against != nil {
			return fmt.Errorf("%s: not from -scale", path)
		}
	}
	_, err = io.WriteString(w, growthPlot(r))
	return err
}
