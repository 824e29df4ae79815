package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/kerneldir"
)

// kernel is a folder of modules and the vmlinux that they were built with.
type kernel struct {
	release string // what follows vmlinux- in the file's name
	vmlinux string // path
	modules map[string]*module
}

// module is a module's file and what it says of itself.
type module struct {
	name    string // as the kernel has it: x_y for x-y.ko
	path    string
	depends []string // names
}

func findKernel(dir string) (*kernel, error) {
	found, err := kerneldir.Find(dir)
	if err != nil {
		return nil, err
	}
	k := &kernel{release: found.Release, vmlinux: found.Vmlinux, modules: map[string]*module{}}
	for _, path := range found.Modules {
		m, err := readModule(path)
		if err != nil {
			return nil, err
		}
		k.modules[m.name] = m
	}
	return k, nil
}

func readModule(path string) (*module, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	s := f.Section(".modinfo")
	if s == nil {
		return nil, fmt.Errorf("%s: no section .modinfo", path)
	}
	info, err := s.Data()
	if err != nil {
		return nil, fmt.Errorf("%s: section .modinfo: %w", path, err)
	}
	m := parseModinfo(info)
	m.path = path
	if m.name == "" {
		m.name = kernelName(strings.TrimSuffix(filepath.Base(path), ".ko"))
	}
	return m, nil
}

// kernelName is a module's name as the kernel has it. Files and dependencies
// also have dashes.
func kernelName(s string) string { return strings.ReplaceAll(s, "-", "_") }

// parseModinfo reads what a module says of itself: key=value, each with a NUL.
func parseModinfo(info []byte) *module {
	m := &module{}
	for field := range bytes.SplitSeq(info, []byte{0}) {
		key, value, _ := strings.Cut(string(field), "=")
		switch key {
		case "name":
			m.name = kernelName(value)
		case "depends":
			for d := range strings.SplitSeq(value, ",") {
				if d != "" {
					m.depends = append(m.depends, kernelName(d))
				}
			}
		}
	}
	return m
}

// loadOrder returns names and all that they depend on, each once and behind
// what it depends on. The order is the same at every run.
func loadOrder(modules map[string]*module, names []string) ([]string, error) {
	var order []string
	state := map[string]int{} // 1 while its dependencies are looked at, 2 when done
	var visit func(name, from string) error
	visit = func(name, from string) error {
		m := modules[name]
		switch {
		case m == nil && from == "":
			return fmt.Errorf("no module %s", name)
		case m == nil:
			return fmt.Errorf("module %s depends on %s, which is not there", from, name)
		case state[name] == 1:
			return fmt.Errorf("module %s depends on itself", name)
		case state[name] == 2:
			return nil
		}
		state[name] = 1
		for _, d := range m.depends {
			if err := visit(d, name); err != nil {
				return err
			}
		}
		state[name] = 2
		order = append(order, name)
		return nil
	}
	for _, name := range slices.Sorted(slices.Values(names)) {
		if err := visit(name, ""); err != nil {
			return nil, err
		}
	}
	return order, nil
}
