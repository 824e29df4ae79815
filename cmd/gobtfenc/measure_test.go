package main

import (
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/gobtfenc/gobtfenc/report/measure"
)

// TestJoined: each folder that could not be read has an error of its own.
func TestJoined(t *testing.T) {
	a, b := &fs.PathError{Op: "open", Path: "a", Err: fs.ErrPermission}, errors.New("b")
	for _, c := range []struct {
		err  error
		want []error
	}{
		{nil, nil}, {b, []error{b}}, {errors.Join(a, b), []error{a, b}}, {errors.Join(a), []error{a}},
	} {
		if got := joined(c.err); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

func TestAddFolderErrors(t *testing.T) {
	run := measureRun{report: measure.NewCollector(nil, "", 0)}
	run.addErrors("tree", errors.Join(&fs.PathError{Op: "open", Path: "tree/a", Err: fs.ErrPermission}, errors.New("tree: other")))
	var got [][2]string
	for _, m := range run.report.Report().Modules {
		got = append(got, [2]string{m.Path, m.Error})
	}
	if want := [][2]string{{"tree", "tree: other"}, {"tree/a", "tree/a: permission denied"}}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
