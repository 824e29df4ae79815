package explain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/report/explain"
)

// TestNear: where a module has nothing of a name, those are told that have it in them or
// begin as it does, the shortest first and no more than eight.
func TestNear(t *testing.T) {
	base := btftest.MustParse(t, "[1] INT 'int' size=4 encoding=SIGNED", nil)
	b := btftest.MustParse(t, "[2] STRUCT 'my_config' size=4\n'config_of' type_id=1\n[3] TYPEDEF 'CONFIG_t' type_id=1\n[4] TYPEDEF 'x' type_id=1", base)
	for _, c := range []struct {
		name  string
		funcs []string
		want  string
	}{
		{"config", nil, "CONFIG_t my_config"},
		{"struct config", nil, "CONFIG_t my_config"},
		{"configure", nil, "CONFIG_t"},
		{"config", []string{"config_get", "set_config", "config_get"}, "CONFIG_t my_config config_get set_config"},
		{"config", []string{"config_1", "config_2", "config_3", "config_4", "config_5", "config_6", "config_7"},
			"CONFIG_t config_1 config_2 config_3 config_4 config_5 config_6 config_7"},
		{"nothing", nil, ""},
	} {
		r, err := explain.New(base).Name(&explain.Input{BTF: b, Functions: slices.Clone(c.funcs)}, c.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(r.Near, " "); r.Found() || got != c.want {
			t.Errorf("%s, functions %v: found %v, near %q, want %q", c.name, c.funcs, r.Found(), got, c.want)
		}
		write(t, r)
	}
}

// TestRepeats: a type that the module has twice is counted as such.
func TestRepeats(t *testing.T) {
	base := btftest.MustParse(t, "[1] INT 'int' size=4 encoding=SIGNED", nil)
	b := btftest.MustParse(t, "[2] STRUCT 's' size=4\n'a' type_id=1\n[3] STRUCT 's' size=4\n'a' type_id=1", base)
	r := explain.New(base).Module(&explain.Input{BTF: b})
	var w strings.Builder
	if err := r.Text(&w, 0); err != nil {
		t.Fatal(err)
	}
	if r.Repeats != 1 || !strings.Contains(w.String(), "there twice") {
		t.Errorf("%d repeats:\n%s", r.Repeats, w.String())
	}
}
