package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// grown is a report of -scale in which cost grows as work does.
func grown() *report {
	r := &report{Kernel: "6.0 <&>", Runs: 5}
	for i, mb := range []uint64{0, 1, 10, 100, 1000} {
		took := func(ms time.Duration) *program {
			return took("", 5, ms*time.Duration(mb)*time.Millisecond, 2*ms*time.Duration(mb)*time.Millisecond, max(1, mb))
		}
		r.Rows = append(r.Rows, &row{Work: "x", Files: 1 + i/4, DebugInfo: mb * 1e6, Ours: took(10), Walk: took(1)})
	}
	return r
}

func TestGrowthPlot(t *testing.T) {
	svg := growthPlot(grown())
	d := xml.NewDecoder(strings.NewReader(svg))
	circles := 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "circle" {
			circles++
		}
	}
	// Three modules and one set, two times of each and one of the walk; memory.
	if want := 3*3 + 1*2 + 3 + 1; circles != want {
		t.Errorf("%d points instead of %d", circles, want)
	}
	// 20 ms for each MB of 1, 10 and 100, on axes from 1 to 1000 and from 1 to 100.
	if want := `points="70.0,130.9 276.7,130.9 483.3,130.9"`; !strings.Contains(svg, want) {
		t.Errorf("no %s in\n%s", want, svg)
	}
}

func TestPrintPlot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench.json")
	write := func(r *report) {
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := grown()
	write(r)
	var got strings.Builder
	if err := printPlot(&got, path); err != nil || got.String() != growthPlot(r) {
		t.Errorf("error %v, printed\n%s", err, got.String())
	}
	r.Rows[2].Walk = nil
	write(r)
	if err := printPlot(io.Discard, path); err == nil {
		t.Error("a report of the comparison was drawn")
	}
	if err := printPlot(io.Discard, path+".none"); err == nil {
		t.Error("no file, and no error")
	}
}
