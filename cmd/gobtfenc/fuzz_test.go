package main

import (
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/encoder"
)

// FuzzOptions reads words, one a line, as pahole and as resolve_btfids. Nothing is
// opened. What is understood can be run: there are jobs, and features have a form that
// means the same; what is not has a message.
func FuzzOptions(f *testing.F) {
	for _, s := range []string{
		"-J -j8 --btf_features=encode_force,var,float --btf_base vmlinux x.ko",
		"-J --btf_features=default,+global_var --lang_exclude=rust --btf_encode_detached=x.BTF x.ko",
		"--btf_features_strict=nonsense -J x", "-j99999999999999999999", "-J --btf_gen_all --skip_encoding_btf_vars -V",
		"--btf_base= x", "--numeric_version", "--supported_btf_features", "-C list_head x", "-F ctf", "--help", "--usage",
		"--btf a.BTF.1 --btf_base vmlinux --distill_base a.ko", "--patch_btfids a.BTF_ids a.ko", "-v --no-fatal_warnings a.ko", "-h",
	} {
		f.Add(strings.ReplaceAll(s, " ", "\n"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		args := strings.Split(text, "\n")
		c := paholeCall{name: "pahole", jobs: 1, features: newPaholeFeatures()}
		answer, err := c.read(args)
		switch {
		case err != nil:
			if err.Error() == "" {
				t.Errorf("pahole %q: an error without words", args)
			}
		case answer == "" && c.jobs < 1:
			t.Errorf("pahole %q: %d jobs", args, c.jobs)
		case answer == "":
			set := c.features.set
			again, err := encoder.ParseFeatures(strings.Split(set.String(), ","), encoder.FeaturesStrict)
			if !set.Compat124 && (err != nil || again != set) {
				t.Errorf("pahole %q: features %v, read again %v, error %v", args, set, again, err)
			}
			if _, err := encoder.ParseLanguages(strings.Split(c.lang, ",")); err != nil && err.Error() == "" {
				t.Errorf("pahole %q: an error without words", args)
			}
		}
		ids, err := parseIDsCall(args)
		if err != nil && err.Error() == "" || err == nil && ids.distill && ids.base == "" && !ids.help {
			t.Errorf("resolve_btfids %q: %+v, error %v", args, ids, err)
		}
	})
}
