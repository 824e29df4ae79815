package splitdedup

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// textBase is a base in text form, nil where the case stands alone.
func textBase(t testing.TB, text string) *btf.BTF {
	t.Helper()
	if strings.TrimSpace(text) == "" {
		return nil
	}
	b := btftest.MustParse(t, text, nil)
	checkRefs(t, b)
	return b
}

// textUnit is a unit in text form: ids from 1 on, its own strings.
func textUnit(t testing.TB, text string) *btf.BTF {
	t.Helper()
	b := btftest.MustParse(t, text, nil)
	checkRefs(t, b)
	return b
}

// checkRefs catches a slip in a case: a text may name ids that do not exist.
func checkRefs(t testing.TB, b *btf.BTF) {
	t.Helper()
	bad := func(id uint32) {
		if int(id) >= b.NumTypes() {
			t.Fatalf("the case refers to type %d of %d:\n%s", id, b.NumTypes()-1, btftest.Text(b))
		}
	}
	for i := range b.Types.Rows {
		r := &b.Types.Rows[i]
		s := btf.Shapes[r.Info.Kind()]
		if s.TypeIsRef {
			bad(r.Type)
		}
		for _, it := range b.Types.ItemsOf(r) {
			if s.ItemTypeRef {
				bad(it.Type)
			}
			if s.ItemNameRef {
				bad(it.Name)
			}
		}
	}
}

// a run adds units to one module.
type run struct {
	base *btf.BTF // nil for none
	on   *Base
	m    *Module
	strs *btf.Strings
}

// newRun prepares a module on top of base. With collide all signatures are
// equal.
func newRun(t testing.TB, base *btf.BTF, collide bool) *run {
	t.Helper()
	on := noBase(collide)
	if base != nil {
		var err error
		if on, err = newBase(&base.Types, base.Strs, collide); err != nil {
			t.Fatal(err)
		}
	}
	r := &run{base: base, on: on, m: NewModule(), strs: btf.NewStrings(on.Strings())}
	r.m.Reset(on)
	return r
}

// rename returns the types of u with its names interned into the module's.
func (r *run) rename(u *btf.BTF) *btf.Types {
	t := &btf.Types{Rows: slices.Clone(u.Types.Rows), Items: slices.Clone(u.Types.Items)}
	name := func(off uint32) uint32 {
		s, ok := u.Str(btf.StrOff(off))
		if !ok {
			panic(fmt.Sprintf("no string at %#x", off))
		}
		return uint32(r.strs.Intern(s))
	}
	for i := range t.Rows {
		row := &t.Rows[i]
		row.Name = btf.StrOff(name(uint32(row.Name)))
		if btf.Shapes[row.Info.Kind()].ItemNameStr {
			items := t.ItemsOf(row)
			for j := range items {
				items[j].Name = name(items[j].Name)
			}
		}
	}
	return t
}

// add adds the types of one unit.
func (r *run) add(t testing.TB, u *btf.BTF) []btf.ID {
	t.Helper()
	canon, err := r.m.AddUnit(r.rename(u))
	if err != nil {
		t.Fatal(err)
	}
	if len(canon) != len(u.Types.Rows) || canon[0] != 0 {
		t.Fatalf("%d canonical ids for %d rows, void is %d", len(canon), len(u.Types.Rows), canon[0])
	}
	for n, id := range canon[1:] {
		if id == 0 || int(id) >= r.m.Len() {
			t.Fatalf("type %d of the unit has canonical id %d of %d", n+1, id, r.m.Len())
		}
	}
	return canon
}

// finish returns the result, read back from the bytes that would be written.
func (r *run) finish(t testing.TB) *btf.BTF {
	t.Helper()
	res, err := r.m.Finish(r.strs)
	if err != nil {
		t.Fatal(err)
	}
	return readBack(t, res, r.base)
}

// readBack reads what would be written. A typedef of itself, which this package
// bears and Parse does not, is taken as it is.
func readBack(t testing.TB, res *Result, base *btf.BTF) *btf.BTF {
	t.Helper()
	b, err := btf.Parse(btf.Append(nil, &res.Types, res.Strings, binary.LittleEndian), base)
	if err != nil && strings.Contains(err.Error(), "in a cycle of typedefs and modifiers") {
		b, err = inMemory(res, base), nil
		checkRefs(t, b)
	}
	if err != nil {
		t.Fatalf("the result does not parse: %v", err)
	}
	if b.Start != res.Start || b.StrStart != res.StrStart {
		t.Fatalf("the result says id %d and string %#x come first, its base says %d and %#x", res.Start, res.StrStart, b.Start, b.StrStart)
	}
	return b
}

// inMemory is the result as a BTF of its own memory.
func inMemory(res *Result, base *btf.BTF) *btf.BTF {
	return &btf.BTF{
		Types: btf.Types{Rows: slices.Clone(res.Types.Rows), Items: slices.Clone(res.Types.Items)}, Start: res.Start,
		Strs: slices.Clone(res.Strings), StrStart: res.StrStart, Base: base, Order: binary.LittleEndian,
	}
}

// dedup is the whole way: units on top of base.
func dedup(t testing.TB, base *btf.BTF, units []*btf.BTF, collide bool) *btf.BTF {
	t.Helper()
	r := newRun(t, base, collide)
	for _, u := range units {
		r.add(t, u)
	}
	return r.finish(t)
}

// onTop returns a result as a unit that can be added to a module on the same
// base: the base's types, then its own.
func onTop(b *btf.BTF) *btf.BTF {
	if b.Base == nil {
		return b
	}
	u := &btf.BTF{Strs: append(slices.Clone(b.Base.Strs), b.Strs...), Order: b.Order}
	u.Types.Rows = append(slices.Clone(b.Base.Types.Rows), b.Types.Rows...)
	u.Types.Items = append(slices.Clone(b.Base.Types.Items), b.Types.Items...)
	for i := len(b.Base.Types.Rows); i < len(u.Types.Rows); i++ {
		if r := &u.Types.Rows[i]; btf.Shapes[r.Info.Kind()].HasItems {
			r.Aux += uint32(len(b.Base.Types.Items))
		}
	}
	return u
}

// sameMeaning compares by meaning; nothing but variables and sections may
// stand twice.
func sameMeaning(t testing.TB, what string, want, got *btf.BTF) {
	t.Helper()
	d := btftest.Compare(want, got)
	once := func(line string) bool {
		return strings.Contains(line, "] VAR ") || strings.Contains(line, "] DATASEC ")
	}
	d.Dup = slices.DeleteFunc(d.Dup, once)
	d.DupInBase = slices.DeleteFunc(d.DupInBase, once)
	if !d.Empty() {
		t.Errorf("%s: %v\ngot:\n%s\nwant:\n%s", what, d, btftest.Text(got), btftest.Text(want))
	}
}

// has reports whether one of the BTFs has a type of one of the kinds.
func has(bs []*btf.BTF, kinds ...btf.Kind) bool {
	for _, b := range bs {
		if b == nil {
			continue
		}
		for i := range b.Types.Rows {
			if slices.Contains(kinds, b.Types.Rows[i].Info.Kind()) {
				return true
			}
		}
	}
	return false
}

// declares reports whether one of the BTFs has a forward declaration, of a
// struct, a union or an enum.
func declares(bs []*btf.BTF) bool {
	for _, b := range bs {
		if b == nil {
			continue
		}
		for i := range b.Types.Rows {
			if r := &b.Types.Rows[i]; isEnum(r) && r.Info.Vlen() == 0 {
				return true
			}
		}
	}
	return has(bs, btf.KindFwd)
}

// exactText is the raw dump, with kind_flag where the dump does not show it.
func exactText(b *btf.BTF) string {
	lines := strings.SplitAfter(btftest.Text(b), "\n")
	id := b.First()
	for i, line := range lines {
		if !strings.HasPrefix(line, "[") {
			continue
		}
		r := b.Row(id)
		shown := slices.ContainsFunc(b.ItemsOf(id), func(it btf.Item) bool { return it.Val>>24 != 0 })
		switch r.Info.Kind() {
		case btf.KindStruct, btf.KindUnion, btf.KindDeclTag, btf.KindTypeTag:
			if r.Info.KindFlag() && !shown {
				lines[i] = strings.TrimSuffix(line, "\n") + " kind_flag=1\n"
			}
		}
		id++
	}
	return strings.Join(lines, "")
}
