package main

// Which features a pahole command line asks for.
//
// pahole has two ways to say it. Since 1.26 there is --btf_features=LIST, and
// what no list names is off. Before, there was an option for each deviation from
// what pahole does by itself, which is everything but floats and the rules about
// functions. Kernels up to 6.7 know only these options, and name what they knew
// of: Linux 5.15 did not turn off ENUM64, which came with 6.0 and makes it refuse
// its own vmlinux. Therefore:
//
//   - options act in the order given, the first list turns everything off, and
//     lists add up (pahole.c, init_btf_features);
//   - a list is taken at its word: Makefile.btf knows what its kernel loads;
//   - without a list the features are fit to the kernel that is built, which
//     Kbuild names in the environment: KERNELVERSION=5.15.7. But where the base
//     has what that version could not load, the kernel has more than its version
//     says (RHEL 9 calls itself 5.14), and nothing is left out.

import (
	"os"
	"strings"

	"github.com/gobtfenc/gobtfenc/encoder"
)

// paholeFeatures is what the options read so far ask for.
type paholeFeatures struct {
	set     encoder.Features
	listed  bool     // there was a list
	ignored []string // names in lists that are not known
}

// newPaholeFeatures returns what is encoded where no option says anything.
func newPaholeFeatures() paholeFeatures {
	return paholeFeatures{set: encoder.Features{}.Set(encoder.FeatureVar|encoder.FeatureDeclTag|encoder.FeatureTypeTag|encoder.FeatureEnum64, true)}
}

// list adds the features of a list.
func (p *paholeFeatures) list(value string, mode encoder.FeatureMode) error {
	if !p.listed {
		p.listed, p.set = true, encoder.Features{}
	}
	fs, err := encoder.ParseFeatures([]string{value}, mode)
	if err != nil {
		return err
	}
	p.set = p.set.With(fs)
	for name := range strings.SplitSeq(strings.TrimPrefix(value, "+"), ",") {
		if _, err := encoder.ParseFeatures([]string{name}, encoder.FeaturesStrict); err != nil {
			p.ignored = append(p.ignored, name)
		}
	}
	return nil
}

// fit returns the features for a base, nil for none, and the kernel for which
// others were left out, with a message that names them.
func (p *paholeFeatures) fit(base *encoder.Base) (fs encoder.Features, t encoder.Target, left string) {
	if p.listed {
		return p.set, t, ""
	}
	t, ok := builtKernel()
	if !ok || base != nil && (base.Wait() != nil || t.CheckBase(base) != nil) {
		return p.set, encoder.Target{}, ""
	}
	fs, left = t.Fit(p.set)
	return fs, t, left
}

// builtKernel returns the version of the kernel that is built, or whose modules
// are: X.Y.Z with -rc1 or what else a Makefile's EXTRAVERSION has behind it.
func builtKernel() (encoder.Target, bool) {
	version := os.Getenv("KERNELVERSION")
	if i := strings.IndexFunc(version, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }); i >= 0 {
		version = version[:i]
	}
	t, err := encoder.ParseTarget(version)
	return t, err == nil
}
