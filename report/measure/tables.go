package measure

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/number"
)

// tables returns what r has to say to people.
func (r *Report) tables(top int) []*grid {
	all := []*grid{r.moduleTable(top), r.kindTable()}
	if len(r.Total.Costs) > 0 {
		all = append(all, r.costTable())
	}
	if r.Repeated.Types.Count > 0 {
		all = append(all, r.repeatedTable(top))
	}
	if r.Total.Failed > 0 {
		all = append(all, r.failedTable(top))
	}
	return all
}

// first says how many of n things are shown.
func first(n, top int) int {
	if top == 0 {
		return n
	}
	return min(n, top)
}

func title(what string, n, top int) string {
	if shown := first(n, top); shown < n {
		return fmt.Sprintf("%s, %s of %s", what, number.Grouped(shown), number.Grouped(n))
	}
	return what
}

// moduleTable shows the largest modules.
func (r *Report) moduleTable(top int) *grid {
	var good []*Module
	for i := range r.Modules {
		if m := &r.Modules[i]; m.Error == "" {
			good = append(good, m)
		}
	}
	slices.SortStableFunc(good, func(a, b *Module) int { return cmp.Compare(b.Own().Bytes, a.Own().Bytes) })
	g := &grid{title: title("Modules", len(good), top), texts: 1, head: []string{"module", "alone", "split", "ratio", "types", "own", "shared", "names"}}
	line := func(name string, alone, split, own *Size, least bool) []string {
		atLeast := ""
		if least {
			atLeast = "≥ "
		}
		return []string{
			name, atLeast + grouped(alone), grouped(split), atLeast + ratioCell(ratio(alone, split), 1),
			atLeast + groupedTypes(alone), groupedTypes(split), atLeast + sharedTypes(alone, split), number.Grouped(own.StringBytes()),
		}
	}
	for _, m := range good[:first(len(good), top)] {
		g.rows = append(g.rows, line(m.Path, m.Alone, m.Split, m.Own(), m.AloneIsLeast()))
	}
	if len(good) > 0 {
		g.foot = line(number.Grouped(len(good))+" in all", r.Total.Alone, r.Total.Split, r.Total.own(), r.Total.Least)
	}
	return g
}

// own returns the sum of the modules' own BTF, nil where there are none.
func (t *Total) own() *Size {
	if t.Split != nil {
		return t.Split
	}
	return t.Alone
}

// grouped and groupedTypes are empty where there is no such BTF.
func grouped(s *Size) string {
	if s == nil {
		return ""
	}
	return number.Grouped(s.Bytes)
}

func groupedTypes(s *Size) string {
	if s == nil {
		return ""
	}
	return number.Grouped(s.Types)
}

// sharedTypes is how many of a module's types are the base's.
func sharedTypes(alone, split *Size) string {
	if alone == nil || split == nil {
		return ""
	}
	return number.Grouped(alone.Types - split.Types)
}

// kindTable accounts the modules' own BTF by kind.
func (r *Report) kindTable() *grid {
	g := &grid{title: "Own bytes by kind", texts: 1, head: []string{"kind", "types", "records", "names", "bytes"}}
	own := r.Total.own()
	if own == nil {
		return g
	}
	for _, k := range own.Kinds {
		g.rows = append(g.rows, []string{k.Kind, number.Grouped(k.Count), number.Grouped(k.Bytes), number.Grouped(k.Strings), number.Grouped(k.Bytes + k.Strings)})
	}
	g.rows = append(g.rows, []string{"headers", "", "", "", number.Grouped(own.Header)})
	for _, rest := range []struct {
		name  string
		bytes uint64
	}{{"other names", own.Unnamed}, {"other", own.Other}} {
		if rest.bytes > 0 {
			g.rows = append(g.rows, []string{rest.name, "", "", "", number.Grouped(rest.bytes)})
		}
	}
	g.foot = []string{"in all", number.Grouped(own.Types), number.Grouped(own.RecordBytes()), number.Grouped(own.StringBytes()), number.Grouped(own.Bytes)}
	return g
}

// costTable says what features cost.
func (r *Report) costTable() *grid {
	g := &grid{title: "Cost of features", texts: 1, head: []string{"feature", "bytes"}}
	for _, f := range r.features() {
		g.rows = append(g.rows, []string{f, number.Grouped(r.Total.Costs[f])})
	}
	return g
}

// repeatedTable shows what moving types to the base would save.
func (r *Report) repeatedTable(top int) *grid {
	types := r.RepeatedTypes()
	g := &grid{title: title("Own types of several modules", len(types), top), texts: 2, head: []string{"kind", "name", "modules", "bytes", "saved in the base"}}
	for _, t := range types[:first(len(types), top)] {
		name := t.Name
		if name == "" {
			name = "(anon)"
		}
		g.rows = append(g.rows, []string{t.Kind, name, number.Grouped(t.Modules), number.Grouped(t.Bytes), number.Grouped(t.Saved)})
	}
	all := r.Repeated.Types
	g.foot = []string{number.Grouped(all.Count) + " in all", "", "", number.Grouped(all.Bytes), number.Grouped(all.Saved)}
	return g
}

// failedTable says what is missing in the sums.
func (r *Report) failedTable(top int) *grid {
	g := &grid{title: title("Not measured", r.Total.Failed, top), texts: 2, head: []string{"module", "why"}}
	for i := range r.Modules {
		if m := &r.Modules[i]; m.Error != "" && len(g.rows) < first(r.Total.Failed, top) {
			g.rows = append(g.rows, []string{m.Path, strings.TrimPrefix(m.Error, m.Path+": ")})
		}
	}
	return g
}

// features returns the names of the features whose costs are known.
func (r *Report) features() []string { return slices.Sorted(maps.Keys(r.Total.Costs)) }
