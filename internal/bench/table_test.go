package main

import (
	"strings"
	"testing"
	"time"

	"github.com/gobtfenc/gobtfenc/internal/cost"
)

func took(name string, runs int, wall, cpu time.Duration, mib uint64) *program {
	return &program{Name: name, Median: cost.Cost{Wall: wall, CPU: cpu, RSS: mib << 20}, Samples: make([]cost.Cost, runs)}
}

func TestTables(t *testing.T) {
	r := &row{
		Work: "work", Files: 3, DebugInfo: 4e6,
		Ours:    took("gobtfenc -j2", 5, 200*time.Millisecond, 300*time.Millisecond, 64),
		Against: took("pahole", 1, 5*time.Second, 9*time.Second, 128),
		Walk:    took("walk", 5, 50*time.Millisecond, 60*time.Millisecond, 4),
	}
	for _, c := range []struct{ what, table, want string }{
		{"comparison", comparison([]*row{r}), "| work | 0.200 s | 0.300 s | 64 MiB | pahole, runs 1 | 5.000 s | 9.000 s | 128 MiB | 25.0 | 30.0 | 0.050 s | 0.060 s | 5.0 |"},
		{"growth", growth([]*row{r}), "| work | 3 | 4.0 MB | 0.200 s | 0.300 s | 64 MiB | 50.00 ms | 75.00 ms | 15.00 ms |"},
	} {
		lines := strings.Split(strings.TrimSuffix(c.table, "\n"), "\n")
		if len(lines) != 3 || lines[2] != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.what, c.table, c.want)
		}
		for _, l := range lines {
			if strings.Count(l, "|") != strings.Count(lines[0], "|") {
				t.Errorf("%s: cells of %s", c.what, l)
			}
		}
	}
}
