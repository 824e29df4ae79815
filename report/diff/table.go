package diff

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/number"
)

// table is numbers and, in its last column, what they are of.
type table struct {
	title string
	head  []string
	rows  [][]string
}

// tables returns what there is to say of all modules together.
func (r *Report) tables(top int) []table {
	var all []table
	if len(r.Causes) > 0 && r.Total.Modules > 1 {
		all = append(all, r.causeTable(top))
	}
	if r.Total.Resized > 0 && r.Total.Modules > 1 {
		all = append(all, r.sizeTable(top))
	}
	return all
}

// causeTable has what affects most.
func (r *Report) causeTable(top int) table {
	t := table{title: "Affected", head: []string{"modules", "types", "functions", "exported", "by"}}
	for i := range r.Causes {
		if top > 0 && i == top {
			t.rows = append(t.rows, []string{"", "", "", "", more(len(r.Causes) - top)})
			break
		}
		c := &r.Causes[i]
		row := []string{}
		for _, n := range []int{c.Modules, c.Types, c.Functions, c.Exported} {
			row = append(row, number.Grouped(uint64(n)))
		}
		t.rows = append(t.rows, append(row, c.name()))
	}
	return t
}

// sizeTable has what has grown or shrunk most.
func (r *Report) sizeTable(top int) table {
	var grown []*Module
	for i := range r.Modules {
		if m := &r.Modules[i]; m.resized() {
			grown = append(grown, m)
		}
	}
	slices.SortStableFunc(grown, func(a, b *Module) int {
		return cmp.Compare(max(b.growth(), -b.growth()), max(a.growth(), -a.growth()))
	})
	t := table{title: "Size", head: []string{"old bytes", "new bytes", "growth", "module"}}
	for i, m := range grown {
		if top > 0 && i == top {
			t.rows = append(t.rows, []string{"", "", "", more(len(grown) - top)})
			break
		}
		t.rows = append(t.rows, []string{number.Grouped(m.Old.Bytes), number.Grouped(m.New.Bytes), signed(m.growth()), m.Name})
	}
	return t
}

func more(n int) string { return number.Grouped(uint64(n)) + " more" }

// signed writes a growth with its sign.
func signed(n int64) string {
	if n < 0 {
		return "-" + number.Grouped(uint64(-n))
	}
	return "+" + number.Grouped(uint64(n))
}

// printer keeps the first error of w.
type printer struct {
	w      io.Writer
	escape func(string) string
	err    error
}

func (p *printer) line(format string, args ...any) {
	p.write(p.escape(fmt.Sprintf(format, args...)) + "\n")
}

// write writes what needs no escapes.
func (p *printer) write(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}

// table writes a table for a terminal.
func (p *printer) table(t table) {
	last := len(t.head) - 1
	for _, row := range append([][]string{t.head}, t.rows...) {
		text := ""
		for _, cell := range row[:last] {
			text += fmt.Sprintf("%12s", cell)
		}
		p.line("%s", text+"  "+row[last])
	}
	p.line("")
}

// markdownTable writes a table with a headline.
func (p *printer) markdownTable(t table) {
	last := len(t.head) - 1
	p.write("### " + t.title + "\n\n")
	p.write("| " + strings.Join(t.head, " | ") + " |\n|" + strings.Repeat("---:|", last) + "---|\n")
	for _, row := range t.rows {
		p.write("| " + strings.Join(row[:last], " | ") + " | " + strings.ReplaceAll(p.escape(row[last]), "|", `\|`) + " |\n")
	}
	p.write("\n")
}
