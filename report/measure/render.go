package measure

import (
	"fmt"
	"io"

	"github.com/gobtfenc/gobtfenc/internal/escape"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// WriteText writes tables for a terminal: of the top largest modules, of the
// kinds, of the types that most would be saved of; top 0 stands for all.
func (r *Report) WriteText(w io.Writer, top int) error {
	for i, t := range r.tables(top) {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		out := t.writer(escape.Terminal)
		out.SetStyle(terminalStyle)
		out.SuppressTrailingSpaces()
		if _, err := fmt.Fprintf(w, "%s\n%s\n", t.title, out.Render()); err != nil {
			return err
		}
	}
	return nil
}

// terminalStyle has no lines: columns apart by two blanks.
var terminalStyle = table.Style{
	Box:     table.BoxStyle{PaddingRight: "  "},
	Format:  table.FormatOptions{Header: text.FormatDefault, Footer: text.FormatDefault},
	Options: table.OptionsNoBordersAndSeparators,
}

// WriteMarkdown writes the tables of WriteText as GitHub's Markdown, fit for a
// pull request or a job's summary.
func (r *Report) WriteMarkdown(w io.Writer, top int) error {
	for i, t := range r.tables(top) {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(w, "### %s\n\n%s\n", t.title, t.writer(escape.Markdown).RenderMarkdown()); err != nil {
			return err
		}
	}
	return nil
}

// grid is a table. Its first columns are text, the others numbers.
type grid struct {
	title string
	texts int // how many columns are text
	head  []string
	rows  [][]string
	foot  []string // nil for none
}

// writer returns g with each cell that is text as escape makes it.
func (g *grid) writer(escape func(string) string) table.Writer {
	out := table.NewWriter()
	var columns []table.ColumnConfig
	for i := g.texts; i < len(g.head); i++ {
		columns = append(columns, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight, AlignFooter: text.AlignRight})
	}
	out.SetColumnConfigs(columns)
	row := func(cells []string) table.Row {
		var all table.Row
		for i, c := range cells {
			if i < g.texts {
				c = escape(c)
			}
			all = append(all, c)
		}
		return all
	}
	out.AppendHeader(row(g.head))
	for _, cells := range g.rows {
		out.AppendRow(row(cells))
	}
	if g.foot != nil {
		out.AppendFooter(row(g.foot))
	}
	return out
}
