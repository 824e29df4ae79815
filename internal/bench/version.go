package main

import (
	"fmt"
	"os/exec"
	"strings"
)

// version is that of a pahole: v1.24.
type version struct {
	text         string
	major, minor int
}

func askVersion(pahole string) (v version, err error) {
	out, err := exec.Command(pahole, "--version").Output()
	if err != nil {
		return v, fmt.Errorf("%s --version: %w", pahole, err)
	}
	v.text = strings.TrimSpace(string(out))
	if _, err := fmt.Sscanf(v.text, "v%d.%d", &v.major, &v.minor); err != nil {
		return v, fmt.Errorf("%s --version: %q is no version", pahole, v.text)
	}
	return v, nil
}

// hasFeatures tells whether it knows --btf_features, which came with 1.26.
func (v version) hasFeatures() bool { return v.major > 1 || v.minor >= 26 }

// flags are what Kbuild gives a pahole of this version.
func (v version) flags() []string {
	if v.hasFeatures() {
		return []string{"--btf_features=default", "--lang_exclude=rust"}
	}
	return []string{"--btf_gen_floats", "--lang_exclude=rust"}
}

// ourFlags make gobtfenc describe the same functions and variables.
func (v version) ourFlags() []string {
	if v.hasFeatures() {
		return nil
	}
	return []string{"--features", "pahole-1.24"}
}
