package splitdedup

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

var update = flag.Bool("update", false, "write the exact text of cases whose meaning is right")

// dedupCase is a file of testdata/dedup: what it guards, the base if there is
// one, the units in order, and what the module has in the end, on top of the
// base. All are raw dumps as [btftest.Parse] reads them.
type dedupCase struct {
	comment string
	base    string
	units   []string
	want    string
}

// splitCase splits a file at its lines "-- base --", "-- unit --", "-- want --".
func splitCase(text string) (*dedupCase, error) {
	c := &dedupCase{}
	var part []string
	section := "comment"
	wanted := false
	end := func() error {
		s := strings.Join(part, "")
		part = nil
		switch section {
		case "comment":
			c.comment = s
		case "base":
			c.base = s
		case "unit":
			c.units = append(c.units, s)
		case "want":
			c.want, wanted = s, true
		default:
			return fmt.Errorf("unknown section %q", section)
		}
		return nil
	}
	for line := range strings.Lines(text) {
		s, begins := strings.CutPrefix(strings.TrimSpace(line), "-- ")
		s, ends := strings.CutSuffix(s, " --")
		if !begins || !ends {
			part = append(part, line)
			continue
		}
		if err := end(); err != nil {
			return nil, err
		}
		section = s
	}
	if err := end(); err != nil {
		return nil, err
	}
	if len(c.units) == 0 || !wanted || strings.TrimSpace(c.comment) == "" {
		return nil, fmt.Errorf("a case needs a comment, a unit and a want")
	}
	return c, nil
}

func (c *dedupCase) String() string {
	var w strings.Builder
	w.WriteString(c.comment)
	if c.base != "" {
		w.WriteString("-- base --\n" + c.base)
	}
	for _, u := range c.units {
		w.WriteString("-- unit --\n" + u)
	}
	w.WriteString("-- want --\n" + c.want)
	return w.String()
}

// TestCases runs every file of testdata/dedup: the exact text, the meaning,
// and what must hold for every case.
func TestCases(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "dedup", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal("no cases: ", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := splitCase(string(data))
			if err != nil {
				t.Fatal(err)
			}
			runCase(t, file, c)
		})
	}
}

func runCase(t *testing.T, file string, c *dedupCase) {
	base := textBase(t, c.base)
	want := btftest.MustParse(t, c.want, base)
	var units []*btf.BTF
	for _, u := range c.units {
		units = append(units, textUnit(t, u))
	}
	got := dedup(t, base, units, false)
	sameMeaning(t, "meaning", want, got)
	if *update && !t.Failed() {
		c.want = exactText(got)
		if err := os.WriteFile(file, []byte(c.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !has(units, btf.KindVar, btf.KindDatasec) {
		for _, collide := range []bool{false, true} {
			sameMeaning(t, "in one piece", got, dedupGroup(t, base, units, collide))
		}
	}
	exact := exactText(got)
	if exact != c.want && !t.Failed() {
		t.Errorf("got:\n%s\nwant:\n%s", exact, c.want)
	}
	if t.Failed() {
		return
	}

	if s := exactText(dedup(t, base, units, true)); s != exact {
		t.Errorf("with all signatures equal:\n%s\nwant:\n%s", s, exact)
	}
	if s := exactText(addSplit(t, got, false)); s != exact {
		t.Errorf("once more, as split BTF:\n%s\nwant:\n%s", s, exact)
	}
	if !has(append(units, base), btf.KindVar, btf.KindDatasec) {
		var twice []*btf.BTF
		for _, u := range units {
			twice = append(twice, u, u)
		}
		if s := exactText(dedup(t, base, twice, false)); s != exact {
			t.Errorf("each unit twice:\n%s\nwant:\n%s", s, exact)
		}
		again := dedup(t, base, []*btf.BTF{onTop(got)}, false)
		sameMeaning(t, "a second pass over the result", got, again)
		if s := exactText(again); s != exact && base == nil {
			t.Errorf("a second pass over the result:\n%s\nwant:\n%s", s, exact)
		}
	}
	if !declares(append(units, base)) {
		for i := range units {
			order := append(slices.Clone(units[i:]), units[:i]...)
			sameMeaning(t, fmt.Sprintf("begun with unit %d", i+1), want, dedup(t, base, order, false))
			slices.Reverse(order)
			sameMeaning(t, fmt.Sprintf("backward from unit %d", i+1), want, dedup(t, base, order, false))
		}
	}
}
