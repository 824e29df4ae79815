package measure

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Merger makes one report of several: of all modules that are in any of them. The
// order in which reports are added does not matter, and neither does it whether
// parts were merged before or are added twice. A module that one report has and
// another failed to measure is taken from the first.
type Merger struct{ store }

// NewMerger returns a Merger of no report.
func NewMerger() *Merger { return &Merger{newStore()} }

// Add adds r. It is an error if r and another report say different things of one
// module on one base, or of one base.
func (m *Merger) Add(r *Report) error {
	for _, b := range r.Bases {
		if other, ok := m.bases[b.Digest]; ok && !reflect.DeepEqual(other, b) {
			return fmt.Errorf("base %s: two reports differ", b.Digest)
		}
		m.bases[b.Digest] = b
	}
	for _, module := range r.Modules {
		module.Types = m.types.of(picked(r.Types, module.Types))
		module.Strings = m.strings.of(picked(r.Strings, module.Strings))
		if err := m.addModule(&module); err != nil {
			return err
		}
	}
	return nil
}

// picked returns the things that are at indexes in all.
func picked[K any](all []K, indexes []uint32) []K {
	out := make([]K, len(indexes))
	for i, n := range indexes {
		out[i] = all[n]
	}
	return out
}

func (m *Merger) addModule(module *Module) error {
	key := moduleKey{module.Path, module.Base}
	other, ok := m.modules[key]
	if ok {
		var err error
		if module, err = better(module, other); err != nil {
			return err
		}
	}
	m.modules[key] = module
	return nil
}

// better returns what is to be taken of two reports about one module.
func better(a, b *Module) (*Module, error) {
	switch {
	case a.Error != "" && b.Error != "":
		return slices.MinFunc([]*Module{a, b}, func(a, b *Module) int { return strings.Compare(a.Error, b.Error) }), nil
	case a.Error != "":
		return b, nil
	case b.Error != "":
		return a, nil
	case !reflect.DeepEqual(a, b):
		return nil, fmt.Errorf("%s: two reports differ", a.Path)
	}
	return a, nil
}

// Report returns the report of all that was added.
func (m *Merger) Report() *Report { return m.report() }
