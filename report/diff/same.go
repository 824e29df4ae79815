package diff

import (
	"bytes"

	"github.com/gobtfenc/gobtfenc/btf"
)

// A comparison looks at minSteps types and members, and stepsPerRecord more for
// each that there is on either side; two kernels take less than one for each. A
// struct may hold nameless ones that double from one to the next. Beyond it, types
// that are not the same count as changed, and are not gone into.
const (
	minSteps       = 1 << 16
	stepsPerRecord = 4
)

// take takes n steps, and reports whether there were so many left.
func (c *comparison) take(n int) bool {
	c.steps -= n
	return c.steps >= 0
}

type idPair struct{ old, new btf.ID }

// sameInItself reports whether two types are the same down to the names that
// they refer to, and these are partners.
func (c *comparison) sameInItself(old, new btf.ID) bool {
	seen := map[idPair]bool{{old, new}: true}
	for open := []idPair{{old, new}}; len(open) > 0; {
		p := open[len(open)-1]
		open = open[:len(open)-1]
		if !c.sameRow(p.old, p.new) {
			return false
		}
		x, y := refs(c.old.BTF, p.old), refs(c.new.BTF, p.new)
		for i := range x {
			next := idPair{x[i], y[i]}
			if c.sameName(x[i], y[i]) || seen[next] {
				continue
			}
			if isNamed(c.old.Row(x[i])) || isNamed(c.new.Row(y[i])) || !c.take(1) {
				return false
			}
			seen[next] = true
			open = append(open, next)
		}
	}
	return true
}

// sameName reports whether two types are the same, or partners, or neither of
// these for want of a name.
func (c *comparison) sameName(old, new btf.ID) bool {
	if old == 0 || new == 0 {
		return old == new
	}
	if c.old.colours.Colour(old) == c.new.colours.Colour(new) {
		return true
	}
	if c.byName {
		return haveOneKey(c.old.BTF, old, c.new.BTF, new)
	}
	partner, ok := c.newOf(old)
	return ok && partner == c.new.canon(new)
}

// haveOneKey reports whether two types have a name, and are of one key.
func haveOneKey(a *btf.BTF, x btf.ID, b *btf.BTF, y btf.ID) bool {
	kind := kindOf(a.Row(x))
	return kind != "" && kind == kindOf(b.Row(y)) && bytes.Equal(a.Name(x), b.Name(y))
}

// sameReference is sameName, or for want of names sameInItself.
func (c *comparison) sameReference(old, new btf.ID) bool {
	return c.sameName(old, new) || old != 0 && new != 0 &&
		!isNamed(c.old.Row(old)) && !isNamed(c.new.Row(new)) && c.sameInItself(old, new)
}

// sameRow reports whether two types are the same but for what they refer to,
// of which they have equally much.
func (c *comparison) sameRow(old, new btf.ID) bool {
	r, q := c.old.Row(old), c.new.Row(new)
	s := btf.Shapes[r.Info.Kind()]
	if r.Info != q.Info || string(c.old.Name(old)) != string(c.new.Name(new)) ||
		!s.TypeIsRef && r.Type != q.Type || !s.HasItems && r.Aux != q.Aux {
		return false
	}
	a, b := c.old.ItemsOf(old), c.new.ItemsOf(new)
	for i := range a {
		x, y := &a[i], &b[i]
		if x.Val != y.Val || !s.ItemTypeRef && x.Type != y.Type ||
			s.ItemNameStr && !c.sameStr(x.Name, y.Name) ||
			!s.ItemNameStr && !s.ItemNameRef && x.Name != y.Name {
			return false
		}
	}
	return true
}

func (c *comparison) sameStr(old, new uint32) bool {
	x, _ := c.old.Str(btf.StrOff(old))
	y, _ := c.new.Str(btf.StrOff(new))
	return string(x) == string(y)
}
