// Package explain tells why types of a module are its own and not the base's.
//
// A type is shared with the base if it is the same there, with all that it refers
// to. So one difference keeps many types from being shared:
//
//	the base:  struct wdev;                       a module:  struct wdev { int id; };
//	           struct net { struct wdev *w; };               struct net { struct wdev *w; };
//	           struct buf { struct net *dev; };              struct buf { struct net *dev; };
//
// Three structs are the module's own here, and the cause of all three is that the
// base has struct wdev only declared. What is asked of a type is answered by the
// way from it to such a cause (report/diff, Namesakes), and what is asked of a
// module by its causes and by how many bytes hang on each (hang.go).
//
// Own types that the base has none of by kind and name need no cause. Those that it
// has in the same shape should not be there; encoders have left such.
package explain

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/report/diff"
)

// Input is a file that is to be explained.
type Input struct {
	Path   string
	Source string   // SourceDWARF or SourceBTF
	BTF    *btf.BTF // on a base
	Bytes  uint64   // of BTF

	// Functions are the names of functions that have no BTF.
	Functions []string

	// Function tells of the functions of a name, with the reason why they would
	// have no BTF; nil where nobody knows.
	Function func(name string) (*Function, error)
}

// Explainer explains modules. It is safe for concurrent use.
type Explainer struct{ comparer *diff.Comparer }

// New returns an Explainer of modules that stand on base. Those with another one
// are explained as well.
func New(base *btf.BTF) *Explainer { return &Explainer{diff.NewComparer(base, nil)} }

// module is what is found out of one.
type module struct {
	*Input
	names   *diff.Namesakes
	states  []state // of own types, from BTF.First on
	causes  []Cause
	causeOf map[btf.ID]int // index in causes of the own type that a way ends with
	room    int            // bytes that words for differences may still take
}

func (e *Explainer) module(in *Input) *module {
	m := &module{Input: in, names: e.comparer.Namesakes(in.BTF), causeOf: map[btf.ID]int{}, room: maxText}
	m.states = make([]state, in.BTF.NumOwn())
	m.findCauses()
	m.hang()
	return m
}

// Module says what the own types of a module are, and why.
func (e *Explainer) Module(in *Input) *Report {
	m := e.module(in)
	r := m.report()
	for id := range in.BTF.OwnIDs() {
		if base, same := m.names.InBase(id); same {
			r.Copies = append(r.Copies, m.sharedType(id, base))
		}
	}
	r.Causes = slices.Clone(m.causes)
	slices.SortStableFunc(r.Causes, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.Types, a.Types), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return r
}

// report returns what a Report says of the whole file.
func (m *module) report() *Report {
	r := &Report{Version: Version, Path: m.Path, Source: m.Source, Bytes: m.Bytes, Types: m.BTF.NumOwn()}
	for id := range m.BTF.OwnIDs() {
		size := uint64(m.BTF.Row(id).WireLen())
		switch s := m.of(id); {
		case s.what == isShared:
		case m.names.Repeats(id):
			r.Repeats++
		case s.what == isOwn:
			r.Own.add(size)
		case s.what == hangs:
			r.Hanging.add(size)
		}
	}
	return r
}

func (m *module) sharedType(own, base btf.ID) Shared {
	return Shared{ID: uint32(own), Base: uint32(base), What: diff.Describe(m.BTF, own)}
}

// Name says what a module has by a name, which may have the word of its kind
// before it or () behind it. Where it has nothing of that name, neither Asked nor
// the base's types are in the Report, but names that are near.
func (e *Explainer) Name(in *Input, name string) (*Report, error) {
	m := e.module(in)
	r := m.report()
	r.Name = name
	q := newQuery(name)
	for id := range in.BTF.AllIDs() {
		if !q.asks(in.BTF, id) {
			continue
		}
		if id < in.BTF.First() {
			r.InBase = append(r.InBase, Candidate{ID: uint32(id), What: diff.Describe(in.BTF, id)})
			continue
		}
		r.Asked = append(r.Asked, m.asked(id))
	}
	if len(r.Asked) > 0 {
		r.InBase = nil // but for the candidates
	}
	if err := r.addFunction(in, q); err != nil {
		return nil, err
	}
	if !r.Found() {
		r.Near = q.near(in)
	}
	return r, nil
}

// addFunction adds what there is of a function, if one is meant.
func (r *Report) addFunction(in *Input, q query) error {
	hasBTF := slices.ContainsFunc(r.Asked, func(a Asked) bool { return a.Kind == kindFunction })
	if in.Function == nil || q.kind != "" && q.kind != kindFunction {
		return nil
	}
	f, err := in.Function(q.name)
	if err != nil {
		return err
	}
	r.Elsewhere = f.Elsewhere
	if f.isEmpty() {
		return nil
	}
	if hasBTF {
		f.Reason = ""
	}
	r.Function = f
	return nil
}

// asked says what there is to say of an own type.
func (m *module) asked(id btf.ID) Asked {
	kind, _ := diff.Name(m.BTF, id)
	a := Asked{ID: uint32(id), Kind: kind, What: diff.Describe(m.BTF, id), Bytes: uint64(m.BTF.Row(id).WireLen())}
	if base, same := m.names.InBase(id); same {
		s := m.sharedType(id, base)
		a.Same = &s
		return a
	}
	for _, base := range m.names.Of(id) {
		w := m.names.Way(base, id)
		a.Candidates = append(a.Candidates, Candidate{
			ID: uint32(base), What: diff.Describe(m.BTF, base),
			Path: w.Words, Differences: m.differences(w),
		})
	}
	if s := m.of(id); s.what == hangs {
		c := m.causes[s.cause]
		a.Cause = &c
	}
	return a
}

// kindFunction is what report/diff calls the kind of functions.
const kindFunction = "function"

// query is a name as it was asked for.
type query struct{ kind, name string }

func newQuery(s string) query {
	if name, ok := strings.CutSuffix(s, "()"); ok {
		return query{kindFunction, name}
	}
	for _, kind := range []string{"struct", "union", "enum", "typedef"} {
		if name, ok := strings.CutPrefix(s, kind+" "); ok {
			return query{kind, name}
		}
	}
	return query{name: s}
}

// asks reports whether id is meant, which has a name as a type or a function.
func (q query) asks(b *btf.BTF, id btf.ID) bool {
	if string(b.Name(id)) != q.name || q.name == "" {
		return false
	}
	kind, _ := diff.Name(b, id)
	if kind != kindFunction && !diff.IsType(b, id) {
		return false
	}
	return q.kind == "" || q.kind == kind
}

// maxNear is how many names that are near are told.
const maxNear = 8

// near returns names of the module that have the one asked for in them, or begin
// as it does.
func (q query) near(in *Input) []string {
	found := map[string]bool{}
	asked := strings.ToLower(q.name)
	begin := asked[:len(asked)*2/3]
	consider := func(name string) {
		low := strings.ToLower(name)
		if asked != "" && (strings.Contains(low, asked) || begin != "" && strings.HasPrefix(low, begin)) {
			found[name] = true
		}
	}
	for id := range in.BTF.OwnIDs() {
		if kind, name := diff.Name(in.BTF, id); kind == kindFunction || diff.IsType(in.BTF, id) {
			consider(name)
		}
	}
	for _, name := range in.Functions {
		consider(name)
	}
	all := make([]string, 0, len(found))
	for name := range found {
		all = append(all, name)
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return all[:min(len(all), maxNear)]
}
