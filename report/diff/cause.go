package diff

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btf/colour"
)

// step is the first step of the shortest way from a type to what is changed.
type step struct {
	length int // 0: it is changed itself
	ref    int // the index in refs of where the way goes
}

// findWays finds the ways of old types that are not the same. Each round knows
// the ways that are longer by one.
func (c *comparison) findWays() {
	c.ways = map[btf.ID]step{}
	for id, changed := range c.changed {
		if changed {
			c.ways[id] = step{}
		}
	}
	for length := 1; length <= colour.Rounds; length++ {
		for _, id := range c.onlyOld {
			canon := c.old.canon(id)
			if _, known := c.ways[canon]; known {
				continue
			}
			for i, ref := range refs(c.old.BTF, id) {
				if s, ok := c.way(ref); ok && s.length == length-1 {
					c.ways[canon] = step{length, i}
					break
				}
			}
		}
	}
}

// way returns the step from an old type, the base's included.
func (c *comparison) way(id btf.ID) (step, bool) {
	id = c.old.canon(id)
	for ; c != nil; c = c.below {
		if s, ok := c.ways[id]; ok {
			return s, true
		}
	}
	return step{}, false
}

// path returns the way from an affected type in words: names of types, and
// between them the members and parameters that lead on. It is empty for none.
func (c *comparison) path(id btf.ID) (words []string, inBase bool) {
	for range colour.Rounds + 1 {
		s, ok := c.way(id)
		if !ok {
			return nil, false
		}
		if k := keyOf(c.old.BTF, id); s.length == 0 || k.kind != unnamed {
			words = append(words, k.String())
		}
		if s.length == 0 {
			return words, !c.old.isOwn(c.old.canon(id))
		}
		if label := refLabel(c.old.BTF, id, s.ref); label != "" {
			words = append(words, label)
		}
		id = refs(c.old.BTF, id)[s.ref]
	}
	return nil, false
}

// refLabel names the ref'th of what a type refers to; empty for what has nothing
// to tell.
func refLabel(b *btf.BTF, id btf.ID, ref int) string {
	r := b.Row(id)
	items := b.ItemsOf(id)
	switch r.Info.Kind() {
	case btf.KindStruct, btf.KindUnion:
		return str(b, btf.StrOff(items[ref].Name))
	case btf.KindFuncProto:
		if ref == 0 {
			return "return type"
		}
		return paramLabel(b, items, ref-1)
	}
	return ""
}

func paramLabel(b *btf.BTF, items []btf.Item, i int) string {
	label := "parameter " + strconv.Itoa(i+1)
	if name := str(b, btf.StrOff(items[i].Name)); name != "" {
		label += " " + name
	}
	return label
}

// source is what a Cause is about.
type source struct {
	name   string
	inBase bool
}

// tally counts causes.
type tally map[source]*Cause

func (t tally) of(s source) *Cause {
	if t[s] == nil {
		t[s] = &Cause{Name: s.name, InBase: s.inBase}
	}
	return t[s]
}

// sorted returns what was counted, what most comes to first.
func (t tally) sorted() []Cause {
	all := make([]Cause, 0, len(t))
	for _, c := range t {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Cause) int {
		inBase := 0
		if a.InBase != b.InBase {
			inBase = 1
			if b.InBase {
				inBase = -1
			}
		}
		return cmp.Or(cmp.Compare(b.Functions, a.Functions), cmp.Compare(b.Types, a.Types), cmp.Compare(a.Name, b.Name), inBase)
	})
	return all
}

// causesOf counts what a module's affected types and functions come to.
func causesOf(all []Difference) []Cause {
	t := tally{}
	for i := range all {
		d := &all[i]
		if len(d.Path) == 0 {
			continue
		}
		c := t.of(source{d.Path[len(d.Path)-1], d.inBase})
		c.Modules = 1
		switch {
		case d.Kind != "function":
			c.Types++
		case d.Exported:
			c.Exported++
			fallthrough
		default:
			c.Functions++
		}
	}
	return t.sorted()
}

// sumCauses adds up those of all modules.
func sumCauses(modules []Module) []Cause {
	t := tally{}
	for i := range modules {
		for _, c := range modules[i].Causes {
			sum := t.of(source{c.Name, c.InBase})
			sum.Modules += c.Modules
			sum.Types += c.Types
			sum.Functions += c.Functions
			sum.Exported += c.Exported
		}
	}
	return t.sorted()
}
