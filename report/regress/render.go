package regress

import (
	"fmt"
	"io"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/escape"
	"github.com/gobtfenc/gobtfenc/internal/number"
)

// WriteMarkdown writes r in a few lines of GitHub's Markdown, with top findings at
// most, 0 for all.
func (r *Report) WriteMarkdown(w io.Writer, top int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### BTF: %s\n\n%s\n", r.verdict(), r.totals())
	shown := 0
	for i := range r.Findings {
		f := &r.Findings[i]
		if top > 0 && shown == top {
			fmt.Fprintf(&b, "- %s more\n", number.Grouped(uint64(len(r.Findings)-shown)))
			break
		}
		if shown++; shown == 1 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "- %s\n", escape.Markdown(f.text()))
		for _, d := range f.Details {
			fmt.Fprintf(&b, "  - %s\n", escape.Markdown(d))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// verdict is the outcome in words.
func (r *Report) verdict() string {
	allowed := len(r.Findings) - r.Worse()
	text := "nothing is worse"
	if n := r.Worse(); n > 0 {
		text = number.Plural(n, "finding", "findings")
	}
	if allowed > 0 {
		text += ", " + number.Grouped(uint64(allowed)) + " more with leave"
	}
	return text
}

// totals says how many modules there are, and how large.
func (r *Report) totals() string {
	return fmt.Sprintf("%s, %s of them new; %s -> %s bytes of BTF in the others.",
		number.Plural(len(r.Modules), "module", "modules"), number.Grouped(uint64(len(r.New))), number.Grouped(r.OldBytes), number.Grouped(r.NewBytes))
}

// text says what is worse, in one line.
func (f *Finding) text() string {
	module := f.Module
	if module == "" {
		module = "all modules"
	}
	text := module + ": "
	switch {
	case f.What != "":
		text += f.What + " is " + string(f.Rule)
	case f.Rule == Lost:
		text += "is lost"
	case f.Rule == Failed:
		text += "could not be encoded"
	case f.Rule == Grown:
		text += "has grown beyond the budget"
	case f.Rule == Copied:
		text += "has types that are there already"
	case f.Rule == Invalid:
		text += "a kernel would refuse it"
	}
	if f.Allowed {
		text += " (with leave)"
	}
	return text
}
