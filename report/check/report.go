package check

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/escape"
)

// Schema names the form of a report in JSON. It changes when a field changes its
// meaning or goes; fields may be added.
const Schema = "gobtfenc-check/1"

// Report is what there is to say of all files.
type Report struct {
	Schema string   `json:"schema"`
	Base   string   `json:"base"`   // path, empty for none
	Kernel string   `json:"kernel"` // X.Y whose rules they are, empty for the newest
	Files  []Result `json:"files"`
	Count  Count    `json:"count"`
}

// Count counts files.
type Count struct {
	Good    int `json:"good"`
	Refused int `json:"refused"`
	Failed  int `json:"failed"` // could not be read
	NoBTF   int `json:"no_btf"`
	Bytes   int `json:"bytes"` // of BTF, of all files
}

// NewReport counts what is in results.
func NewReport(base, kernel string, results []Result) *Report {
	r := &Report{Schema: Schema, Base: base, Kernel: kernel, Files: results}
	for i := range results {
		f := &results[i]
		r.Count.Bytes += f.Bytes
		switch {
		case f.Error != "":
			r.Count.Failed++
		case f.NoBTF:
			r.Count.NoBTF++
		case len(f.Findings) > 0:
			r.Count.Refused++
		default:
			r.Count.Good++
		}
	}
	return r
}

// JSON writes the report in JSON.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "\t")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Text writes what was found, fit for a terminal: a line for each finding, below
// it what the kernel or libbpf says.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	for i := range r.Files {
		for _, f := range r.Files[i].Findings {
			fmt.Fprintf(&b, "%s: %s\n", escape.Terminal(r.Files[i].Path), f.String())
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// String is the finding without the file it was found in, fit for a terminal. What
// the kernel or libbpf logs has lines of its own.
func (f *Finding) String() string {
	if len(f.Log) == 0 {
		return f.place() + ": " + escape.Terminal(f.label()+f.Message)
	}
	var b strings.Builder
	b.WriteString(f.place() + ":")
	for _, line := range f.Log {
		// The kernel's tab in front of an item is kept.
		indent := line[:len(line)-len(strings.TrimLeft(line, "\t "))]
		b.WriteString("\n\t" + indent + escape.Terminal(line[len(indent):]))
	}
	return b.String()
}

// Error is String in one line, as errors are.
func (f *Finding) Error() string {
	if len(f.Log) == 0 {
		return f.String()
	}
	lines := make([]string, len(f.Log))
	for i, line := range f.Log {
		lines[i] = escape.Terminal(strings.TrimLeft(line, "\t "))
	}
	return f.place() + ": " + strings.Join(lines, "; ")
}

// place says where it is and who refuses.
func (f *Finding) place() string {
	if f.Offset == 0 {
		return f.Section + ": " + f.verdict()
	}
	return fmt.Sprintf("%s, offset %#x: %s", f.Section, f.Offset, f.verdict())
}

// verdict says in words who refuses.
func (f *Finding) verdict() string {
	switch f.By {
	case ByBase:
		return "not of this base"
	case ByRelocation:
		return "no way to this base"
	}
	return "refused by " + string(f.By)
}

// label names the type, empty where it is none.
func (f *Finding) label() string {
	if f.Kind == "" || f.By == ByRelocation { // whose message has it
		return ""
	}
	s := fmt.Sprintf("[%d] %s", f.ID, f.Kind)
	if f.Name != "" {
		s += " " + f.Name
	}
	if f.Item != nil {
		s += fmt.Sprintf(" item %d", *f.Item)
	}
	return s + ": "
}
