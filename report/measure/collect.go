package measure

import (
	"bytes"
	"strings"
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Collector makes a Report. Any number of goroutines may add to it.
type Collector struct {
	base   *btf.BTF // nil for none
	digest string   // of base, empty for none

	// Of the base's types, by id. The first module that needs them makes them.
	identities func() []Identity

	mu    sync.Mutex
	store store
}

// NewCollector returns a Collector of modules that stand on base, nil for none.
// digest is the hexadecimal SHA-256 of the base's BTF, blob its length in bytes.
func NewCollector(base *btf.BTF, digest string, blob uint64) *Collector {
	c := &Collector{base: base, store: newStore()}
	if base != nil {
		c.digest = digest
		c.store.bases[digest] = Base{Digest: digest, Size: Account(base, blob)}
		c.identities = sync.OnceValue(func() []Identity { return Identify(base, nil) })
	}
	return c
}

// AddOwn adds the BTF of the module at path, which is its own: on top of the
// Collector's base if it has one. blob is its length in bytes, shipped that of
// the .BTF in the file.
func (c *Collector) AddOwn(path, source string, b *btf.BTF, blob, shipped uint64) {
	size := Account(b, blob)
	var split, alone *Size
	switch {
	case b.Base == nil:
		alone = &size
	case source == SourceBTF:
		least := Least(b)
		split, alone = &size, &least
	default:
		split = &size
	}
	types, names := c.ownTypes(b), ownStrings(b)
	c.with(path, func(m *Module) {
		m.Source, m.Shipped, m.Split, m.Alone = source, shipped, split, alone
		m.Types, m.Strings = c.store.types.of(types), c.store.strings.of(names)
	})
}

// AddAlone adds what was made of the DWARF of the module at path without a base.
func (c *Collector) AddAlone(path string, b *btf.BTF, blob uint64) {
	size := Account(b, blob)
	c.with(path, func(m *Module) { m.Alone = &size })
}

// AddCost adds by how many bytes feature makes the BTF of the module at path
// larger.
func (c *Collector) AddCost(path, feature string, bytes int64) {
	c.with(path, func(m *Module) {
		if m.Costs == nil {
			m.Costs = map[string]int64{}
		}
		m.Costs[feature] = bytes
	})
}

// AddError says why the module at path was not measured.
func (c *Collector) AddError(path string, err error) {
	c.with(path, func(m *Module) {
		*m = Module{Path: m.Path, Base: c.digest, Error: valid(err.Error())}
	})
}

// with calls f with the module at path, one call at a time. What was measured of
// a module that has an error is not kept.
func (c *Collector) with(path string, f func(*Module)) {
	path = valid(path)
	c.mu.Lock()
	defer c.mu.Unlock()
	key := moduleKey{path, c.digest}
	m := c.store.modules[key]
	if m == nil {
		m = &Module{Path: path, Base: c.digest}
		c.store.modules[key] = m
	}
	if m.Error == "" {
		f(m)
	}
}

// Report returns what was collected.
func (c *Collector) Report() *Report { return c.store.report() }

// movable reports whether a type of the kind could as well be another module's
// or the base's.
func movable(k btf.Kind) bool {
	switch k {
	case btf.KindVoid, btf.KindFunc, btf.KindVar, btf.KindDatasec, btf.KindDeclTag:
		return false
	}
	return true
}

// ownTypes returns b's own types as they go into a Report.
func (c *Collector) ownTypes(b *btf.BTF) []Type {
	var base []Identity
	if b.Base != nil {
		base = c.baseIdentities(b.Base)
	}
	ids := Identify(b, base)
	var types []Type
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		r := b.Row(id)
		if kind := r.Info.Kind(); movable(kind) {
			types = append(types, Type{ID: ids[id-b.Start], Kind: kindName(kind), Name: valid(b.Name(id)), Bytes: uint64(r.WireLen())})
		}
	}
	return types
}

// baseIdentities returns the identities of a base's types: the Collector's, or
// the distilled one that a module carries.
func (c *Collector) baseIdentities(base *btf.BTF) []Identity {
	if base == c.base {
		return c.identities()
	}
	return Identify(base, nil)
}

// ownStrings returns b's own strings, but for the empty one.
func ownStrings(b *btf.BTF) []string {
	var all []string
	for s := range bytes.SplitSeq(b.Strs, []byte{0}) {
		if len(s) > 0 {
			all = append(all, valid(s))
		}
	}
	return all
}

// valid is s as it goes into a Report, which is JSON: valid UTF-8.
func valid[S string | []byte](s S) string { return strings.ToValidUTF8(string(s), "\ufffd") }
