package diff_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/report/diff"
)

var update = flag.Bool("update", false, "write testdata")

// some is a report with a module of every sort. Names in it are hostile.
func some(t *testing.T, jobs int) *diff.Report {
	t.Helper()
	parse := func(text string) *btf.BTF { return btftest.MustParse(t, numbers+text, nil) }
	files := map[string]*btf.BTF{
		"old/changed": parse("[4] STRUCT 's\x1b[2J|*' size=4\n'<b>' type_id=1\n[5] STRUCT 'x' size=4\n's' type_id=4"),
		"new/changed": parse("[4] STRUCT 's\x1b[2J|*' size=8\n'<b>' type_id=2\n[5] STRUCT 'x' size=4\n's' type_id=4\n[6] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=2"),
		"old/same":    parse(""), "new/same": parse("[4] CONST '(anon)' type_id=1\n[5] CONST '(anon)' type_id=1"),
		"old/gone": parse(""), "new/@come": parse(""),
	}
	read := func(path string, isNew bool) (*diff.Input, error) {
		b := files[path]
		if b == nil {
			return nil, errors.New(path + ": no such file")
		}
		return &diff.Input{Path: path, BTF: b, Bytes: uint64(12*len(b.Types.Rows) + len(b.Strs)), Exports: exports}, nil
	}
	return diff.Run(diff.NewComparer(nil, nil), []diff.Pair{
		{Name: "@come", New: "new/@come"}, {Name: "broken", Old: "old/broken", New: "new/broken"}, {Name: "changed", Old: "old/changed", New: "new/changed"},
		{Name: "gone", Old: "old/gone"}, {Name: "half", Old: "old/same", New: "new/half"}, {Name: "same", Old: "old/same", New: "new/same"},
	}, jobs, read, func() {})
}

// TestFormats compares every format with what it is to be.
func TestFormats(t *testing.T) {
	var first string
	for _, jobs := range []int{1, 8} {
		r := some(t, jobs)
		var all strings.Builder
		for _, f := range []struct {
			name  string
			write func(*bytes.Buffer) error
		}{
			{"report.txt", func(b *bytes.Buffer) error { return r.WriteText(b, diff.View{}) }},
			{"all.txt", func(b *bytes.Buffer) error { return r.WriteText(b, diff.View{All: true}) }},
			{"report.md", func(b *bytes.Buffer) error { return r.WriteMarkdown(b, diff.View{}) }},
			{"top.md", func(b *bytes.Buffer) error { return r.WriteMarkdown(b, diff.View{All: true, Top: 1}) }},
			{"report.json", func(b *bytes.Buffer) error { return r.WriteJSON(b) }},
		} {
			var b bytes.Buffer
			if err := f.write(&b); err != nil {
				t.Fatal(err)
			}
			all.Write(b.Bytes())
			golden(t, f.name, b.Bytes())
		}
		if first == "" {
			first = all.String()
		} else if all.String() != first {
			t.Errorf("with %d jobs it is another report", jobs)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s", name, got)
	}
}

func TestHas(t *testing.T) {
	r := some(t, 1)
	for _, kind := range diff.Kinds() {
		if !r.Has(kind) {
			t.Errorf("there is no difference of kind %s", kind)
		}
	}
	if r.Has("none") {
		t.Error("none is a kind")
	}
	if got, want := r.Modules[5].New.Copies, 1; got != want {
		t.Errorf("%d copies, want %d", got, want)
	}
}
