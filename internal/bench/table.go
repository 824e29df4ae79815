package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/gobtfenc/gobtfenc/internal/cost"
)

// comparison is the table of gobtfenc against others, in Markdown.
func comparison(rows []*row) string {
	var t strings.Builder
	t.WriteString("| work | gobtfenc: wall | CPU | memory | against | wall | CPU | memory | times faster: wall | CPU | walk: wall | CPU | CPU, times the walk |\n")
	t.WriteString("|---|--:|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range rows {
		o, a := r.Ours.Median, r.Against.Median
		fmt.Fprintf(&t, "| %s | %s | %s, runs %d | %s | %s | %s |", r.Work, cells(o), r.Against.Name, len(r.Against.Samples), cells(a),
			ratio(a.Wall, o.Wall), ratio(a.CPU, o.CPU))
		if r.Walk == nil {
			t.WriteString(" | | |\n")
			continue
		}
		w := r.Walk.Median
		fmt.Fprintf(&t, " %s | %s | %s |\n", seconds(w.Wall), seconds(w.CPU), ratio(o.CPU, w.CPU))
	}
	return t.String()
}

// growth is the table of cost over size, in Markdown.
func growth(rows []*row) string {
	var t strings.Builder
	t.WriteString("| work | files | .debug_info | wall | CPU | memory | wall per MB | CPU per MB | walk: CPU per MB |\n")
	t.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range rows {
		mb := float64(r.DebugInfo) / 1e6
		o, w := r.Ours.Median, r.Walk.Median
		fmt.Fprintf(&t, "| %s | %d | %.1f MB | %s | %.2f ms | %.2f ms | %.2f ms |\n", r.Work, r.Files, mb, cells(o),
			1e3*o.Wall.Seconds()/mb, 1e3*o.CPU.Seconds()/mb, 1e3*w.CPU.Seconds()/mb)
	}
	return t.String()
}

func cells(c cost.Cost) string {
	return fmt.Sprintf("%s | %s | %s", seconds(c.Wall), seconds(c.CPU), cost.MiB(c.RSS))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

func ratio(a, b time.Duration) string { return fmt.Sprintf("%.1f", a.Seconds()/b.Seconds()) }
