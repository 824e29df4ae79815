package encoder

import (
	"strings"
	"testing"
)

const defaultNames = "encode_force,var,float,decl_tag,type_tag,enum64,optimized_func,consistent_func,decl_tag_kfuncs"

func TestParseFeatures(t *testing.T) {
	for _, c := range []struct{ values, want string }{
		{"", ""},
		{"default", defaultNames},
		{"var", "var"},
		{"encode_force,var,float,enum64,decl_tag,type_tag,optimized_func,consistent_func,decl_tag_kfuncs", defaultNames},
		{"float,,var", "var,float"},
		{"var,default", defaultNames},
		{"+reproducible_build", defaultNames + ",reproducible_build"},
		{"+", defaultNames},
		{"var float", "var,float"},
		{"var +reproducible_build", defaultNames + ",reproducible_build"},
		{"pahole-1.24", "pahole-1.24,var,float,decl_tag,type_tag,enum64,reproducible_build"},
	} {
		fs, err := ParseFeatures(strings.Split(c.values, " "), FeaturesStrict)
		if err != nil || fs.String() != c.want {
			t.Errorf("%q: got %q, %v; want %q", c.values, fs, err, c.want)
		}
	}
	if fs, err := ParseFeatures(nil, FeaturesStrict); err != nil || fs != DefaultFeatures() {
		t.Errorf("no option: got %q, %v; want the default set", fs, err)
	}
}

func TestParseFeaturesErrors(t *testing.T) {
	for _, c := range []struct{ values, want, lenient string }{
		{"var,inline", `unknown feature "inline"`, "var"},
		{"all", `unknown feature "all"`, ""},
		{"+inline", `unknown feature "inline"`, defaultNames},
		{"Var", `unknown feature "Var"`, ""},
	} {
		if _, err := ParseFeatures([]string{c.values}, FeaturesStrict); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got error %v, want %q", c.values, err, c.want)
		}
		if fs, err := ParseFeatures([]string{c.values}, FeaturesLenient); err != nil || fs.String() != c.lenient {
			t.Errorf("%q, lenient: got %q, %v; want %q", c.values, fs, err, c.lenient)
		}
	}
	for _, values := range [][]string{{"pahole-1.24,var"}, {"pahole-1.24", "var"}, {"+pahole-1.24"}} {
		if _, err := ParseFeatures(values, FeaturesLenient); err == nil || !strings.Contains(err.Error(), "stands alone") {
			t.Errorf("%q: got error %v, want one that it stands alone", values, err)
		}
	}
}

func TestFuncPolicy(t *testing.T) {
	if got, want := DefaultFeatures().FuncPolicy(), (FuncPolicy{Consistent: true, Optimized: true, Kfuncs: true, DeclTags: true}); got != want {
		t.Errorf("default: got %+v, want %+v", got, want)
	}
	if got, want := Pahole124().FuncPolicy(), (FuncPolicy{Compat124: true, DeclTags: true}); got != want {
		t.Errorf("%s: got %+v, want %+v", pahole124, got, want)
	}
	fs, _ := ParseFeatures([]string{"decl_tag_kfuncs"}, FeaturesStrict)
	if fs.FuncPolicy().Kfuncs {
		t.Error("kfuncs are tagged without decl_tag")
	}
	fs, _ = ParseFeatures([]string{"decl_tag_kfuncs,attributes"}, FeaturesStrict)
	if got, want := fs.FuncPolicy(), (FuncPolicy{Kfuncs: true, Attributes: true}); got != want {
		t.Errorf("attributes without decl_tag: got %+v, want %+v", got, want)
	}
}

func TestFeaturesSet(t *testing.T) {
	fs := DefaultFeatures().Set(FeatureVar|FeatureFloat, false).Set(FeatureLayout, true).Set(FeatureDeclTag, true)
	if want := "encode_force,decl_tag,type_tag,enum64,optimized_func,consistent_func,decl_tag_kfuncs,layout"; fs.String() != want {
		t.Errorf("got %q, want %q", fs, want)
	}
	a, b := Features{set: FeatureVar | FeatureFloat}, Features{set: FeatureFloat | FeatureLayout}
	if got := a.With(b).String(); got != "var,float,layout" {
		t.Errorf("got %q", got)
	}
	if got := a.With(Pahole124()); !got.Compat124 || !got.Has(FeatureDeclTag|FeatureVar) {
		t.Errorf("got %q", got)
	}
}
