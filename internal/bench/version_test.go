package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAskVersion(t *testing.T) {
	for says, want := range map[string]string{
		"v1.24": "--btf_gen_floats --lang_exclude=rust", "v1.25": "--btf_gen_floats --lang_exclude=rust",
		"v1.26": "--btf_features=default --lang_exclude=rust", "v2.0": "--btf_features=default --lang_exclude=rust", "none": "",
	} {
		path := filepath.Join(t.TempDir(), "pahole")
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho "+says+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		v, err := askVersion(path)
		if want == "" {
			if err == nil {
				t.Errorf("%s: version %v", says, v)
			}
			continue
		}
		if err != nil || v.text != says || strings.Join(v.flags(), " ") != want || (v.ourFlags() == nil) != v.hasFeatures() {
			t.Errorf("%s: version %v, flags %q, error %v", says, v, v.flags(), err)
		}
	}
}
