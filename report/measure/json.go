package measure

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// WriteJSON writes the whole of r as one line of JSON, as ReadReport reads it.
// docs/measure.md describes it.
func (r *Report) WriteJSON(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

// ReadReport reads the JSON form of a Report. The order of things, and what
// follows from the modules, is as it stands there: a Merger makes both anew.
func ReadReport(data []byte) (*Report, error) {
	var r Report
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("not a report: %w", err)
	}
	if r.Version != Version {
		return nil, fmt.Errorf("report of version %d; %d is what can be read", r.Version, Version)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return &r, nil
}

// check looks whether what a Report refers to is there.
func (r *Report) check() error {
	for i := range r.Modules {
		m := &r.Modules[i]
		switch {
		case m.Error == "" && m.Own() == nil:
			return fmt.Errorf("module %d (%q): neither a size nor an error", i, m.Path)
		case slices.ContainsFunc(m.Types, func(n uint32) bool { return int(n) >= len(r.Types) }):
			return fmt.Errorf("module %d (%q): type beyond the last of %d", i, m.Path, len(r.Types))
		case slices.ContainsFunc(m.Strings, func(n uint32) bool { return int(n) >= len(r.Strings) }):
			return fmt.Errorf("module %d (%q): string beyond the last of %d", i, m.Path, len(r.Strings))
		}
	}
	return nil
}
