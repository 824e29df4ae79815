package diff

import (
	"cmp"
	"slices"
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
)

// maxText bounds the words for one module, in bytes. A file can have a million
// functions of one long prototype; two kernels take some 20 MB.
const maxText = 256 << 20

// teller gathers differences.
type teller struct {
	*comparison
	exported func(name string) bool
	all      []Difference
	room     int // bytes that may still be taken
}

// differences returns what there is to say of the two, in order; false where that
// is too much.
func (c *comparison) differences(old, new *Input) ([]Difference, bool) {
	oldExports, newExports := sync.OnceValue(old.Exports), sync.OnceValue(new.Exports)
	t := teller{comparison: c, room: maxText, exported: func(name string) bool { return oldExports()[name] || newExports()[name] }}
	t.tellOld()
	t.tellNew()
	slices.SortStableFunc(t.all, compareDifferences)
	return t.all, t.room >= 0
}

// tellOld tells of what is removed, and of the old types that have partners.
func (t *teller) tellOld() {
	for _, id := range t.oldEntities {
		d := Difference{Change: Removed, Old: describe(t.old.BTF, id)}
		if partner, ok := t.newOf(id); ok {
			d = t.pair(id, partner)
		}
		if !t.add(keyOf(t.old.BTF, id), d) {
			return
		}
	}
}

// tellNew tells of what is added, and of the new types whose partners are in the
// old base.
func (t *teller) tellNew() {
	told := map[btf.ID]bool{}
	for _, id := range t.oldEntities {
		if partner, ok := t.newOf(id); ok {
			told[partner] = true
		}
	}
	for _, id := range t.newEntities {
		if told[t.new.canon(id)] {
			continue
		}
		d := Difference{Change: Added, New: describe(t.new.BTF, id)}
		if partner, ok := t.oldOf(id); ok {
			d = t.pair(partner, id)
		}
		if !t.add(keyOf(t.new.BTF, id), d) {
			return
		}
	}
}

// add adds what differs in the type of a key. It reports false where that is too
// much.
func (t *teller) add(k key, d Difference) bool {
	d.Kind, d.Name = k.kind, k.name
	if k.kind == unnamed && d.Change != Affected {
		d.Change = Unnamed
	}
	d.Exported = k.kind == "function" && t.exported(k.name)
	t.room -= d.length()
	t.all = append(t.all, d)
	return t.room >= 0
}

// length returns how many bytes d takes.
func (d *Difference) length() int {
	n := len(d.Name) + len(d.Old) + len(d.New)
	for _, t := range d.Details {
		n += len(t.What) + len(t.Old) + len(t.New)
	}
	for _, s := range d.Path {
		n += len(s)
	}
	return n
}

// pair returns what partners differ in.
func (c *comparison) pair(old, new btf.ID) Difference {
	d := Difference{Change: Changed, New: describe(c.new.BTF, new)}
	if c.sameInItself(old, new) {
		d.Change = Affected
		d.Path, d.inBase = c.path(old)
		return d
	}
	d.Old, d.Details = describe(c.old.BTF, old), c.details(old, new)
	return d
}

// ranks is the order in which a report has changes and kinds.
var (
	changeRanks = []Change{Removed, Added, Changed, Unnamed, Affected}
	kindRanks   = []string{"struct", "union", "enum", "typedef", "number", "function", "variable", "section", "tag", unnamed}
)

func compareDifferences(a, b Difference) int {
	return cmp.Or(
		cmp.Compare(slices.Index(changeRanks, a.Change), slices.Index(changeRanks, b.Change)),
		cmp.Compare(slices.Index(kindRanks, a.Kind), slices.Index(kindRanks, b.Kind)),
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New),
		slices.CompareFunc(a.Details, b.Details, compareDetails),
		slices.Compare(a.Path, b.Path))
}

func compareDetails(a, b Detail) int {
	return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New))
}
