package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// bench prints what gobtfenc and pahole take for the same work: for single
// modules, for vmlinux, and for all modules. The two run in turns and the table has medians,
// so that a machine that is busy for a while hits both. Over all modules
// pahole runs once; it takes minutes.
func bench(e *encoders, runs int, alone []string) error {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err
	}
	before, _, _ := strings.Cut(string(load), " ")
	if _, err := e.encode("warm", e.Modules, "--base", e.Vmlinux); err != nil { // brings all files into memory
		return err
	}
	if e.paholeVersion, err = paholeVersion(); err != nil {
		return err
	}
	fmt.Printf("Kernel %s, pahole %s, %d cores, load %s before, median of %d.\n\n", e.Release, e.paholeVersion, runtime.NumCPU(), before, runs)
	fmt.Println("| work | gobtfenc: wall | CPU | memory | pahole: wall | CPU | memory | times faster: wall | CPU |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|--:|--:|")

	for _, name := range alone {
		path, err := e.find(name)
		if err != nil {
			return err
		}
		if err := e.row(name+".ko", []string{path}, runs, runs); err != nil {
			return err
		}
	}
	if err := e.vmlinuxRow(runs); err != nil {
		return err
	}
	return e.row(fmt.Sprintf("all %d modules, -j%d", len(e.Modules), jobs), e.Modules, runs, 1)
}

// row measures one line of the table.
func (e *encoders) row(title string, files []string, ourRuns, theirRuns int) error {
	var ours, theirs []usage
	for i := range ourRuns {
		out := fmt.Sprintf("%s.%d", title, i)
		u, err := e.encode(out, files, "--base", e.Vmlinux, "--features", compat, fmt.Sprintf("-j%d", jobs))
		if err != nil {
			return err
		}
		ours = append(ours, u)
		if i >= theirRuns {
			continue
		}
		if u, err = e.pahole(out+".pahole", files); err != nil {
			return err
		}
		theirs = append(theirs, u)
	}
	printRow(title, ours, theirs)
	return nil
}

func printRow(title string, ours, theirs []usage) {
	o, p := median(ours), median(theirs)
	fmt.Printf("| %s | %.3f s | %.3f s | %s | %.3f s | %.3f s | %s | %.1f | %.1f |\n", title,
		o.wall.Seconds(), o.cpu.Seconds(), mib(o.rss), p.wall.Seconds(), p.cpu.Seconds(), mib(p.rss),
		p.wall.Seconds()/o.wall.Seconds(), p.cpu.Seconds()/o.cpu.Seconds())
}

// find returns the path of the module of this name.
func (e *encoders) find(name string) (string, error) {
	for _, m := range e.Modules {
		if moduleName(m) == name {
			return m, nil
		}
	}
	return "", fmt.Errorf("%s: no module of this name", filepath.Base(name))
}
