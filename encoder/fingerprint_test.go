package encoder

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/dwarf"
)

// TestFingerprint: every field of Options either shows, or is known not to
// matter. One that is added must be put here.
func TestFingerprint(t *testing.T) {
	matters := map[string][]func(*Options){
		"Features": {
			func(o *Options) { o.Features = DefaultFeatures() },
			func(o *Options) { o.Features = Pahole124() },
			func(o *Options) { o.Features = Features{set: FeatureLayout} },
		},
		"Exclude": {
			func(o *Options) { o.Exclude = []dwarf.Lang{dwarf.LangRust} },
			func(o *Options) { o.Exclude = []dwarf.Lang{dwarf.LangRust, dwarf.LangC} },
		},
		"Sort":          {func(o *Options) { o.Sort = true }},
		"Target":        {func(o *Options) { o.Target = Target{7, 0} }, func(o *Options) { o.Target = Target{6, 12} }},
		"AllowMismatch": {func(o *Options) { o.AllowMismatch = true }},
		"Verify":        {func(o *Options) { o.Verify = func(*Sections) error { return nil } }},
		"Only":          {func(o *Options) { o.Only = []dwarf.Lang{dwarf.LangRust} }},
		"NamePrefix":    {func(o *Options) { o.NamePrefix = "rh_\n" }},
		"ResolveIDs":    {func(o *Options) { o.ResolveIDs = true }},
		"EmptyIDs":      {func(o *Options) { o.EmptyIDs = true }},
		"FatalWarnings": {func(o *Options) { o.FatalWarnings = true }},
	}
	const doesNot = " Base Jobs Tokens Done Clock busy OutDir Detached Object Take Shipped "

	seen := map[string]string{new(Options).Fingerprint(): "no options"}
	for i := range reflect.TypeFor[Options]().NumField() {
		name := reflect.TypeFor[Options]().Field(i).Name
		if len(matters[name]) == 0 && !strings.Contains(doesNot, " "+name+" ") {
			t.Errorf("is %s part of the fingerprint?", name)
		}
		for _, set := range matters[name] {
			var o Options
			set(&o)
			f := o.Fingerprint()
			if other := seen[f]; other != "" {
				t.Errorf("%s and %s have one fingerprint, %s", name, other, f)
			}
			if seen[f] = name; strings.ContainsAny(f, "\n\r") {
				t.Errorf("%q is more than a line", f)
			}
		}
	}
}

// The order in which languages are given does not matter.
func TestFingerprintOrder(t *testing.T) {
	a := Options{Exclude: []dwarf.Lang{dwarf.LangRust, dwarf.LangC}}
	b := Options{Exclude: []dwarf.Lang{dwarf.LangC, dwarf.LangRust, dwarf.LangC}}
	if a.Fingerprint() != b.Fingerprint() || a.Exclude[0] != dwarf.LangRust {
		t.Errorf("%s, %s", a.Fingerprint(), b.Fingerprint())
	}
}
