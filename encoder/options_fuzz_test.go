package encoder

import (
	"strings"
	"testing"
)

// FuzzWords reads lists of features and languages and the version of a kernel. What is
// taken has a form that means the same.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"default", "var,float,+layout", "+global_var", "-var", "pahole-1.24", "default,-float", "rust,c89,go", "6.12.111", "7.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, mode := range []FeatureMode{FeaturesStrict, FeaturesLenient} {
			set, err := ParseFeatures(strings.Split(text, ","), mode)
			if err != nil || set.Compat124 {
				continue // the latter stands alone, its features are not named apart
			}
			again, err := ParseFeatures(strings.Split(set.String(), ","), FeaturesStrict)
			if err != nil || again != set {
				t.Errorf("%q is %v, read again %v, error %v", text, set, again, err)
			}
		}
		if codes, err := ParseLanguages(strings.Split(text, ",")); err == nil && len(codes) > 1+strings.Count(text, ",") {
			t.Errorf("%q is %d languages", text, len(codes))
		}
		target, err := ParseTarget(text)
		if err != nil {
			return
		}
		if again, err := ParseTarget(target.String()); err != nil || again != target {
			t.Errorf("%q is %v, read again %v, error %v", text, target, again, err)
		}
	})
}
